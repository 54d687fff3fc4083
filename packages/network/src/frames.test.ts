import fc from 'fast-check'
import { pipe } from 'it-pipe'
import { describe, expect, it } from 'vitest'
import { encodeFrame, onlyFrame, splitFrames } from './frames.ts'

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function split(bytes: Uint8Array, sizes: readonly number[], max: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for await (const frame of pipe(chunksOf(bytes, sizes), splitFrames(max))) frames.push(frame)
  return frames
}

describe('frames', () => {
  it('come out as they went in, however the network cuts them', async () => {
    const frame = fc.uint8Array({ maxLength: 50 })
    const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(fc.array(frame), cuts, async (frames, sizes) => {
        const bytes = Buffer.concat(frames.map((one) => encodeFrame([one], 50)))
        const result = await split(bytes, sizes, 50)
        expect(result.map((one) => [...one])).toEqual(frames.map((one) => [...one]))
      }),
    )
  })

  it('that are too long, cut off, or more than the one agreed are errors', async () => {
    await expect(split(Buffer.from('00000033', 'hex'), [4], 50)).rejects.toThrow('FRAME_TOO_LARGE')
    expect(await split(encodeFrame([Buffer.alloc(50)], 50), [7], 50)).toHaveLength(1)
    await expect(split(Buffer.from('0000000201', 'hex'), [5], 50)).rejects.toThrow('CHANNEL_CLOSED')
    await expect(split(Buffer.from('000000', 'hex'), [5], 50)).rejects.toThrow('CHANNEL_CLOSED')
    const two = Buffer.concat([encodeFrame([], 50), encodeFrame([], 50)])
    await expect(pipe(chunksOf(two, [1]), splitFrames(50), onlyFrame)).rejects.toThrow('more than one frame')
    await expect(pipe(chunksOf(Buffer.alloc(0), [1]), splitFrames(50), onlyFrame)).rejects.toThrow('no frame')
  })
})
