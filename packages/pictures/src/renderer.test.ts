import { expect, it } from 'vitest'
import { Renderer } from './renderer.ts'
import type { PictureRequest } from './renderer.ts'

/** A request whose frame, once asked for, is not to be had before `have` says so; then it cannot be read. */
function request(size: { rows?: number; frameBytes?: number } = {}) {
  const frame = Promise.withResolvers<Uint8Array>()
  let asked = 0
  const { rows = 16, frameBytes = 256 } = size
  const description = { rows, columns: 16 } as PictureRequest['description']
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

it.each([{ rows: 65_536 }, { frameBytes: 128 * 1024 * 1024 + 1 }])(
  'a frame that is too large is not read: %o',
  async (size) => {
    const large = request(size)
    await expect(new Renderer().render(large.picture)).rejects.toMatchObject({ code: 'PICTURE_TOO_LARGE' })
    expect(large.asked()).toBe(0)
  },
)
