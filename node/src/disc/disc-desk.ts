import { readDisc } from '@twiin/media'
import type { DiscContents, DiscInstance } from '@twiin/media'
import type { HeadReader } from '@twiin/dicom'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'
import type { StudyStore } from '@twiin/study-store'
import type { Account } from '../account/account.ts'
import type { LiveEvents } from '../http/events.ts'
import type { Person } from '../people/people-file.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import { isOver } from '../transfers/transfer-record.ts'
import type { FromDisc, TransferRecord } from '../transfers/transfer-record.ts'
import type { DiscRecord, PatientOnDisc, StudyOnDisc } from './disc-record.ts'
import type { DiscShelf } from './disc-shelf.ts'

/** spec 19 §2. */
const mostDiscs = 16
const keptMs = 7 * 24 * 3_600_000
const readingMs = 30 * 60_000
/** What the process did not outlive twice is not read a third time. */
const mostReadings = 2
const sweepMs = 3_600_000

interface Deps {
  shelf: DiscShelf
  store: Store
  discs: Repository<DiscRecord>
  /** `<disc>.<patient>.<study>` */
  instances: Repository<DiscInstance[]>
  book: TransferBook
  studies: StudyStore
  heads: HeadReader
  account: Account
  events: LiveEvents
  clock: Clock
  log: Logger
}

/** What an operator wants of a disc: a patient, which of his studies, and who he is here. */
export interface Wanted {
  key: string
  studyInstanceUids?: readonly string[]
  patient?: { localId: string; birthDate: string }
}

/** Discs that others burned (J10, spec 19 §4): sent here, read, shown; nothing is taken in until a person says so. */
export class DiscDesk implements Service {
  readonly name = 'discs'
  readonly #options: { maxBytes: number }
  readonly #deps: Deps
  readonly #readings = new Map<string, { stop: AbortController; done: Promise<void> }>()
  #uploads = 0
  #stopped = new AbortController()

  constructor(options: { maxBytes: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  async start(): Promise<void> {
    const { shelf, discs } = this.#deps
    this.#stopped = new AbortController()
    await shelf.prepare((id) => (/^[0-9a-f]{32}$/.test(id) ? discs.has(id) : Promise.resolve(false)))
    for await (const [, record] of discs.entries())
      if (record.state === 'reading') await this.#readAgain(record)
    void this.#sweep(this.#stopped.signal)
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new TwiinError('STOPPED'))
    for (const { stop } of this.#readings.values()) stop.abort(new TwiinError('STOPPED'))
    await Promise.all([...this.#readings.values()].map(({ done }) => done))
  }

  /** Sealed on disk, on record and being read when it resolves. Throws `DISC_QUOTA`, `BODY_TOO_LARGE`, `OUT_OF_RESOURCES`. */
  async receive(body: AsyncIterable<Uint8Array>, user: Person): Promise<DiscRecord> {
    const { shelf, discs, book, clock, account } = this.#deps
    const waiting = await this.list()
    const bytesWaiting = waiting.reduce(
      (sum, { bytes }) => sum + bytes,
      this.#uploads * this.#options.maxBytes,
    )
    if (waiting.length + this.#uploads >= mostDiscs || bytesWaiting >= 2 * this.#options.maxBytes)
      throw new TwiinError('DISC_QUOTA')
    const id = book.newId()
    this.#uploads++
    try {
      const bytes = await shelf.put(id, body)
      const receivedAt = clock.now()
      const times = { receivedAt, expiresAt: receivedAt + keptMs }
      const record: DiscRecord = { id, state: 'reading', readings: 1, ...times, bytes, user }
      await account.record({
        event: 'media-import',
        outcome: 'success',
        user,
        protocol: 'spec 19 §4: read',
        requestId: id,
      })
      await discs.put(id, record)
      this.#read(record)
      return record
    } catch (error) {
      await shelf.remove(id)
      throw error
    } finally {
      this.#uploads--
    }
  }

  /** Newest first. */
  async list(): Promise<DiscRecord[]> {
    const found: DiscRecord[] = []
    for await (const [, record] of this.#deps.discs.entries({ reverse: true })) found.push(record)
    return found
  }

  /** Throws `NOT_FOUND`. */
  async get(id: string): Promise<DiscRecord> {
    const record = /^[0-9a-f]{32}$/.test(id) ? await this.#deps.discs.get(id) : undefined
    if (record === undefined) throw new TwiinError('NOT_FOUND')
    return record
  }

  /**
   * A transfer for each study, durable when it resolves. What was ordered before is not ordered again. Throws
   * `NOT_FOUND`, `STATE_CONFLICT`, `STUDY_UNKNOWN`, `IDENTITY_MISMATCH`; then nothing is taken in.
   */
  async takeIn(id: string, wanted: readonly Wanted[], user: Person): Promise<string[]> {
    const { discs, store, book, clock } = this.#deps
    const before = await this.get(id)
    const orders = wanted.flatMap((one) => this.#ordersOf(before, one))
    const made: FromDisc[] = []
    await store.update(`disc ${id}`, async (update) => {
      const record = await update.get(discs, id)
      if (record?.contents === undefined) throw new TwiinError('STATE_CONFLICT')
      for (const { patient, study, stated } of orders) {
        const shown = studyIn(record, patient.key, study.studyInstanceUid)
        const earlier = shown?.transferId === undefined ? undefined : await book.get(shown.transferId)
        if (shown === undefined || (earlier !== undefined && !hasFailed(earlier))) continue
        const transfer = transferFor(book.newId(), { record, patient, study, stated, user }, clock.now())
        shown.transferId = transfer.id
        made.push(transfer)
      }
      update.put(discs, id, record)
    })
    for (const transfer of made) await book.add(transfer)
    const after = await this.get(id)
    return orders.flatMap(({ patient, study }) => {
      const transferId = studyIn(after, patient.key, study.studyInstanceUid)?.transferId
      return transferId === undefined ? [] : [transferId]
    })
  }

  /** Throws `NOT_FOUND`, `STATE_CONFLICT` while studies of it wait to be brought. */
  async remove(id: string): Promise<void> {
    await this.get(id)
    if (this.#isNeeded(id)) throw new TwiinError('STATE_CONFLICT')
    const reading = this.#readings.get(id)
    reading?.stop.abort(new TwiinError('STOPPED'))
    await reading?.done
    await this.#forget(id)
  }

  /** Where the instances of a study stand on a disc. Throws `DISC_GONE`. */
  async instancesOf(id: string, patientKey: string, studyInstanceUid: string): Promise<DiscInstance[]> {
    const patient = (await this.#deps.discs.get(id))?.contents?.patients.find(({ key }) => key === patientKey)
    const index = patient?.studies.findIndex((study) => study.studyInstanceUid === studyInstanceUid) ?? -1
    const instances = index < 0 ? undefined : await this.#deps.instances.get(keyOf(id, patientKey, index))
    if (instances === undefined) throw new TwiinError('DISC_GONE')
    return instances
  }

  #ordersOf(record: DiscRecord, { key, studyInstanceUids, patient: said }: Wanted) {
    if (record.contents === undefined) throw new TwiinError('STATE_CONFLICT')
    const patient = record.contents.patients.find((one) => one.key === key)
    if (patient === undefined) throw new TwiinError('STUDY_UNKNOWN')
    // The number alone may be a slip of the pen: two identifiers have to agree.
    if (said !== undefined && (patient.birthDate === '' || patient.birthDate !== said.birthDate))
      throw new TwiinError('IDENTITY_MISMATCH')
    const stated = said === undefined ? undefined : { localId: said.localId }
    const uids = studyInstanceUids ?? patient.studies.map((study) => study.studyInstanceUid)
    return uids.map((uid) => {
      const study = patient.studies.find((one) => one.studyInstanceUid === uid)
      if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
      return { patient, study, stated }
    })
  }

  /** Counted before it begins: it may end the process. */
  async #readAgain(record: DiscRecord): Promise<void> {
    const { readings = 0 } = record
    if (readings >= mostReadings) return this.#refuse(record, 'DISC_UNREADABLE')
    const next = { ...record, readings: readings + 1 }
    await this.#deps.discs.put(record.id, next)
    this.#read(next)
  }

  #read(record: DiscRecord): void {
    const stop = new AbortController()
    const done = this.#readNow(record, stop.signal).finally(() => this.#readings.delete(record.id))
    this.#readings.set(record.id, { stop, done })
  }

  async #readNow(record: DiscRecord, stopped: AbortSignal): Promise<void> {
    const { shelf, heads, discs, clock, log, events } = this.#deps
    const { id } = record
    const timer = new AbortController()
    clock.sleep(readingMs, timer.signal).then(
      () => timer.abort(new TwiinError('DISC_TOO_LARGE', { reason: 'time' })),
      () => {},
    )
    const signal = AbortSignal.any([stopped, timer.signal])
    try {
      await using source = await shelf.open(id)
      const contents = await readDisc(source, { signal }, { heads })
      const shown = await this.#keep(id, contents)
      await discs.put(id, { ...record, state: 'ready', contents: shown })
      log.info('disc read', { disc: id, ...contents.counts, format: contents.format })
    } catch (error) {
      // Ended from outside: not the disc's doing.
      if (stopped.aborted) await this.#write({ ...record, readings: (record.readings ?? 1) - 1 })
      else await this.#refuse(record, codeOf(error))
    } finally {
      timer.abort()
      if (!stopped.aborted) events.emit({ kind: 'disc', id, state: 'read' })
    }
  }

  async #refuse(record: DiscRecord, code: string): Promise<void> {
    this.#deps.log.warn('disc refused', { disc: record.id, code })
    const reason = refusals.has(code) ? code : 'DISC_UNREADABLE'
    await this.#write({ ...record, state: 'refused', reason })
  }

  /** Never rejects. */
  async #write(record: DiscRecord): Promise<void> {
    const { discs, log } = this.#deps
    const { id } = record
    await discs
      .put(id, record)
      .catch((cause: unknown) => log.error('disc not written down', { disc: id, code: codeOf(cause) }))
  }

  async #keep(id: string, contents: DiscContents): Promise<NonNullable<DiscRecord['contents']>> {
    const patients: PatientOnDisc[] = []
    for (const patient of contents.patients) {
      const studies: StudyOnDisc[] = []
      for (const [index, { instances, ...study }] of patient.studies.entries()) {
        await this.#deps.instances.put(keyOf(id, patient.key, index), instances)
        studies.push({ ...study, instances: instances.length, ...(await this.#known(instances)) })
      }
      patients.push({ ...patient, studies })
    }
    return { ...contents, patients }
  }

  /** How many are held here, under anybody's name, as they are or otherwise. */
  async #known(instances: readonly DiscInstance[]): Promise<{ here: number; differs: number }> {
    const counts = { here: 0, differs: 0 }
    for (const { sopInstanceUid, sha256 } of instances) {
      const held =
        (await this.#deps.studies.instanceByUid(sopInstanceUid)) ??
        (await this.#deps.studies.instanceByUid(sopInstanceUid, 'disc'))
      if (held !== undefined)
        counts[Buffer.from(held.sha256).toString('hex') === sha256 ? 'here' : 'differs']++
    }
    return counts
  }

  #isNeeded(id: string): boolean {
    const { book } = this.#deps
    return book.active().some((one) => one.kind === 'disc' && one.disc === id && one.brought !== true)
  }

  async #forget(id: string): Promise<void> {
    const { discs, instances, shelf } = this.#deps
    await discs.delete(id)
    await shelf.remove(id)
    const keys: string[] = []
    for await (const [key] of instances.entries({ prefix: `${id}.` })) keys.push(key)
    for (const key of keys) await instances.delete(key)
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    for (;;) {
      await clock.sleep(sweepMs, signal).catch(() => {})
      if (signal.aborted) return
      for (const { id, expiresAt } of await this.list().catch(() => []))
        if (expiresAt <= clock.now() && !this.#isNeeded(id))
          await this.remove(id).catch((error: unknown) =>
            log.warn('disc not removed', { disc: id, code: codeOf(error) }),
          )
    }
  }
}

const refusals: ReadonlySet<string> = new Set(['DISC_TOO_LARGE', 'DISC_FORMAT_UNKNOWN', 'DISC_UNREADABLE'])
const keyOf = (id: string, patientKey: string, study: number) => `${id}.${patientKey}.${study}`
const hasFailed = (transfer: TransferRecord) => isOver(transfer) && transfer.state === 'failed'

function studyIn({ contents }: DiscRecord, key: string, studyInstanceUid: string): StudyOnDisc | undefined {
  const patient = contents?.patients.find((one) => one.key === key)
  return patient?.studies.find((one) => one.studyInstanceUid === studyInstanceUid)
}

function transferFor(
  id: string,
  order: {
    record: DiscRecord
    patient: PatientOnDisc
    study: StudyOnDisc
    stated: { localId: string } | undefined
    user: Person
  },
  now: number,
): FromDisc {
  const { record, patient, study, stated, user } = order
  return {
    ...{ kind: 'disc', id, state: 'queued', createdAt: now, updatedAt: now, attempts: 0, nextTryAt: now },
    urgent: false,
    hops: { queued: now },
    counterparty: { ura: '', name: study.institution, peerId: '' },
    instances: { done: 0, total: study.instances },
    bytes: { done: 0, total: study.bytes },
    user,
    studyInstanceUids: [study.studyInstanceUid],
    description: study.description,
    disc: record.id,
    patientKey: patient.key,
    ...(stated === undefined ? {} : { stated }),
  }
}
