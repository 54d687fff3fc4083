import type { ReportDocument } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import { ownerOf } from '@twiin/study-store'
import type { InstanceRecord, StudyRecord } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import { strangerOf } from '../disc/take-in-study.ts'
import type { FileStudy } from '../filing/file-study.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { Person } from '../people/people-file.ts'
import { mostReports, readReport, replacedIn } from './read-report.ts'
import { renderReport, reportText } from './render-report.ts'

export interface ShownReport {
  sopInstanceUid: string
  /** URA of whose copy it is in. */
  holder: string
  title: string
  status: ReportDocument['status']
  /** False of a version that another one here replaces. */
  latest: boolean
  date: string
  author: string
  text: string
  pdf: string | null
}

interface Deps {
  studies: Holdings
  filing: Pick<FileStudy, 'isFiled'>
  house: Pick<HouseStudies, 'isOpen'>
  searches: Pick<PatientSearches, 'of'>
  account: Account
}

/** Reports of a study as people read them: our own, and those of copies that they may see (spec 20 §6). */
export class StudyReports {
  readonly #ura: string
  readonly #deps: Deps

  constructor(options: { ura: string }, deps: Deps) {
    this.#ura = options.ura
    this.#deps = deps
  }

  /** Newest first. On record when it resolves. Throws `NOT_FOUND`. */
  async of(studyInstanceUid: string, by: Person): Promise<ShownReport[]> {
    const copies: StudyRecord[] = []
    for (const copy of await this.#deps.studies.copiesOf(studyInstanceUid))
      if (await this.#maySee(copy, by)) copies.push(copy)
    if (copies.length === 0) throw new TwiinError('NOT_FOUND')
    const shown: ShownReport[] = []
    for (const copy of copies) shown.push(...(await this.#ofCopy(copy)))
    await this.#record(copies[0], shown.length, by)
    return shown.sort((a, b) => b.date.localeCompare(a.date) || Number(b.latest) - Number(a.latest))
  }

  /** Its PDF: as it came, or made of a structured report. On record when it resolves. Throws `NOT_FOUND`, `REPORT_UNREADABLE`. */
  async pdf(
    of: { studyInstanceUid: string; sopInstanceUid: string; holder: string },
    by: Person,
  ): Promise<Uint8Array> {
    const { studies } = this.#deps
    const owner = of.holder === this.#ura ? 'local' : of.holder
    const instance = await studies.instanceByUid(of.sopInstanceUid, owner)
    const study = instance === undefined ? undefined : await studies.studyByHandle(instance.study)
    if (instance?.isReport !== true || study?.studyInstanceUid !== of.studyInstanceUid)
      throw new TwiinError('NOT_FOUND')
    if (!(await this.#maySee(study, by))) throw new TwiinError('NOT_FOUND')
    const document = await readReport(instance, this.#deps)
    if (typeof document === 'string') throw new TwiinError('REPORT_UNREADABLE')
    await this.#record(study, 1, by)
    if (document.encapsulated === undefined) return renderReport(document)
    return document.encapsulated.bytes
  }

  /** Filed under a patient of ours, or found by this person for the patient they searched: of nothing else it is known whose it is. */
  async #maySee(copy: StudyRecord, by: Person): Promise<boolean> {
    const { filing, house, searches } = this.#deps
    const { origin, identityConflict, studyInstanceUid } = copy
    if (origin.kind === 'local') return true
    if (identityConflict) return false
    // A disc is filed under who stands for its holder, and only once a person said whose it is.
    const ura = origin.kind === 'disc' ? strangerOf(copy, '').ura : origin.ura
    if ((await house.isOpen(copy)) && (await filing.isFiled(copy.handle, { ura }))) return true
    for (const { studies } of searches.of(by))
      if (studies.some((row) => row.holder === ura && row.studyInstanceUid === studyInstanceUid)) return true
    return false
  }

  async #ofCopy(copy: StudyRecord): Promise<ShownReport[]> {
    const { studies } = this.#deps
    if (copy.reports === 0) return []
    const holder = copy.origin.kind === 'local' ? this.#ura : ownerOf(copy.origin)
    const found: { instance: InstanceRecord; document: ReportDocument | string }[] = []
    for await (const instance of studies.instances(copy.handle)) {
      if (!instance.isReport || found.length >= mostReports) continue
      found.push({ instance, document: await readReport(instance, this.#deps) })
    }
    const replaced = replacedIn(
      found.flatMap(({ document }) => (typeof document === 'string' ? [] : [document])),
    )
    return found.map(({ instance, document }) => ({
      ...{ sopInstanceUid: instance.sopInstanceUid, holder, latest: !replaced.has(instance.sopInstanceUid) },
      ...(typeof document === 'string'
        ? { title: '', status: 'final' as const, date: '', author: '', text: document, pdf: null }
        : {
            ...{ title: document.title, status: document.status, author: document.author },
            date: `${document.date}${document.time === '' ? '' : `T${document.time}`}`,
            text: reportText(document),
            pdf: `/api/v1/studies/${copy.studyInstanceUid}/reports/${instance.sopInstanceUid}/pdf?holder=${holder}`,
          }),
    }))
  }

  async #record(study: StudyRecord | undefined, count: number, user: Person): Promise<void> {
    if (study === undefined) return
    await this.#deps.account.record({
      event: 'study-viewed',
      outcome: 'success',
      user,
      patient: patientOnRecord(study),
      objects: { studyInstanceUids: [study.studyInstanceUid], count },
      protocol: 'spec 20 §6: reports',
    })
  }
}
