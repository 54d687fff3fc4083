import type { ManifestInstance, TransferRequest } from '@twiin/protocol'

/** What a transfer needs from the node around it. */

/** A conversation in frames with one peer; `packages/network` has it. */
export interface TransferChannel {
  /** Aborted when the channel is over for whatever reason. */
  readonly signal: AbortSignal
  /** Awaiting it is the back-pressure. An array is the parts of one frame. */
  send(frame: Uint8Array | readonly Uint8Array[]): Promise<void>
  /** Read once. Ends when the peer called `end()`. */
  frames(): AsyncIterable<Uint8Array>
  end(): Promise<void>
  abort(error: Error): void
}

/** One budget for the buffers of all transfers of a process. */
export interface TransferBudget {
  acquire(bytes: number, signal?: AbortSignal): Promise<{ release(): void }>
}

/** The holder's studies. */
export interface StudySource {
  /** Empty when there is no such study. What was collected may be a part of it (spec 20 §3). */
  manifestInstances(
    studyInstanceUid: string,
    /** What it is asked for by. */
    request?: TransferRequest,
  ): Promise<readonly ManifestInstance[]>
  /** The data set's bytes from `offset` on, exactly as received. */
  read(studyInstanceUid: string, instance: ManifestInstance, offset: number): AsyncIterable<Uint8Array>
}

export type Verdict =
  /** `watch` aborts when the right ends: consent withdrawn, peer revoked. */
  { permitted: true; watch: AbortSignal } | { permitted: false; reason: string }

/** Decides, now, whether this peer gets this study (spec 05 §2), and that the request was not seen before. */
export interface Gatekeeper {
  judge(request: TransferRequest, peerId: string): Promise<Verdict>
  /** Called once for each request that was permitted, when its channel is over, whatever came of it. */
  forget(request: TransferRequest): void
}

/** Where a study that arrives is kept, for one job, across restarts. */
export interface ReceivingStudy {
  /** True when this instance, with this digest, is complete, verified and durable. */
  has(instance: ManifestInstance): Promise<boolean>
  /** Bytes of it that are safely stored and can be continued; 0 for none. */
  stored(instance: ManifestInstance): Promise<number>
  /** Continues behind the stored bytes. At most one is open for an instance. */
  open(instance: ManifestInstance): Promise<ReceivingInstance>
}
export interface ReceivingInstance {
  /** Bytes stored before this opening: what `stored` said. */
  readonly offset: number
  write(chunk: Uint8Array): Promise<void>
  /** SHA-256 of all bytes so far, those before `offset` included. */
  digest(): Uint8Array
  /** Verified: make it durable and let it count. Called once; nothing after it, but `discard` when it failed. */
  commit(): Promise<void>
  /** Wrong: forget the bytes. Does nothing when they were let go of. */
  discard(): Promise<void>
  /** Interrupted: keep the bytes for the next `open`. */
  suspend(): Promise<void>
}
