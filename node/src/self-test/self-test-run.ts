import type { SyntheticStudy } from './synthetic-study.ts'

/** On whose behalf a question or an offer of a run is made. No person has this role: by it they are told apart. */
export const selfTestUser = { id: 'self-test', name: 'Self-test', role: 'self-test' } as const

/** What a run has made on this node. All of it is in memory and gone with the run, but for the entry in the index. */
export interface SelfTestRun {
  /** 16 bytes. */
  readonly id: Uint8Array
  /** The same in hexadecimal, for records. */
  readonly name: string
  /** Peer ID of the keeper that leads it. */
  readonly keeper: string
  /** Aborted when the run is over, however it ended. */
  readonly over: AbortController
  /** The other end. */
  peer?: string
  held?: HeldSynthetic
  sending?: SyntheticSend
  arrival?: SyntheticArrival
}

/** Where the entry of this node's study stands in the index. */
export interface HeldSynthetic {
  readonly study: SyntheticStudy
  readonly epoch: number
  readonly loc: Uint8Array
}

/** An offer of this node's study, and what has come of it. */
export interface SyntheticSend {
  readonly study: SyntheticStudy
  readonly package: Uint8Array
  /** SHA-256 of each manifest under which it was collected to the end. */
  readonly manifests: Uint8Array[]
  /** SHA-256 of the manifests that the receipt names; undefined until it is there. */
  receipt?: readonly Uint8Array[]
  /** Told when one of these two changed. */
  changed: PromiseWithResolvers<void>
}

/** The peer's study on its way here. */
export interface SyntheticArrival {
  /** Resolves when it is whole and verified. */
  readonly whole: Promise<void>
  failed: boolean
}
