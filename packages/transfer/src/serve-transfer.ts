import type { Signer, TransferRequest, VerifySignature } from '@twiin/protocol'
import type { Clock } from '@twiin/runtime'
import type { Gatekeeper, StudySource, TransferBudget, TransferChannel } from './ports.ts'

export interface ServeOptions {
  /** How long a peer may take to say what it wants. Default 10,000 ms. */
  requestTimeoutMs?: number
}
export interface ServeDeps {
  source: StudySource
  gatekeeper: Gatekeeper
  signer: Signer<'twiin/manifest/v1'>
  verify: VerifySignature<'twiin/request/v1'>
  budget: TransferBudget
  clock: Clock
  /** Called once for each permitted request, when the channel is over, however it ended. */
  onServed: (served: Served) => Promise<void>
}
export interface Served {
  request: TransferRequest
  peerId: string
  /** SHA-256 of the signed manifest. */
  manifestDigest: Uint8Array
  /** Pieces of instances sent to their end, and bytes handed to the transport. */
  instances: number
  bytes: number
  /** Code of what cut it; absent when the receiver ended it. */
  cut?: string
}
/** The holder's side of one channel. Spec 05 §1–3. Rejects with the error that ended it early. */
export declare function serveTransfer(
  channel: TransferChannel,
  peerId: string,
  options: ServeOptions,
  deps: ServeDeps,
): Promise<void>
