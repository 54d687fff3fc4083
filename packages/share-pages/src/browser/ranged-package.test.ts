import { expect, test } from 'vitest'
import { RangedPackage, SessionOver } from './ranged-package.ts'

const file = Uint8Array.from({ length: 5_000 }, (_, at) => at % 251)

/** A server that answers ranges; `cut` says after how many bytes a connection breaks. */
function server(cut: (call: number) => number | undefined, status = 206) {
  const asked: string[] = []
  const fetch = async (_address: string, init: RequestInit): Promise<Response> => {
    const range = new Headers(init.headers).get('range') ?? ''
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
    asked.push(range)
    const bytes = file.slice(Number(start), Number(end) + 1)
    const most = cut(asked.length)
    if (most === 0) throw new TypeError('Failed to fetch')
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(bytes.slice(0, most))
        if (most === undefined) controller.close()
        else queueMicrotask(() => controller.error(new TypeError('network error')))
      },
    })
    return new Response(body, { status })
  }
  return { asked, fetch }
}

const reading = (from: ReturnType<typeof server>, more: { tries?: number; ahead?: number } = {}) => {
  const pauses: number[] = []
  const source = new RangedPackage(
    { address: '/z/l/package', size: file.length, tries: 3, ahead: 0, ...more },
    { fetch: from.fetch, pause: async (ms) => void pauses.push(ms) },
  )
  return { source, pauses }
}

test('a connection that broke is taken up where it broke, after pauses that grow', async () => {
  const from = server((call) => (call === 1 ? 100 : call === 2 || call === 3 ? 0 : undefined))
  const { source, pauses } = reading(from)
  expect(await source.read(1_000, 500)).toEqual(file.slice(1_000, 1_500))
  expect(from.asked[0]).toBe('bytes=1000-1499')
  expect(['bytes=1000-1499', 'bytes=1100-1499']).toContain(from.asked.at(-1))
  expect(pauses).toEqual([500, 1_000, 2_000].slice(0, pauses.length))
  expect(pauses.length).toBe(3)
})

test('a connection that stays away is gone after so many tries', async () => {
  const from = server(() => 0)
  await expect(reading(from, { tries: 2 }).source.read(0, 10)).rejects.toThrow('Failed to fetch')
  expect(from.asked).toHaveLength(3)
})

test('a session that is over is not tried again', async () => {
  const from = server(() => undefined, 401)
  await expect(reading(from).source.read(0, 10)).rejects.toBeInstanceOf(SessionOver)
  expect(from.asked).toHaveLength(1)
})

test('who reads on gets more at once, and never beyond the end', async () => {
  const from = server(() => undefined)
  const { source } = reading(from, { ahead: 4_096 })
  const parts = []
  for (let at = 0; at < file.length; at += 500) parts.push(...(await source.read(at, 500)))
  expect(Uint8Array.from(parts)).toEqual(file)
  expect(from.asked.length).toBeLessThan(4)
  expect(from.asked.at(-1)).toMatch(/-4999$/)
})
