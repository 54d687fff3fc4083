import { createHash } from 'node:crypto'
import { limits, manifest, transferRequest } from '@twiin/protocol'
import type {
  ManifestInstance,
  Signer,
  TransferControl,
  TransferRequest,
  VerifySignature,
} from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { controlFrame, decodeFrame, pieceFrame } from './frames.ts'
import type { Gatekeeper, StudySource, TransferBudget, TransferChannel } from './ports.ts'
import { within } from './within.ts'

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
  /** Called once for each request that was answered with a manifest, when the channel is over, however it ended. */
  onServed: (served: Served) => Promise<void>
  /** A refusal that the gatekeeper was not asked about, before the peer hears it. */
  onRefused?: (request: TransferRequest, peerId: string, reason: string) => Promise<void>
}
export interface Served {
  request: TransferRequest
  peerId: string
  /** SHA-256 of the signed manifest. */
  manifestDigest: Uint8Array
  /** Instances sent to their end, and bytes handed to the transport. */
  instances: number
  bytes: number
  /** Instances of the manifest. */
  named: number
  /** Code of what cut it; absent when the receiver ended it. */
  cut?: string
}

/** spec 05 §2: a request is good for a minute, the job that a user authorised for a day. */
const requestLifeMs = 60_000
const jobLifeMs = 24 * 60 * 60_000

/**
 * The holder's side of one channel, to its end. Spec 05 §1–3. Rejects with what ended it early, after the channel was
 * aborted; a refusal is no error.
 */
export async function serveTransfer(
  channel: TransferChannel,
  peerId: string,
  options: ServeOptions,
  deps: ServeDeps,
): Promise<void> {
  try {
    const frames = channel.frames()[Symbol.asyncIterator]()
    const request = await readRequest(frames, peerId, options, deps)
    const refuseUnasked = async (reason: string) => {
      await deps.onRefused?.(request, peerId, reason)
      await refuse(channel, reason)
    }
    const reason = staleness(request, deps)
    if (reason !== undefined) return await refuseUnasked(reason)
    const verdict = await deps.gatekeeper.judge(request, peerId)
    if (!verdict.permitted) return await refuse(channel, verdict.reason)
    try {
      const instances = await deps.source.manifestInstances(request.studyInstanceUid, request)
      if (instances.length === 0) return await refuseUnasked('STUDY_UNKNOWN')
      const signed = signManifest(request, peerId, instances, deps)
      if (signed === undefined) return await refuseUnasked('STUDY_TOO_LARGE')
      const permitted = { request, instances, watch: verdict.watch }
      await new Conversation(channel, frames, permitted, deps).run(peerId, signed)
    } finally {
      deps.gatekeeper.forget(request)
    }
  } catch (error) {
    channel.abort(error instanceof Error ? error : new TwiinError('UNEXPECTED'))
    throw error
  }
}

async function readRequest(
  frames: AsyncIterator<Uint8Array>,
  peerId: string,
  { requestTimeoutMs = 10_000 }: ServeOptions,
  { clock, verify }: ServeDeps,
): Promise<TransferRequest> {
  const first = await within(requestTimeoutMs, clock, frames.next())
  if (first.done === true) throw new TwiinError('TRANSFER_CUT', { code: 'NO_REQUEST' })
  const frame = decodeFrame(first.value)
  if (frame.kind !== 'control' || frame.control.kind !== 'request')
    throw new TwiinError('FRAME_INVALID', { expected: 'request' })
  // spec 04 §2: a signature that is not the channel's peer's resets the stream, without an answer.
  return transferRequest.open(frame.control.signed, peerId, verify).message
}

function staleness(request: TransferRequest, { signer, clock }: ServeDeps): string | undefined {
  const now = clock.now()
  if (request.holder !== signer.peerId || Math.abs(now - request.issuedAt) > requestLifeMs)
    return 'REQUEST_INVALID'
  if (request.kind !== 'retrieve') return undefined
  const age = now - request.authorisedAt
  return age > jobLifeMs || age < -requestLifeMs ? 'JOB_EXPIRED' : undefined
}

async function refuse(channel: TransferChannel, reason: string): Promise<void> {
  await channel.send(controlFrame({ kind: 'refused', reason }))
  await channel.end()
}

function signManifest(
  { studyInstanceUid }: TransferRequest,
  recipient: string,
  instances: readonly ManifestInstance[],
  { signer, clock }: ServeDeps,
): Uint8Array | undefined {
  if (instances.length > limits.instancesPerManifest) return undefined
  const { bytes } = manifest.sign(
    {
      holder: signer.peerId,
      recipient,
      issuedAt: clock.now(),
      studyInstanceUid,
      instances: [...instances],
    },
    signer,
  )
  return bytes.byteLength > limits.transferFrameBytes - 4096 ? undefined : bytes
}

interface Permitted {
  readonly request: TransferRequest
  readonly instances: readonly ManifestInstance[]
  readonly watch: AbortSignal
}

/** What follows a permission: the manifest, and pieces as long as they are wanted and permitted. */
class Conversation {
  readonly #channel: TransferChannel
  readonly #frames: AsyncIterator<Uint8Array>
  readonly #permitted: Permitted
  readonly #deps: ServeDeps
  /** Aborts when nothing more may or can be sent. */
  readonly #over: AbortSignal
  /** Everything, and everything once more for digests that did not agree; whoever wants more wants to keep us busy. */
  readonly #mostBytes: number
  #instances = 0
  #bytes = 0

  constructor(
    channel: TransferChannel,
    frames: AsyncIterator<Uint8Array>,
    permitted: Permitted,
    deps: ServeDeps,
  ) {
    this.#channel = channel
    this.#frames = frames
    this.#permitted = permitted
    this.#deps = deps
    this.#over = AbortSignal.any([channel.signal, permitted.watch])
    this.#mostBytes = 2 * permitted.instances.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async run(peerId: string, signed: Uint8Array): Promise<void> {
    const { request, instances, watch } = this.#permitted
    const manifestDigest = new Uint8Array(createHash('sha256').update(signed).digest())
    // spec 05 §2: the channel is cut when the right ends, also while it waits for the receiver.
    const stop = () => this.#channel.abort(new TwiinError('TRANSFER_STOPPED'))
    watch.addEventListener('abort', stop, { once: true })
    let cut: string | undefined
    try {
      // The right may have ended while the manifest was made; an abort is announced only once.
      if (watch.aborted) stop()
      await this.#channel.send(controlFrame({ kind: 'manifest', signed }))
      await this.#serveWants()
      await this.#channel.end()
    } catch (error) {
      cut = watch.aborted ? 'TRANSFER_STOPPED' : codeOf(error)
      throw watch.aborted ? new TwiinError('TRANSFER_STOPPED', {}, { cause: error }) : error
    } finally {
      watch.removeEventListener('abort', stop)
      const counted = { instances: this.#instances, bytes: this.#bytes, named: instances.length }
      const served = { request, peerId, manifestDigest, ...counted }
      await this.#deps.onServed(cut === undefined ? served : { ...served, cut })
    }
  }

  async #serveWants(): Promise<void> {
    for (;;) {
      const next = await this.#frames.next()
      if (next.done === true) return
      const frame = decodeFrame(next.value)
      if (frame.kind !== 'control' || frame.control.kind !== 'want')
        throw new TwiinError('FRAME_INVALID', { expected: 'want' })
      const wanted = this.#judgeWant(frame.control)
      for (const { index, offset, instance } of wanted) await this.#sendInstance(index, offset, instance)
      await this.#channel.send(controlFrame({ kind: 'done' }))
    }
  }

  #judgeWant({ pieces }: Extract<TransferControl, { kind: 'want' }>) {
    if (new Set(pieces.map(({ index }) => index)).size !== pieces.length)
      throw new TwiinError('REQUEST_INVALID')
    return pieces.map(({ index, offset }) => {
      const instance = this.#permitted.instances[index]
      if (instance === undefined || offset >= instance.bytes)
        throw new TwiinError('REQUEST_INVALID', { index, offset })
      return { index, offset, instance }
    })
  }

  async #sendInstance(index: number, from: number, instance: ManifestInstance): Promise<void> {
    const { source, budget } = this.#deps
    const { studyInstanceUid } = this.#permitted.request
    const chunks = source.read(studyInstanceUid, instance, from)[Symbol.asyncIterator]()
    let offset = from
    try {
      for (;;) {
        // Leased before it is read and until the transport has it, so that slow receivers cannot fill our memory.
        const lease = await budget.acquire(limits.transferPieceBytes, this.#over)
        try {
          const chunk = await chunks.next()
          if (chunk.done === true) break
          if (this.#bytes > this.#mostBytes) throw new TwiinError('REQUEST_INVALID', { bytes: this.#bytes })
          if (offset + chunk.value.byteLength > instance.bytes)
            throw new TwiinError('SOURCE_CHANGED', { index })
          for (let at = 0; at < chunk.value.byteLength; at += limits.transferPieceBytes) {
            const bytes = chunk.value.subarray(at, at + limits.transferPieceBytes)
            await this.#channel.send(pieceFrame({ index, offset, bytes }))
            offset += bytes.byteLength
            this.#bytes += bytes.byteLength
          }
        } finally {
          lease.release()
        }
      }
    } finally {
      await chunks.return?.()
    }
    if (offset !== instance.bytes) throw new TwiinError('SOURCE_CHANGED', { index })
    this.#instances++
  }
}
