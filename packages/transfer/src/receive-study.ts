import { createHash } from 'node:crypto'
import type { ManifestInstance } from '@twiin/protocol'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import { Lane } from './lane.ts'
import type { LaneCounts } from './lane.ts'
import { openLane } from './open-lane.ts'
import type { OpenLane } from './open-lane.ts'
import type { ReceiveDeps, ReceiveOptions, ReceivedStudy, TransferProgress } from './receive-deps.ts'
import { WorkList } from './work-list.ts'

/** Another connection pays only when it has something to carry. */
const bytesPerLane = 8 * 1024 * 1024
const mostLanes = 8

/**
 * The receiver's side: pulls what is missing of one study. Resolves when every instance of the manifest is verified and
 * committed. Spec 05 §4.
 * @throws TwiinError with a `TransferErrorCode`; the signal's reason; what the store throws
 */
export async function receiveStudy(
  options: ReceiveOptions,
  deps: ReceiveDeps,
  signal: AbortSignal,
): Promise<ReceivedStudy> {
  const settings = { answerTimeoutMs: 30_000, ...options }
  const over = new AbortController()
  const until = AbortSignal.any([signal, over.signal])
  try {
    signal.throwIfAborted()
    const first = await openLane(0, settings, deps, until)
    const { message, bytes } = first.manifest
    const total = sumBytes(message.instances)
    let work: WorkList
    try {
      await deps.onManifest(bytes, message)
      work = await WorkList.of(message.instances, deps.store, deps.wantedFirst)
    } catch (error) {
      first.abort(new TwiinError('TRANSFER_CUT'))
      throw error
    }
    const counts = new Counts(message.instances, work, deps)
    await runLanes(first, { work, counts, signal: until }, settings, deps, over)
    signal.throwIfAborted()
    // The one condition for success: not that nothing is left to do, but that everything was done.
    if (counts.missing > 0) throw new TwiinError('TRANSFER_CUT', { missing: counts.missing })
    const manifestDigest = new Uint8Array(createHash('sha256').update(bytes).digest())
    return { manifestDigest, instances: message.instances.length, bytes: total }
  } catch (error) {
    // Our own end broke the channels: that is what the caller wants to hear, not that they were cut.
    signal.throwIfAborted()
    throw error
  } finally {
    over.abort(new TwiinError('TRANSFER_STOPPED'))
  }
}

/** All lanes to their end. One that is cut leaves its work to the others; anything else ends them all. */
async function runLanes(
  first: OpenLane,
  shared: { work: WorkList; counts: LaneCounts; signal: AbortSignal },
  settings: Required<ReceiveOptions>,
  deps: ReceiveDeps,
  over: AbortController,
): Promise<void> {
  const useful = Math.min(shared.work.size, Math.ceil(shared.work.bytes / bytesPerLane))
  const lanes = Math.max(1, Math.min(settings.lanes, mostLanes, useful))
  const failures: unknown[] = []
  let cut: unknown
  const run = async (number: number) => {
    try {
      const open = number === 0 ? first : await openLane(number, settings, deps, shared.signal)
      await new Lane(open, deps, shared).run()
    } catch (error) {
      const survivable =
        isTwiinError(error, 'TRANSFER_CUT') || (number > 0 && isTwiinError(error, 'TRANSFER_REFUSED'))
      if (survivable) return void (cut ??= error)
      failures.push(error)
      over.abort(new TwiinError('TRANSFER_STOPPED'))
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, number) => run(number)))
  if (failures.length > 0) throw failures[0] as Error
  if (shared.work.size > 0 && cut !== undefined) throw cut as Error
}

class Counts implements LaneCounts {
  readonly #progress: TransferProgress
  readonly #report: (progress: TransferProgress) => void

  constructor(instances: readonly ManifestInstance[], missing: WorkList, { onProgress }: ReceiveDeps) {
    const total = sumBytes(instances)
    this.#progress = {
      instances: { done: instances.length - missing.size, total: instances.length },
      bytes: { done: total - missing.bytes, total },
    }
    this.#report = onProgress ?? (() => {})
  }

  get missing(): number {
    return this.#progress.instances.total - this.#progress.instances.done
  }
  stored(bytes: number): void {
    this.#progress.bytes.done += bytes
    this.#tell()
  }
  committed(): void {
    this.#progress.instances.done++
    this.#tell()
  }
  #tell(): void {
    this.#report({ instances: { ...this.#progress.instances }, bytes: { ...this.#progress.bytes } })
  }
}

const sumBytes = (instances: readonly ManifestInstance[]) =>
  instances.reduce((sum, { bytes }) => sum + bytes, 0)
