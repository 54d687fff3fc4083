import type { EgressOverlay } from '@twiin/dicom'
import { matches } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { codeOf } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import type { Account } from '../account/account.ts'
import { patientOnRecord } from '../account/account.ts'
import type { FileStudy } from '../filing/file-study.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { FetchStudy } from '../retrieve/fetch-study.ts'
import type { Retrievals } from '../retrieve/retrievals.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import { isOver } from '../transfers/transfer-record.ts'
import type { Retrieval } from '../transfers/transfer-record.ts'
import type { TransferRunner } from '../transfers/transfer-runner.ts'
import type { Asker, Located } from './query.ts'
import type { QueryDesk } from './query-desk.ts'
import { key } from './query-keys.ts'

/** What of a study goes out, or why nothing does. */
export type StudyPart =
  /** Still on its way here; `expected` is how many the search told of. */
  | { kind: 'coming'; expected: number }
  | { kind: 'here'; instances: readonly InstanceRecord[]; overlay: EgressOverlay | undefined }
  | { kind: 'failed'; expected: number; reason: string }

interface Deps {
  desk: QueryDesk
  studies: Holdings
  retrievals: Retrievals
  book: TransferBook
  runner: TransferRunner
  fetcher: FetchStudy
  filing: FileStudy
  account: Account
  clock: Clock
}

/** How often whoever waits is told that it goes on. */
const tellMs = 1000
/** A retrieval that fails and is tried again for so long is given up: somebody waits. */
const patienceMs = 60_000

/** The instances that a C-MOVE or C-GET asks for: own ones as they are, others' brought here and filed first (ADR 0004). */
export class StudyParts {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Of one study, by the keys at and below its level. Ends with `here` or `failed`; on record before `here`. */
  async *of(
    studyInstanceUid: string,
    keys: Attributes,
    asker: Asker,
    signal: AbortSignal,
  ): AsyncGenerator<StudyPart> {
    const located = await this.#deps.desk.locate(studyInstanceUid, asker, { keys, signal })
    if (located === undefined) yield { kind: 'failed', expected: 1, reason: 'STUDY_UNKNOWN' }
    else if (located.local) yield await this.#own(located.handle, keys, asker)
    else yield* this.#others(studyInstanceUid, located, keys, asker, signal)
  }

  async #own(handle: string, keys: Attributes, asker: Asker): Promise<StudyPart> {
    const { studies, account } = this.#deps
    const study = await studies.studyByHandle(handle)
    if (study === undefined) return { kind: 'failed', expected: 1, reason: 'STUDY_UNKNOWN' }
    const instances: InstanceRecord[] = []
    try {
      for await (const instance of studies.instances(handle))
        if (isAsked(instance, keys)) instances.push(instance)
    } catch (error) {
      return { kind: 'failed', expected: study.instances, reason: codeOf(error) }
    }
    await account.record({
      event: 'study-released',
      outcome: 'success',
      user: asker.person,
      patient: patientOnRecord(study),
      purpose: { basis: 'treatment', reason: asker.by },
      objects: { studyInstanceUids: [study.studyInstanceUid], count: instances.length },
      protocol: `spec 13 §4: ${asker.by}`,
    })
    return { kind: 'here', instances, overlay: undefined }
  }

  async *#others(
    studyInstanceUid: string,
    located: Located & { local: false },
    keys: Attributes,
    asker: Asker,
    signal: AbortSignal,
  ): AsyncGenerator<StudyPart> {
    const { retrievals } = this.#deps
    const { searchId, holder, instances: expected } = located
    const order = { searchId, studyInstanceUid, holder, destination: 'viewer' as const }
    const id = await retrievals.request(order, asker.person)
    let record: Retrieval | undefined
    for await (const now of this.#until(id, signal)) {
      record = now
      if (!isOver(now)) yield { kind: 'coming', expected }
    }
    if (record?.state === 'delivered') yield await this.#filed(id, record, expected, keys)
    else yield { kind: 'failed', expected, reason: record?.reason ?? 'STUDY_UNKNOWN' }
  }

  /** Under the numbers it has here, when it is sure whose it is. */
  async #filed(id: string, record: Retrieval, expected: number, keys: Attributes): Promise<StudyPart> {
    const { fetcher, filing, book } = this.#deps
    const { studyInstanceUid } = record
    const work = { transferId: id, studyInstanceUid, holder: record.counterparty }
    const brought = await fetcher.brought(work)
    const filed = await filing.file({ ...work, ...brought, bsn: record.bsn })
    if ('held' in filed) {
      // Whoever decides has it delivered into the PACS: nobody is waiting here any more.
      await book.change(id, { state: 'held', reason: 'PATIENT_CONFLICT', destination: 'pacs' })
      return { kind: 'failed', expected, reason: 'PATIENT_CONFLICT' }
    }
    if ('rejected' in filed) return { kind: 'failed', expected, reason: 'REJECTED' }
    const instances = filed.instances.filter((instance) => isAsked(instance, keys))
    return { kind: 'here', instances, overlay: filed.overlay }
  }

  /** The retrieval each second and at its end. Cancelled with the signal, or when it only fails for too long. */
  async *#until(id: string, signal: AbortSignal): AsyncGenerator<Retrieval> {
    const { book, clock, runner } = this.#deps
    const began = clock.now()
    let over = false
    let changed = () => {}
    const stopListening = book.onWork(() => changed())
    try {
      for (;;) {
        const change = new Promise<void>((resolve) => (changed = resolve))
        const record = await book.get(id)
        if (record?.kind !== 'retrieval') return
        const isLost = record.reason !== undefined && clock.now() - began > patienceMs
        if (!isOver(record) && (signal.aborted || isLost)) {
          await runner.cancel(id, record.reason ?? 'CANCELLED')
          continue
        }
        over = isOver(record)
        yield record
        if (over) return
        const pause = new AbortController()
        await Promise.race([
          change,
          clock.sleep(tellMs, AbortSignal.any([signal, pause.signal])).catch(() => {}),
        ])
        pause.abort(new Error('done'))
      }
    } finally {
      stopListening()
      // Left before its end: whoever asked has cancelled, or is gone.
      if (!over) await runner.cancel(id, 'CANCELLED')
    }
  }
}

/** Series and instances that the keys leave over; the patient and study were chosen before. */
function isAsked(instance: InstanceRecord, keys: Attributes): boolean {
  const wanted = new Map(
    [...keys].filter(([tag]) => tag === key.seriesInstanceUid || tag === key.sopInstanceUid),
  )
  const { seriesInstanceUid, sopInstanceUid } = instance
  return matches(
    wanted,
    new Map([
      [key.seriesInstanceUid, { vr: 'UI', value: [seriesInstanceUid] }],
      [key.sopInstanceUid, { vr: 'UI', value: [sopInstanceUid] }],
    ]),
  )
}
