import { manifest } from '@twiin/protocol'
import type { Manifest, ManifestInstance, Signed } from '@twiin/protocol'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import { controlFrame, decodeFrame } from './frames.ts'
import type { Frame } from './frames.ts'
import type { TransferChannel } from './ports.ts'
import type { ReceiveDeps, ReceiveOptions } from './receive-deps.ts'
import { within } from './within.ts'

/** A channel on which the holder has permitted the transfer and sent its manifest. */
export class OpenLane {
  readonly manifest: Signed<Manifest>
  readonly #channel: TransferChannel
  readonly #frames: AsyncIterator<Uint8Array>
  readonly #places: Map<string, number>

  constructor(channel: TransferChannel, frames: AsyncIterator<Uint8Array>, signed: Signed<Manifest>) {
    this.#channel = channel
    this.#frames = frames
    this.manifest = signed
    this.#places = new Map(signed.message.instances.map((instance, i) => [nameOf(instance), i]))
  }

  /** The place of an instance in this lane's manifest: manifests of one job may differ (spec 05 §3). */
  placeOf(instance: ManifestInstance): number | undefined {
    return this.#places.get(nameOf(instance))
  }

  /** @throws TwiinError TRANSFER_CUT when the channel broke or ended, FRAME_INVALID */
  async next(): Promise<Frame & { size: number }> {
    const next = await cutOf(this.#frames.next())
    if (next.done === true) throw new TwiinError('TRANSFER_CUT', { code: 'ENDED_EARLY' })
    return { ...decodeFrame(next.value), size: next.value.byteLength }
  }

  async want(pieces: { index: number; offset: number }[]): Promise<void> {
    await cutOf(this.#channel.send(controlFrame({ kind: 'want', pieces })))
  }

  /** Says that nothing more is wanted, and gives the holder a moment to say goodbye. */
  async close({ clock }: Pick<ReceiveDeps, 'clock'>): Promise<void> {
    const ended = this.#channel.end().then(() => this.#frames.next())
    const goodbye = await within(goodbyeMs, clock, ended).catch(() => undefined)
    if (goodbye?.done !== true) this.abort(new TwiinError('FRAME_INVALID', { expected: 'end' }))
  }

  abort(error: Error): void {
    this.#channel.abort(error)
  }
}

const goodbyeMs = 2000

/**
 * Opens a channel, asks, and takes the holder's manifest.
 * @throws TwiinError TRANSFER_CUT, TRANSFER_REFUSED (`reason`), MANIFEST_INVALID, FRAME_INVALID
 */
export async function openLane(
  lane: number,
  options: Required<ReceiveOptions>,
  deps: ReceiveDeps,
  signal: AbortSignal,
): Promise<OpenLane> {
  const channel = await cutOf(deps.open(lane, signal))
  const stop = () => channel.abort(new TwiinError('TRANSFER_STOPPED'))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const request = deps.request()
    await cutOf(channel.send(controlFrame({ kind: 'request', signed: request.bytes })))
    const frames = channel.frames()[Symbol.asyncIterator]()
    const first = await within(options.answerTimeoutMs, deps.clock, cutOf(frames.next()))
    if (first.done === true) throw new TwiinError('TRANSFER_CUT', { code: 'ENDED_EARLY' })
    const frame = decodeFrame(first.value)
    if (frame.kind === 'control' && frame.control.kind === 'refused')
      throw new TwiinError('TRANSFER_REFUSED', { reason: frame.control.reason })
    if (frame.kind !== 'control' || frame.control.kind !== 'manifest')
      throw new TwiinError('FRAME_INVALID', { expected: 'manifest' })
    const { holder, studyInstanceUid } = request.message
    const expected = { holder, studyInstanceUid, recipient: options.recipient }
    return new OpenLane(channel, frames, openManifest(frame.control.signed, expected, deps))
  } catch (error) {
    channel.abort(error instanceof Error ? error : new TwiinError('UNEXPECTED'))
    throw error
  }
}

/** spec 05 §3: by this holder, to us, about this study, each instance once. */
function openManifest(
  bytes: Uint8Array,
  expected: { holder: string; recipient: string; studyInstanceUid: string },
  { verify }: ReceiveDeps,
): Signed<Manifest> {
  let signed: Signed<Manifest>
  try {
    signed = manifest.open(bytes, expected.holder, verify)
  } catch (cause) {
    throw new TwiinError('MANIFEST_INVALID', { at: codeOf(cause) }, { cause })
  }
  const { message } = signed
  const at = (['holder', 'recipient', 'studyInstanceUid'] as const).find(
    (key) => message[key] !== expected[key],
  )
  if (at !== undefined) throw new TwiinError('MANIFEST_INVALID', { at })
  if (
    new Set(message.instances.map(({ sopInstanceUid }) => sopInstanceUid)).size !== message.instances.length
  )
    throw new TwiinError('MANIFEST_INVALID', { at: 'instances' })
  return signed
}

const nameOf = ({ sopInstanceUid, bytes, sha256 }: ManifestInstance) =>
  `${sopInstanceUid} ${bytes} ${Buffer.from(sha256).toString('hex')}`

/** Whatever ends a channel is a cut: the caller asks again. */
async function cutOf<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (cause) {
    if (isTwiinError(cause, 'TRANSFER_CUT')) throw cause
    throw new TwiinError('TRANSFER_CUT', { code: codeOf(cause) }, { cause })
  }
}
