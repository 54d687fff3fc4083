/**
 * The encrypted study index: sealed entries, the replicas that keep them, who publishes, finds and repairs.
 * Knows no sockets and no database: see `ports.ts`. Spec 03.
 */
export type {
  EntryDomain,
  EntryKey,
  EntryMark,
  EntryRange,
  EntryRepository,
  IndexMember,
  IndexNetwork,
  IndexView,
  Membership,
  Publication,
  PublicationState,
  PublishedEntry,
  PublishedStudy,
  StoredEntry,
  VerifyEntrySignature,
} from './ports.ts'
export { deriveLocation, markOf, openEntry, sealEntry, signatureHolds, tombstone } from './sealed-entry.ts'
export type { EntryDeps, NewEntry } from './sealed-entry.ts'
export { bucketOf, replicasOf } from './placement.ts'
export { IndexReplica } from './replica.ts'
export type { ReplicaDeps } from './replica.ts'
export { networkWithSelf } from './network-with-self.ts'
export { IndexPublisher } from './publisher.ts'
export type { Placed, PublisherDeps, PublisherStatus } from './publisher.ts'
export { IndexReader } from './reader.ts'
export type { Found, ReaderDeps, ReaderOptions } from './reader.ts'
export { AntiEntropy } from './anti-entropy.ts'
export type { AntiEntropyDeps, AntiEntropyOptions, RoundResult } from './anti-entropy.ts'
