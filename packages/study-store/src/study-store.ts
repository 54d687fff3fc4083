import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { DiskReserve, Sealer, Store } from '@twiin/store'
import type {
  InstanceHeader,
  InstanceRecord,
  LocalPatient,
  Origin,
  QuarantinedInstance,
  SeriesRecord,
  StudyChange,
  StudyRecord,
} from './records.ts'

export interface IncomingFacts {
  sopClassUid: string
  sopInstanceUid: string
  transferSyntaxUid: string
  origin: Origin
  /**
   * Makes the reception survive a restart: opening again with the same text continues after the last durable chunk.
   * Without it the bytes of an interrupted reception are dropped.
   */
  resumeAs?: string
}

export interface Committed {
  outcome: 'stored' | 'already-here' | 'conflict'
  /** Handle of the study. */
  study: string
}

/** One instance being received. Nothing counts until `commit` has resolved. */
export interface IncomingInstance {
  /** Bytes taken so far, those of an earlier attempt included. */
  readonly size: number
  /** Waits while the disk is behind. Throws OUT_OF_RESOURCES. The bytes may be reused once it resolves. */
  write(chunk: Uint8Array): Promise<void>
  /** The first `length` bytes received (default 64 KiB, at most 4 MiB), fewer when fewer came. */
  head(length?: number): Promise<Buffer>
  /** SHA-256 of all bytes so far. */
  digest(): Buffer
  /** Makes what was written so far durable; returns how many bytes a resumed reception will find. */
  checkpoint(): Promise<number>
  /** Resolves once bytes and catalogue record are on disk. Throws HEADER_MISMATCH, OUT_OF_RESOURCES. */
  commit(header: InstanceHeader): Promise<Committed>
  /** Lets go of it, keeping what was received for `resumeAs`. */
  suspend(): Promise<void>
  discard(): Promise<void>
}

export interface StudyStoreDeps {
  store: Store
  sealer: Sealer
  reserve: DiskReserve
  clock: Clock
  log: Logger
  /** Cryptographic random bytes. */
  random: (bytes: number) => Uint8Array
}

const pending = (): never => {
  throw new TwiinError('NOT_BUILT')
}

/** The hospital's holdings: every instance exactly as received, and the catalogue over them. */
export class StudyStore implements Service {
  readonly name = 'study-store'
  constructor(_options: { dir: string }, _deps: StudyStoreDeps) {}
  start(): Promise<void> {
    return pending()
  }
  stop(): Promise<void> {
    return pending()
  }
  openIncoming(_facts: IncomingFacts): Promise<IncomingInstance> {
    return pending()
  }
  /** Studies in order of arrival. `after` is a handle. */
  studies(_range?: { after?: string; limit?: number; reverse?: boolean }): AsyncIterable<StudyRecord> {
    return pending()
  }
  studyByUid(_studyInstanceUid: string): Promise<StudyRecord | undefined> {
    return pending()
  }
  studyByHandle(_handle: string): Promise<StudyRecord | undefined> {
    return pending()
  }
  series(_handle: string): AsyncIterable<SeriesRecord> {
    return pending()
  }
  instances(_handle: string): AsyncIterable<InstanceRecord> {
    return pending()
  }
  instanceByUid(_sopInstanceUid: string): Promise<InstanceRecord | undefined> {
    return pending()
  }
  /** The data set's bytes, each chunk authenticated before it is handed out. Throws SEAL_BROKEN. */
  readDataSet(
    _instance: InstanceRecord,
    _range?: { offset?: number; length?: number },
  ): AsyncIterable<Buffer> {
    return pending()
  }
  /** Studies that this hospital's own machines made under one of its own patient numbers. */
  studiesOfPatient(_patient: { localId: string; issuer: string }): AsyncIterable<StudyRecord> {
    return pending()
  }
  studiesWithCitizenNumber(_citizenNumber: string): AsyncIterable<StudyRecord> {
    return pending()
  }
  patientByNumber(_localId: string, _issuer: string): Promise<LocalPatient | undefined> {
    return pending()
  }
  /** More than one: a person with several local numbers, or a number wrongly given to two. */
  patientsByCitizenNumber(_citizenNumber: string): Promise<LocalPatient[]> {
    return pending()
  }
  quarantined(): AsyncIterable<QuarantinedInstance> {
    return pending()
  }
  /** Called after the change is durable. Returns the way to stop listening. */
  onChange(_listener: (change: StudyChange) => void): () => void {
    return pending()
  }
}
