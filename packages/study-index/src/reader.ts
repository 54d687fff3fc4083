import type { EntryBody } from '@twiin/protocol'
import type { Clock } from '@twiin/runtime'
import type { IndexNetwork, Membership, VerifyEntrySignature } from './ports.ts'

export interface ReaderOptions {
  /** Replicas whose answers are waited for, and asked at once. Default 3. */
  answers?: number
  /** A replica that is silent this long gets company. Default 700 ms. */
  hedgeMs?: number
  /** The end of it all. Default 5,000 ms. */
  timeoutMs?: number
}
export interface ReaderDeps {
  network: IndexNetwork
  membership: Membership
  verify: VerifyEntrySignature
  clock: Clock
}
export interface Found {
  publishers: { peerId: string; ura: string; entry: EntryBody }[]
  /** Replicas asked and replicas that answered. `answered` 0: nothing is known, not even that there is nothing. */
  asked: number
  answered: number
}
/** Finds who holds studies of a patient. Spec 03 §6. */
export class IndexReader {
  constructor(_options: ReaderOptions, _deps: ReaderDeps) {}
  async find(_token: Uint8Array, _signal?: AbortSignal): Promise<Found> {
    throw new Error('unwritten')
  }
}
