import type { Signer } from '@twiin/protocol'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { EntryDomain, IndexNetwork, Membership, PublicationState, PublishedStudy } from './ports.ts'

export interface PublisherDeps {
  signer: Signer<EntryDomain>
  network: IndexNetwork
  membership: Membership
  state: PublicationState
  clock: Clock
  log: Logger
  /** Cryptographic random bytes. */
  random: (bytes: number) => Uint8Array
}
export interface PublisherStatus {
  /** (entry, replica) pairs still to be stored. */
  pending: number
  /** Replicas that do not answer or refuse, with what waits for them. */
  waitingFor: { peerId: string; entries: number; reason: string }[]
}
/** Which replicas have the wanted state of a patient, and which will get it when they are back. */
export interface Placed {
  stored: string[]
  away: string[]
}
/** Keeps the index in step with what this hospital wants to be seen. Spec 03 §6. */
export class IndexPublisher implements Service {
  readonly name = 'index-publisher'
  constructor(_options: object, _deps: PublisherDeps) {}
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  /**
   * Wanted state of one patient: studies to show (none: that there is something), or undefined = withdraw. Durable when
   * it resolves; replicas follow. One key for each patient, that is for each BSN: two keys with one token would fight.
   */
  async want(
    _patientKey: string,
    _token: Uint8Array,
    _studies: readonly PublishedStudy[] | undefined,
  ): Promise<void> {}
  /** Resolves when every replica that answers has the patient's wanted state. */
  async settled(_patientKey: string, _signal?: AbortSignal): Promise<Placed> {
    throw new Error('unwritten')
  }
  status(): PublisherStatus {
    throw new Error('unwritten')
  }
}
