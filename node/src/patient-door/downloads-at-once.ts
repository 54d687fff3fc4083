import { Readable } from 'node:stream'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { longestMs } from './sessions.ts'
import type { DoorSession } from './sessions.ts'

export interface DownloadBounds {
  /** Of the whole door. */
  most: number
  /** Of one session: a browser has six connections, and its service worker some of its own. */
  mostOfSession: number
  /** Of one share, in however many browsers: who has its code does not take the downloads of all others. */
  mostOfShare: number
  /** Milliseconds in which nobody took anything: the recipient is gone, or holds it open. */
  silentMs: number
}

/** Given out together: two hundred downloads hold 13 MB. */
const pieceBytes = 64 * 1024

/** How many files are on their way at once; more are asked to come back. */
export class DownloadsAtOnce {
  readonly #bounds: DownloadBounds
  readonly #clock: Clock
  readonly #ofSession = new WeakMap<DoorSession, number>()
  readonly #ofShare = new Map<string, number>()
  #count = 0

  constructor(bounds: DownloadBounds, deps: { clock: Clock }) {
    this.#bounds = bounds
    this.#clock = deps.clock
  }

  get count(): number {
    return this.#count
  }

  /**
   * Counts the stream until it is closed. It ends with the session, at the latest when that is two hours old, and when
   * nothing was taken from it for long. What is taken is use of the session. Throws BUSY.
   */
  admit(make: () => AsyncIterable<Uint8Array>, session: DoorSession): Readable {
    const { most, mostOfSession, mostOfShare } = this.#bounds
    const isFull =
      this.#count >= most ||
      (this.#ofSession.get(session) ?? 0) >= mostOfSession ||
      (this.#ofShare.get(session.shareId) ?? 0) >= mostOfShare
    if (isFull) throw new TwiinError('BUSY', { retryAfterSeconds: 10 })
    const { signal, beganAt } = session
    const stop = () => stream.destroy(new TwiinError('SHARE_OVER'))
    const silence = setTimeout(stop, this.#bounds.silentMs).unref()
    const longest = setTimeout(stop, Math.max(0, beganAt + longestMs - this.#clock.now())).unref()
    const stream = Readable.from(
      watched(make, () => {
        silence.refresh()
        session.usedAt = this.#clock.now()
      }),
      { objectMode: false, highWaterMark: pieceBytes },
    )
    this.#change(session, 1)
    // Whoever sends it hears of it too; it may come before he listens.
    stream.on('error', () => {})
    stream.once('close', () => {
      this.#change(session, -1)
      clearTimeout(silence)
      clearTimeout(longest)
      signal.removeEventListener('abort', stop)
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    return stream
  }

  #change(session: DoorSession, by: 1 | -1): void {
    this.#count += by
    this.#ofSession.set(session, (this.#ofSession.get(session) ?? 0) + by)
    const ofShare = (this.#ofShare.get(session.shareId) ?? 0) + by
    if (ofShare === 0) this.#ofShare.delete(session.shareId)
    else this.#ofShare.set(session.shareId, ofShare)
  }
}

/**
 * A piece is asked for when there is room for it: then the one before it was taken. Made at the first of them: nobody would
 * close a file that was opened for who went before.
 */
async function* watched(
  make: () => AsyncIterable<Uint8Array>,
  onAsked: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of make()) {
    yield piece
    onAsked()
  }
}
