import type { EntryBody, IndexAnswer, IndexRequest, VerifySignature, WireEntry } from '@twiin/protocol'

/** What the index needs from the node around it. */

/** One question to one replica. Rejects when the peer cannot be reached or gives no answer in time. */
export interface IndexNetwork {
  ask(peerId: string, request: IndexRequest, signal?: AbortSignal): Promise<IndexAnswer>
}

/** The part of the network bundle that decides who keeps what (spec 06 §3). */
export interface IndexView {
  readonly epoch: number
  /** Length of a bucket's prefix, 0 to 32. */
  readonly bits: number
  /** Replicas wanted for each bucket. */
  readonly replicas: number
  readonly members: readonly IndexMember[]
}
export interface IndexMember {
  readonly peerId: string
  readonly ura: string
  readonly declaredPatients: number
}
export interface Membership {
  /** The same object until something in it changed: caches hang on its identity. */
  current(): IndexView
  /** Asked often; in memory. A change of this also makes `current()` another object. */
  isRevoked(peerId: string): boolean
}

export type EntryDomain = 'twiin/entry/v1'
export type VerifyEntrySignature = VerifySignature<EntryDomain>

/** Names an entry: at most one stands for each. */
export interface EntryKey {
  readonly epoch: number
  /** 32 bytes. */
  readonly loc: Uint8Array
  readonly publisher: string
}
/** What stands in an entry's header, without nonce and commitment. */
export interface EntryMark extends EntryKey {
  readonly seq: number
  /** Whole days since the Unix epoch, like `expires`. */
  readonly issued: number
  readonly expires: number
  readonly tombstone: boolean
}
export interface StoredEntry {
  readonly mark: EntryMark
  readonly entry: WireEntry
}
/** Locations of one epoch, both ends included; `after` goes on behind a key that was seen. */
export interface EntryRange {
  readonly epoch: number
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly after?: { readonly loc: Uint8Array; readonly publisher: string } | undefined
}

/**
 * Durable storage of the entries a replica keeps, ordered by (epoch, loc, publisher).
 * `testing.ts` has the suite that an implementation must pass.
 */
export interface EntryRepository {
  get(key: EntryKey): Promise<StoredEntry | undefined>
  /** All or none, replacing what stood under the same keys; on disk (fsync) when it resolves. */
  putAll(entries: readonly StoredEntry[]): Promise<void>
  entries(range: EntryRange): AsyncIterable<StoredEntry>
  /** As `entries`, without reading bodies; over everything when no range is given. */
  marks(range?: EntryRange): AsyncIterable<EntryMark>
  /** Entries of this publisher, in all epochs. */
  countOf(publisher: string): Promise<number>
  deleteAll(keys: readonly EntryKey[]): Promise<void>
}

export type PublishedStudy = EntryBody['studies'][number]

/** One location at which a patient of ours stands or stood in the index. */
export interface PublishedEntry {
  readonly epoch: number
  readonly loc: Uint8Array
  readonly seq: number
  readonly tombstone: boolean
  readonly issued: number
  readonly expires: number
  readonly entry: WireEntry
  /** Replicas that stored exactly this entry. */
  readonly storedBy: readonly string[]
}
/** What we want to be seen of one patient, and how far the index agrees. Holds a patient token: seal it at rest. */
export interface Publication {
  readonly patientKey: string
  /** 64 bytes. */
  readonly token: Uint8Array
  /** undefined: withdrawn. Empty: that we have something, and no more. */
  readonly studies: readonly PublishedStudy[] | undefined
  readonly entries: readonly PublishedEntry[]
}
/** Durable record of publications, by patient key. */
export interface PublicationState {
  get(patientKey: string): Promise<Publication | undefined>
  /** All or none; on disk (fsync) when it resolves. */
  putAll(publications: readonly Publication[]): Promise<void>
  all(): AsyncIterable<Publication>
  delete(patientKey: string): Promise<void>
}
