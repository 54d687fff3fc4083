import type { Clock, Logger, Service } from '@twiin/runtime'
import type { EntryRepository, IndexNetwork, Membership } from './ports.ts'
import type { IndexReplica } from './replica.ts'

export interface AntiEntropyOptions {
  peerId: string
  /** Pause between two rounds. Default 5 minutes. */
  intervalMs?: number
}
export interface AntiEntropyDeps {
  replica: IndexReplica
  repository: EntryRepository
  network: IndexNetwork
  membership: Membership
  clock: Clock
  log: Logger
}
export interface RoundResult {
  peers: number
  unreachable: number
  pulled: number
  pushed: number
  dropped: number
}
/** Makes replicas agree, moves entries after a change of members, and throws away what is over. Spec 03 §6. */
export class AntiEntropy implements Service {
  readonly name = 'index-anti-entropy'
  constructor(_options: AntiEntropyOptions, _deps: AntiEntropyDeps) {}
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  /** Compares with every other replica of our buckets once. */
  async round(_signal: AbortSignal): Promise<RoundResult> {
    throw new Error('unwritten')
  }
}
