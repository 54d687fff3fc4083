import { DataSetScan } from '@twiin/dicom'
import type { HeadReader, InstanceHead } from '@twiin/dicom'
import { dimseStatus } from '@twiin/dimse'
import type { StoreSink, StoreStatus } from '@twiin/dimse'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { contradict, isReportClass, patientFacts } from '@twiin/study-store'
import type { InstanceRecord, PatientFacts } from '@twiin/study-store'
import { readHead } from '../holdings/read-head.ts'
import { citizenNumbersOf, withOwnIssuer } from '../intake/own-head.ts'
import type { FetchedFacts } from './archive-source.ts'
import type { ArchiveCache, CacheWriter } from './archive-cache.ts'
import type { ArchivedRecord } from './archived-studies.ts'

/** What has come in of a study that is being fetched. */
export interface Reception {
  record: ArchivedRecord
  archive: string
  instances: Map<string, InstanceRecord>
  /** What makes all of it useless. */
  failure?: TwiinError
  /** Whom the instance named that is another patient's. */
  stranger?: PatientFacts
}

interface Deps {
  cache: ArchiveCache
  heads: HeadReader
  clock: Clock
  /** The archive waits for us meanwhile. */
  busy: <T>(work: () => Promise<T>) => Promise<T>
}

/** One instance that comes from the archive: checked whole, and whose it is, before it counts (spec 18 §5). */
export class FetchedInstance implements StoreSink {
  readonly #facts: FetchedFacts
  readonly #options: { ownIssuer: string }
  readonly #reception: Reception
  readonly #deps: Deps
  readonly #scan: DataSetScan
  readonly #writer: CacheWriter
  #over = false

  private constructor(
    facts: FetchedFacts,
    options: { ownIssuer: string },
    reception: Reception,
    writer: CacheWriter,
    deps: Deps,
  ) {
    this.#facts = facts
    this.#options = options
    this.#reception = reception
    this.#writer = writer
    this.#deps = deps
    this.#scan = new DataSetScan({ transferSyntaxUid: facts.transferSyntaxUid })
  }

  static async open(
    facts: FetchedFacts,
    options: { ownIssuer: string },
    reception: Reception,
    deps: Deps,
  ): Promise<FetchedInstance> {
    return new FetchedInstance(facts, options, reception, await deps.cache.create(), deps)
  }

  write(chunk: Buffer): Promise<void> {
    return this.#deps.busy(() => this.#take(chunk))
  }

  finish(): Promise<StoreStatus> {
    return this.#deps.busy(() => this.#judge())
  }

  async #take(chunk: Buffer): Promise<void> {
    await this.#scan.push(chunk)
    try {
      await this.#writer.write(chunk)
    } catch (error) {
      if (error instanceof TwiinError) this.#reception.failure ??= error
      throw error
    }
  }

  async #judge(): Promise<StoreStatus> {
    const { record, instances } = this.#reception
    const { sopInstanceUid, sopClassUid } = this.#facts
    const whole = await this.#scan.end()
    if (!whole.complete) return this.#refuse(dimseStatus.cannotUnderstand, 'ARCHIVE_INVALID')
    const head = await readHead(this.#facts.transferSyntaxUid, this.#writer, this.#deps.heads).catch(
      () => undefined,
    )
    if (head === undefined || head.sopInstanceUid !== sopInstanceUid || head.sopClassUid !== sopClassUid)
      return this.#refuse(dimseStatus.cannotUnderstand, 'ARCHIVE_INVALID')
    // What an earlier C-MOVE of ours still sends is not what this one asked for, and no fault of it.
    if (head.studyInstanceUid !== record.studyInstanceUid) return this.#refuse(dimseStatus.notAuthorised)
    const stated = this.#patientOf(head)
    if (!isOf(record.patient, stated)) {
      this.#reception.stranger ??= stated
      return this.#refuse(dimseStatus.notAuthorised, 'ARCHIVE_IDENTITY_MISMATCH')
    }
    const size = this.#writer.size
    this.#over = true
    const sha256 = await this.#writer.finish()
    const known = instances.get(sopInstanceUid)
    if (known !== undefined) {
      await this.#deps.cache.remove(this.#writer.blob, size)
      if (sha256.equals(known.sha256)) return dimseStatus.success
      this.#reception.failure ??= new TwiinError('ARCHIVE_INVALID', { what: 'two instances under one UID' })
      return dimseStatus.invalidInstance
    }
    instances.set(sopInstanceUid, this.#recordOf(head, { size, sha256 }))
    return dimseStatus.success
  }

  async abort(): Promise<void> {
    if (this.#over) return
    this.#over = true
    await this.#writer.discard()
  }

  #recordOf(head: InstanceHead, { size, sha256 }: { size: number; sha256: Buffer }): InstanceRecord {
    const { record, archive } = this.#reception
    return {
      ...this.#facts,
      study: record.handle,
      seriesInstanceUid: head.seriesInstanceUid,
      ...(head.instanceNumber === undefined ? {} : { instanceNumber: head.instanceNumber }),
      isReport: isReportClass(head.sopClassUid),
      size,
      sha256: new Uint8Array(sha256),
      origin: { kind: 'local', callingAe: archive, calledAe: '' },
      receivedAt: this.#deps.clock.now(),
      blob: this.#writer.blob,
    }
  }

  #patientOf(head: InstanceHead): PatientFacts {
    const own = withOwnIssuer(head, this.#options.ownIssuer)
    return patientFacts(own, citizenNumbersOf(own, { acceptLegacyOtherPatientIds: false }))
  }

  async #refuse(status: StoreStatus, failure?: string): Promise<StoreStatus> {
    if (failure !== undefined) this.#reception.failure ??= new TwiinError(failure)
    await this.abort()
    return status
  }
}

/** An instance that names no BSN contradicts none; the archive may know it from elsewhere. */
function isOf(indexed: PatientFacts, stated: PatientFacts): boolean {
  const sameNumber = indexed.localId === stated.localId && indexed.issuer === stated.issuer
  const numbers = stated.citizenNumbers.length === 0 ? [] : indexed.citizenNumbers
  return sameNumber && !contradict({ ...indexed, citizenNumbers: numbers }, stated)
}
