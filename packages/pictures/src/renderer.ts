import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { TwiinError } from '@twiin/runtime'
import type { Rendered, RenderRequest, Viewport } from './render-frame.ts'
import type { RenderAnswer } from './render-worker.ts'

/** A mammogram has 27 million. */
const mostPixels = 64 * 1024 * 1024
/** Of one decoded frame. */
const mostDecodedBytes = 256 * 1024 * 1024
const mostSides = 65_535
const mostFrameBytes = 128 * 1024 * 1024
const mostWaiting = 64
/** Far more than any picture takes, on a busy machine. */
const limitMs = 20_000
const resourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 }

/** What a picture is made of; its frame is read when its turn comes, so that no two are in memory. */
export interface PictureRequest extends Omit<RenderRequest, 'frame' | 'viewports'> {
  /** Bytes of the frame, known before it is read. */
  frameBytes: number
  frame: () => Promise<Uint8Array>
  /** The picture is scaled to fit. */
  viewport?: Viewport
}

/**
 * Makes pictures one after the other in a thread of its own, which is replaced when it takes too long or dies. Throws
 * `PICTURE_TOO_LARGE`, `PICTURE_UNREADABLE`, `PICTURE_UNSUPPORTED`, `RENDERER_BUSY`.
 */
export class Renderer {
  #worker: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  async render({ viewport, ...request }: PictureRequest): Promise<Buffer> {
    const [picture] = await this.renderSizes(request, [viewport])
    if (picture === undefined) throw new TwiinError('PICTURE_UNREADABLE')
    return picture.bytes
  }

  /** A picture for each viewport, the largest first, of a frame that is read and decoded once. Throws as `render` does. */
  async renderSizes(
    request: Omit<PictureRequest, 'viewport'>,
    viewports: readonly (Viewport | undefined)[],
  ): Promise<Rendered[]> {
    const { rows, columns, samplesPerPixel, bitsAllocated } = request.description
    const asked = viewports.reduce((sum, one) => sum + (one?.width ?? 1) * (one?.height ?? 1), 0)
    // Before anything is allocated: the frame decoded, and the picture it is scaled to.
    const samples = rows * columns * samplesPerPixel
    const decodedBytes = (samples * bitsAllocated) / 8
    const isTooLarge =
      samples > mostPixels || decodedBytes > mostDecodedBytes || Math.max(rows, columns) > mostSides
    if (isTooLarge || asked > mostPixels || request.frameBytes > mostFrameBytes)
      throw new TwiinError('PICTURE_TOO_LARGE')
    if (this.#waiting >= mostWaiting) throw new TwiinError('RENDERER_BUSY')
    this.#waiting++
    const turn = this.#last.then(() => this.#make(request, viewports))
    this.#last = turn.catch(() => {}).finally(() => this.#waiting--)
    return turn
  }

  async stop(): Promise<void> {
    await this.#worker?.terminate()
  }

  async #make(
    { frame: read, frameBytes: _, ...request }: Omit<PictureRequest, 'viewport'>,
    viewports: readonly (Viewport | undefined)[],
  ): Promise<Rendered[]> {
    const answer = await this.#ask({ ...request, viewports, frame: await inTime(read) })
    if ('code' in answer) throw new TwiinError(answer.code)
    return answer.pictures.map(({ bytes, ...size }) => ({ ...size, bytes: Buffer.from(bytes.buffer) }))
  }

  async #ask(request: RenderRequest): Promise<RenderAnswer> {
    const worker = (this.#worker ??= this.#start())
    const timer = new AbortController()
    const timeOut = setTimeout(() => timer.abort(), limitMs)
    worker.ref()
    try {
      const gone = once(worker, 'exit', { signal: timer.signal }).then(() => {
        throw new TwiinError('PICTURE_UNREADABLE')
      })
      gone.catch(() => {})
      worker.postMessage(request)
      const [answer] = (await Promise.race([once(worker, 'message', { signal: timer.signal }), gone])) as [
        RenderAnswer,
      ]
      worker.unref()
      return answer
    } catch {
      // Whatever it was in the middle of, the next picture gets a new thread.
      this.#worker = undefined
      await worker.terminate()
      throw new TwiinError('PICTURE_UNREADABLE')
    } finally {
      clearTimeout(timeOut)
      timer.abort()
    }
  }

  #start(): Worker {
    const program = new URL('./render-worker.ts', import.meta.url)
    const worker = new Worker(program, { resourceLimits, stdout: true, stderr: true, env: {} })
    worker.on('error', () => (this.#worker = undefined))
    return worker
  }
}

/** Others wait for their turn. */
async function inTime(read: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>()
  const timeOut = setTimeout(() => late.reject(new TwiinError('PICTURE_UNREADABLE')), limitMs)
  try {
    return await Promise.race([read(), late.promise])
  } finally {
    clearTimeout(timeOut)
  }
}
