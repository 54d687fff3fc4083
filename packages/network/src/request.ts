import type { Stream } from '@libp2p/interface'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import { pipe } from 'it-pipe'
import { reasonOf, unlessAborted } from './abort.ts'
import { encodeFrame, onlyFrame, splitFrames } from './frames.ts'
import { PacedChunks } from './paced-chunks.ts'
import { PacedWriter } from './paced-writer.ts'

/** spec 00 §4: one frame there, one frame back, each followed by a half close. */

/** The asking side. Throws what the stream or the signal throws; the stream is over afterwards either way. */
export async function sendRequest(
  stream: Stream,
  request: Uint8Array,
  options: { maxAnswerBytes: number; signal: AbortSignal },
): Promise<Uint8Array> {
  const incoming = new PacedChunks(stream)
  const work = async () => {
    const [answer] = await Promise.all([
      pipe(incoming, splitFrames(options.maxAnswerBytes), onlyFrame),
      sendOne(stream, request, request.byteLength, options.signal),
    ])
    return answer
  }
  try {
    return await abortOnFailure(stream, options.signal, work)
  } catch (error) {
    // a reset shows in different ways, depending on what we were doing when it came
    const refused = stream.status === 'reset' && !isTwiinError(error, 'FRAME_TOO_LARGE')
    throw refused ? new TwiinError('PEER_REFUSED', { reason: 'reset by the peer' }, { cause: error }) : error
  }
}

/** The answering side. `handle` gets the request once it is complete. */
export async function serveRequest(
  stream: Stream,
  options: { maxRequestBytes: number; maxAnswerBytes: number; signal: AbortSignal },
  handle: (request: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  const incoming = new PacedChunks(stream)
  await abortOnFailure(stream, options.signal, async () => {
    const request = await pipe(incoming, splitFrames(options.maxRequestBytes), onlyFrame)
    await sendOne(stream, await handle(request), options.maxAnswerBytes, options.signal)
  })
}

async function sendOne(
  stream: Stream,
  bytes: Uint8Array,
  maxBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const writer = new PacedWriter(stream)
  await writer.write(encodeFrame([bytes], maxBytes))
  await writer.end(signal)
}

/** A stream that failed is reset: the peer learns that, and nothing of the error. */
async function abortOnFailure<T>(stream: Stream, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const onAbort = () => stream.abort(reasonOf(signal))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) throw reasonOf(signal)
    return await unlessAborted(work(), signal)
  } catch (error) {
    stream.abort(error instanceof Error ? error : new TwiinError('UNEXPECTED'))
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
