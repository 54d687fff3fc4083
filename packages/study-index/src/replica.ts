import type { IndexAnswer, IndexRequest } from '@twiin/protocol'
import type { Clock, Logger } from '@twiin/runtime'
import type { EntryRepository, Membership, VerifyEntrySignature } from './ports.ts'

export interface ReplicaDeps {
  repository: EntryRepository
  membership: Membership
  verify: VerifyEntrySignature
  clock: Clock
  log: Logger
}
/** Keeps entries of all publishers and answers for them. Spec 03 §5. */
export class IndexReplica {
  constructor(_options: { peerId: string }, _deps: ReplicaDeps) {}
  /** `peerId` is the certified peer that asks. */
  async answer(_peerId: string, _request: IndexRequest): Promise<IndexAnswer> {
    throw new Error('unwritten')
  }
}
