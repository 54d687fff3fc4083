import type { EntryBody, EntryHeader, Signer, WireEntry } from '@twiin/protocol'
import type { EntryDomain, EntryMark, PublishedStudy, VerifyEntrySignature } from './ports.ts'

export interface NewEntry {
  readonly token: Uint8Array
  readonly epoch: number
  readonly seq: number
  /** Whole days since the Unix epoch. */
  readonly issued: number
}
export interface EntryDeps {
  signer: Signer<EntryDomain>
  /** Cryptographic random bytes. */
  random: (bytes: number) => Uint8Array
}
export declare function deriveLocation(token: Uint8Array, epoch: number): Uint8Array
export declare function sealEntry(
  entry: NewEntry,
  studies: readonly PublishedStudy[],
  deps: EntryDeps,
): WireEntry
export declare function tombstone(
  entry: Omit<NewEntry, 'token'> & { loc: Uint8Array },
  signer: Signer<EntryDomain>,
): WireEntry
export declare function openEntry(
  token: Uint8Array,
  epoch: number,
  entry: WireEntry,
): { header: EntryHeader; body: EntryBody } | undefined
export declare function signatureHolds(
  header: EntryHeader,
  entry: WireEntry,
  verify: VerifyEntrySignature,
): boolean
export declare function markOf(entry: WireEntry): EntryMark
