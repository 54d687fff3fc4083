import type { Renderer } from '@twiin/pictures'
import type { Clock, Logger } from '@twiin/runtime'
import type { DiskReserve } from '@twiin/store'
import type { InstanceRecord, StudyRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'
import type { Person } from '../people/people-file.ts'
import type { FetchStudy } from '../retrieve/fetch-study.ts'
import type { Retrievals } from '../retrieve/retrievals.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { TransferDesk } from '../transfers/transfer-desk.ts'
import { bringStudy } from './bring-study.ts'
import { chooseStudies } from './choose-studies.ts'
import type { ChooseDeps, Picked, Self } from './choose-studies.ts'
import { MakePackage } from './make-package.ts'
import type { StudyAtHand } from './make-package.ts'
import { writeWholeFile } from './package-file.ts'
import type { Chosen, MadePackage, PackageOrder, PackageTarget } from './package-order.ts'
import { latestReports, youngestOf } from './share-reports.ts'

export interface SharePackagesDeps extends Omit<ChooseDeps, 'studies'> {
  studies: Holdings
  retrievals: Pick<Retrievals, 'request'>
  fetcher: Pick<FetchStudy, 'brought'>
  book: Pick<TransferBook, 'get' | 'onWork'>
  desk: Pick<TransferDesk, 'cancel'>
  renderer: Pick<Renderer, 'renderSizes'>
  reserve: Pick<DiskReserve, 'require'>
  clock: Pick<Clock, 'now'>
  random: (bytes: number) => Uint8Array
  log: Logger
}

/** What is written, and for whom. */
export interface BroughtPackage {
  readonly studies: readonly StudyAtHand[]
  readonly order: PackageOrder
  readonly patient: string
}

/** From studies to the encrypted file that a share gives access to (spec 25 §2). */
export class SharePackages {
  readonly #self: Self
  readonly #deps: SharePackagesDeps

  constructor(options: { self: Self }, deps: SharePackagesDeps) {
    this.#self = options.self
    this.#deps = deps
  }

  /**
   * What it would hold; nothing is brought yet, but for what lies in the archive. Throws `STUDY_UNKNOWN`,
   * `SEARCH_FIRST`, `IDENTITY_MISMATCH`, `SHARING_NOT_PERMITTED`.
   */
  async choose(order: PackageOrder, person: Person): Promise<Chosen> {
    return (await chooseStudies(this.#self, order, person, this.#deps)).chosen
  }

  /**
   * Everything that it is to hold is here when it resolves. Throws what `choose` throws, what bringing threw
   * (`SHARING_NOT_PERMITTED`, `OUT_OF_RESOURCES`, …), and the reason of the signal.
   */
  async bring(order: PackageOrder, person: Person, signal: AbortSignal): Promise<BroughtPackage> {
    const { reserve } = this.#deps
    const { chosen, picked } = await chooseStudies(this.#self, order, person, this.#deps)
    await reserve.require(chosen.studies.reduce((sum, { bytes }) => sum + bytes, 0))
    // Several at once: each waits for another hospital. One that fails ends the others.
    const failed = new AbortController()
    const until = AbortSignal.any([signal, failed.signal])
    const gathered = picked.map((one) =>
      this.#gather(one, order, person, until).catch((error: unknown) => {
        failed.abort(error)
        throw error
      }),
    )
    await Promise.allSettled(gathered)
    failed.signal.throwIfAborted()
    const studies = (await Promise.all(gathered)).toSorted(newestFirst)
    return { studies, order, patient: chosen.name }
  }

  /**
   * Written to `file`, durable when it resolves; on failure nothing is left. Throws what reading threw (`OUT_OF_RESOURCES`,
   * …), `NOTHING_TO_SHARE`, and the reason of the signal.
   */
  async write({ studies, order, patient }: BroughtPackage, to: PackageTarget): Promise<MadePackage> {
    const { log, clock } = this.#deps
    const { signal } = to
    const begun = clock.now()
    const { downloads, language } = order
    const made = await writeWholeFile(to.file, signal, this.#deps, (put) =>
      new MakePackage(
        { studies, downloads, language, hospital: this.#self.name, patient },
        { key: to.key, put, signal, onProgress: (done, total) => to.onProgress({ done, total }) },
        this.#deps,
      ).write(),
    )
    log.info('package of a share made', { ...made, ms: clock.now() - begun })
    const reports = studies.flatMap((study) => study.reports)
    return { ...made, youngestReport: youngestOf(reports, clock.now()) }
  }

  async #gather(
    picked: Picked,
    { reports }: PackageOrder,
    person: Person,
    signal: AbortSignal,
  ): Promise<StudyAtHand> {
    const { record, instances } = await this.#bring(picked, person, signal)
    const latest = reports === 'none' ? [] : await latestReports(instances, this.#deps)
    const going = new Set(latest.map(({ instance }) => instance.sopInstanceUid))
    return {
      ...{ shown: picked.shown, record, reports: latest },
      // Of reports only what goes along: no version that another replaced, none where none was asked for.
      instances: instances.filter(({ isReport, sopInstanceUid }) => !isReport || going.has(sopInstanceUid)),
    }
  }

  async #bring(
    picked: Picked,
    person: Person,
    signal: AbortSignal,
  ): Promise<{ record: StudyRecord | undefined; instances: InstanceRecord[] }> {
    const { studies } = this.#deps
    if (picked.copy !== undefined) {
      const instances: InstanceRecord[] = []
      for await (const instance of studies.instances(picked.copy.handle)) instances.push(instance)
      return { record: picked.copy, instances }
    }
    const { studyInstanceUid, holder } = picked.shown
    const wanted = { searchId: picked.search.id, studyInstanceUid, holder }
    const instances = await bringStudy(wanted, person, signal, this.#deps)
    return { record: await studies.studyByUid(studyInstanceUid, holder), instances }
  }
}

/** As the recipient lists them; what has no date stands last. */
const newestFirst = (one: StudyAtHand, other: StudyAtHand) => momentOf(other).localeCompare(momentOf(one))
const momentOf = ({ shown: { date }, record }: StudyAtHand) =>
  date === '' ? '' : `${date}${record?.studyTime ?? ''}`
