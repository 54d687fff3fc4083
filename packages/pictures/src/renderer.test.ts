import { expect, it } from 'vitest'
import { Renderer } from './renderer.ts'
import type { PictureRequest } from './renderer.ts'

/** A request whose frame, once asked for, is not to be had before `have` says so; then it cannot be read. */
interface Size {
  rows?: number
  columns?: number
  samplesPerPixel?: number
  bitsAllocated?: number
  frameBytes?: number
}

function request(size: Size = {}) {
  const frame = Promise.withResolvers<Uint8Array>()
  let asked = 0
  const { frameBytes = 256, ...other } = size
  const description = {
    rows: 16,
    columns: 16,
    samplesPerPixel: 1,
    bitsAllocated: 8,
    ...other,
  } as PictureRequest['description']
  return {
    asked: () => asked,
    fail: () => frame.reject(new Error('disk')),
    picture: {
      ...{ frameBytes, description, transferSyntaxUid: '1.2', type: 'image/png', quality: 90 },
      frame: () => (asked++, frame.promise),
    } satisfies PictureRequest,
  }
}

it('a frame is read when its turn comes, and one that cannot be read keeps nobody waiting', async () => {
  const renderer = new Renderer()
  const [first, second] = [request(), request()]
  const pictures = [renderer.render(first.picture), renderer.render(second.picture)]
  pictures.forEach((picture) => void picture.catch(() => {}))
  await new Promise((resolve) => setImmediate(resolve))
  expect([first.asked(), second.asked()]).toEqual([1, 0])
  first.fail()
  await expect(pictures[0]).rejects.toThrow('disk')
  await new Promise((resolve) => setImmediate(resolve))
  expect(second.asked()).toBe(1)
  second.fail()
  await expect(pictures[1]).rejects.toThrow('disk')
})

it.each<Size>([
  { rows: 65_536 },
  { frameBytes: 128 * 1024 * 1024 + 1 },
  // Pixels enough for one sample, not for four; and for one byte each, not for eight.
  { rows: 8192, columns: 8192, samplesPerPixel: 4 },
  { rows: 8192, columns: 8192, bitsAllocated: 64 },
])('a frame that is too large is not read: %o', async (size) => {
  const large = request(size)
  await expect(new Renderer().render(large.picture)).rejects.toMatchObject({ code: 'PICTURE_TOO_LARGE' })
  expect(large.asked()).toBe(0)
})

/** SIZ of a JPEG 2000 codestream (T.800 A.5.1), and no more. */
function jpeg2000(components: number): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt32BE(0xff4fff51, 0)
  bytes.writeUInt32BE(8192, 8)
  bytes.writeUInt32BE(8192, 12)
  bytes.writeUInt16BE(components, 40)
  return bytes
}

it.each([
  ['components', '1.2.840.10008.1.2.4.90', jpeg2000(16_384)],
  ['segments', '1.2.840.10008.1.2.5', Buffer.alloc(64)],
  ['size', '1.2.840.10008.1.2.4.50', Buffer.from(`ffd8ffc0000b08ffffffff0101${'00'.repeat(64)}`, 'hex')],
])('a picture that says other than its data set is not decoded: %s', async (_, transferSyntaxUid, frame) => {
  const renderer = new Renderer()
  const size = { rows: 8192, columns: 8192, frameBytes: frame.length }
  const { picture } = request(size)
  const before = process.memoryUsage().rss
  await expect(
    renderer.render({ ...picture, transferSyntaxUid, frame: async () => frame }),
  ).rejects.toMatchObject({ code: 'PICTURE_UNREADABLE' })
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 ** 2)
  await renderer.stop()
})
