import type { EgressOverlay } from '@twiin/dicom'
import { passesElevenTest } from '@twiin/patient-token'
import type { Clock } from '@twiin/runtime'
import type { Repository } from '@twiin/store'
import type { LocalPatient, StudyRecord, StudyStore } from '@twiin/study-store'
import type { Account } from '../account/account.ts'
import { decideFiling, externalNumber } from './decide-filing.ts'
import type { Filing, IncomingPatient } from './decide-filing.ts'
import type { ExceptionWorklist, Resolution, WorkItem } from './exception-worklist.ts'

/** How a study from elsewhere was filed, kept so that sending it again gives the same bytes. */
export interface Filed {
  patientId: { id: string; issuer: string }
  at: number
}

export type FilingOutcome = { overlay: EgressOverlay | undefined } | { held: true } | { rejected: true }

interface Deps {
  studies: StudyStore
  worklist: ExceptionWorklist
  filed: Repository<Filed>
  account: Account
  clock: Clock
}

export interface ToFile {
  transferId: string
  study: StudyRecord
  holder: { ura: string; name: string }
  /** The BSN a user searched by, when that is how the study came. */
  bsn: string | undefined
}

/** Decides under which number a study enters the PACS, or puts it on the worklist (D9b). */
export class FileStudy {
  readonly #options: { patientIdIssuer: string; modifyingSystem: string }
  readonly #deps: Deps

  constructor(options: { patientIdIssuer: string; modifyingSystem: string }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** Durable, and on record, when it resolves. */
  async file(work: ToFile): Promise<FilingOutcome> {
    // What this hospital made itself goes back to its own PACS as it came.
    if (work.study.origin.kind === 'local') return { overlay: undefined }
    const item = await this.#deps.worklist.get(itemId(work))
    const incoming = incomingPatient(work)
    const filing = await this.#decide(work, incoming, item)
    if (filing === 'rejected') return { rejected: true }
    if (filing.as === 'held') {
      await this.#raise(work, incoming, filing.local, { state: 'open', differences: filing.differences })
      return { held: true }
    }
    if (filing.as === 'external' && filing.apart !== undefined) {
      await this.#raise(work, incoming, filing.apart, { state: 'notice', differences: [] })
    }
    return { overlay: await this.#overlay(work, filing.patientId) }
  }

  async #decide(
    work: ToFile,
    incoming: IncomingPatient,
    item: WorkItem | undefined,
  ): Promise<Filing | 'rejected'> {
    const resolution = item?.resolution?.decision
    if (item !== undefined && resolution !== undefined) return resolved(resolution, item, work)
    const { studies } = this.#deps
    // Instances that disagree on who the patient is, or another BSN than the one searched by: a person has to look.
    const bsnDiffers = work.bsn !== undefined && incoming.bsn !== undefined && incoming.bsn !== work.bsn
    const bsn = incoming.bsn ?? work.bsn
    const filing = await decideFiling(
      { ...incoming, bsn },
      {
        holderUra: work.holder.ura,
        byCitizenNumber: bsn === undefined ? [] : await studies.patientsByCitizenNumber(bsn),
        numbered: (id) => studies.patientByNumber(id, this.#options.patientIdIssuer),
      },
    )
    if (!work.study.identityConflict && !bsnDiffers) return filing
    return filing.as === 'held'
      ? filing
      : { as: 'held', local: itself(work.study), differences: bsnDiffers ? ['bsn'] : ['name'] }
  }

  async #raise(
    work: ToFile,
    incoming: IncomingPatient,
    local: LocalPatient,
    how: Pick<WorkItem, 'state' | 'differences'>,
  ): Promise<void> {
    const { studyInstanceUid, studyDate, description, modalities } = work.study
    const { localId, issuer, name, birthDate, sex, citizenNumber } = local
    await this.#deps.worklist.raise({
      id: itemId(work),
      kind: 'PATIENT_CONFLICT',
      ...how,
      transferId: work.transferId,
      study: { studyInstanceUid, studyDate, description, modalities },
      incoming: { ...incoming, from: work.holder },
      local: {
        localId,
        issuer,
        name,
        birthDate,
        sex,
        ...(citizenNumber === undefined ? {} : { bsn: citizenNumber }),
      },
    })
  }

  async #overlay(work: ToFile, patientId: { id: string; issuer: string }): Promise<EgressOverlay> {
    const { filed, clock, account } = this.#deps
    const before = await filed.get(work.study.handle)
    const same = before?.patientId.id === patientId.id && before.patientId.issuer === patientId.issuer
    const entry = before !== undefined && same ? before : { patientId, at: clock.now() }
    if (entry !== before) {
      await filed.put(work.study.handle, entry)
      await account.record({
        event: 'study-filed',
        outcome: 'success',
        patient: { localId: patientId.id },
        objects: { studyInstanceUids: [work.study.studyInstanceUid], count: work.study.instances },
        protocol: 'ADR 0004',
        requestId: work.transferId,
      })
    }
    const number = work.study.accessionNumber
    return {
      patientId,
      ...(number === '' ? {} : { accession: { number, issuer: `TWIIN:${work.holder.ura}` } }),
      modifyingSystem: this.#options.modifyingSystem,
      source: work.holder.name.slice(0, 64),
      at: new Date(entry.at),
    }
  }
}

/** The same for every attempt, so that a study stands on the worklist once. */
const itemId = ({ transferId, study }: ToFile) => `${transferId}.${study.handle}`

function resolved(decision: Resolution, item: WorkItem, work: ToFile): Filing | 'rejected' {
  switch (decision) {
    case 'same-patient':
      return { as: 'local', patientId: { id: item.local.localId, issuer: item.local.issuer } }
    case 'other-patient':
      return { as: 'external', patientId: externalNumber(work.study.patient.localId, work.holder.ura) }
    case 'reject':
      return 'rejected'
  }
}

function incomingPatient({ study }: ToFile): IncomingPatient {
  const { localId, issuer, name, birthDate, sex, citizenNumbers } = study.patient
  const valid = citizenNumbers.filter((number) => number.length === 9 && passesElevenTest(number))
  return { localId, issuer, name, birthDate, sex, bsn: valid.length === 1 ? valid[0] : undefined }
}

/** When the study contradicts itself both sides of the conflict are in it. */
function itself({ patient }: StudyRecord): LocalPatient {
  const { localId, issuer, name, birthDate, sex } = patient
  return { localId, issuer, name, birthDate, sex, conflict: true }
}
