import { TwiinError } from '@twiin/runtime'

/** spec 00 §3: a frame is a u32 big-endian length and that many bytes. */
const HEADER_BYTES = 4

/** One buffer with the header and the parts behind each other; a copy, so that the caller may reuse its buffers. */
export function encodeFrame(parts: readonly Uint8Array[], maxFrameBytes: number): Buffer {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  if (length > maxFrameBytes) throw new TwiinError('FRAME_TOO_LARGE', { length, limit: maxFrameBytes })
  const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + length)
  frame.writeUInt32BE(length)
  let at = HEADER_BYTES
  for (const part of parts) {
    frame.set(part, at)
    at += part.byteLength
  }
  return frame
}

/** For `pipe`: chunks as they come in, frames out. Holds one frame at most. */
export function splitFrames(maxFrameBytes: number) {
  return async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const header = Buffer.alloc(HEADER_BYTES)
    let body: Buffer | undefined
    let filled = 0
    for await (const chunk of chunks) {
      let rest = chunk
      while (rest.byteLength > 0 || (body !== undefined && body.byteLength === 0)) {
        const target: Buffer = body ?? header
        const taken = rest.subarray(0, target.byteLength - filled)
        target.set(taken, filled)
        filled += taken.byteLength
        rest = rest.subarray(taken.byteLength)
        if (filled < target.byteLength) continue
        filled = 0
        if (body === undefined) {
          // spec 00 §3: the length MUST be judged before memory is set aside for it
          body = Buffer.allocUnsafeSlow(judgedLength(header, maxFrameBytes))
        } else {
          yield body
          body = undefined
        }
      }
    }
    if (filled > 0 || body !== undefined) throw new TwiinError('CHANNEL_CLOSED', { reason: 'half a frame' })
  }
}

/** For `pipe`: the sink of a conversation that is exactly one frame. */
export async function onlyFrame(frames: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let only: Uint8Array | undefined
  for await (const frame of frames) {
    if (only !== undefined) throw new TwiinError('FRAME_TOO_LARGE', { reason: 'more than one frame' })
    only = frame
  }
  if (only === undefined) throw new TwiinError('CHANNEL_CLOSED', { reason: 'no frame' })
  return only
}

function judgedLength(header: Buffer, maxFrameBytes: number): number {
  const length = header.readUInt32BE()
  if (length > maxFrameBytes) throw new TwiinError('FRAME_TOO_LARGE', { length, limit: maxFrameBytes })
  return length
}
