import type { Manifest, Signed, TransferRequest, VerifySignature } from '@twiin/protocol'
import type { Clock } from '@twiin/runtime'
import type { ReceivingStudy, TransferBudget, TransferChannel } from './ports.ts'

export interface ReceiveOptions {
  /** Our own peer ID: the manifest must be made out to it. */
  recipient: string
  /** Channels at once, 1 to 8; fewer when little is missing. */
  lanes: number
  /** How long the holder may take to judge. Default 30,000 ms. */
  answerTimeoutMs?: number
}
export interface ReceiveDeps {
  /** Opens a channel to the holder, for as long as the signal allows; each lane is a connection of its own. */
  open: (lane: number, signal: AbortSignal) => Promise<TransferChannel>
  /** A freshly signed request, for each channel. */
  request: () => Signed<TransferRequest>
  store: ReceivingStudy
  verify: VerifySignature<'twiin/manifest/v1'>
  budget: TransferBudget
  clock: Clock
  /** The holder's signed manifest, before anything is asked for. */
  onManifest: (signed: Uint8Array, manifest: Manifest) => Promise<void>
  /** SOP Instance UIDs that somebody waits for: they are asked for before the others. */
  wantedFirst?: () => ReadonlySet<string>
  /** After each piece; what an earlier attempt left counts as done. */
  onProgress?: (progress: TransferProgress) => void
}
export interface TransferProgress {
  instances: { done: number; total: number }
  bytes: { done: number; total: number }
}
export interface ReceivedStudy {
  /** SHA-256 of the signed manifest handed to `onManifest`. */
  manifestDigest: Uint8Array
  instances: number
  bytes: number
}
