import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { ShiftableClock } from '@twiin/runtime'
import { expect, test } from 'vitest'
import { DownloadsAtOnce } from './downloads-at-once.ts'
import { DoorSession, idleMs, longestMs } from './sessions.ts'

const bounds = { most: 4, mostOfSession: 2, mostOfShare: 4, silentMs: 60_000 }
const sessionAt = (now: number) => new DoorSession({ shareId: 'one', link: 'l', now })

async function* endless() {
  for (;;) {
    await setImmediate()
    yield new Uint8Array(64 * 1024)
  }
}

test('a file that nobody takes ends, and is counted no more', async () => {
  const clock = new ShiftableClock()
  const downloads = new DownloadsAtOnce({ ...bounds, silentMs: 50 }, { clock })
  const stream = downloads.admit(endless, sessionAt(clock.now()))
  stream.once('readable', () => {})
  const [error] = (await once(stream, 'error')) as { code?: string }[]
  if (!stream.closed) await once(stream, 'close')
  expect([error?.code, downloads.count]).toEqual(['SHARE_OVER', 0])
})

test('a file ends with the longest session, also while it is taken', async () => {
  const clock = new ShiftableClock()
  const session = sessionAt(clock.now())
  clock.moveOn(longestMs - 50)
  const downloads = new DownloadsAtOnce(bounds, { clock })
  const stream = downloads.admit(endless, session)
  stream.resume()
  const [error] = (await once(stream, 'error')) as { code?: string }[]
  expect(error?.code).toBe('SHARE_OVER')
})

test('who takes a file uses the session', async () => {
  const clock = new ShiftableClock()
  const session = sessionAt(clock.now())
  const downloads = new DownloadsAtOnce(bounds, { clock })
  const stream = downloads.admit(endless, session)
  const pieces = stream.iterator()
  clock.moveOn(idleMs - 1)
  for (let i = 0; i < 4; i++) await pieces.next()
  expect(session.usedAt).toBeGreaterThanOrEqual(session.beganAt + idleMs - 1)
  stream.destroy()
})

test('one session has so many, and the node; what ends makes room', async () => {
  const clock = new ShiftableClock()
  const downloads = new DownloadsAtOnce(bounds, { clock })
  const sessions = [0, 1, 2].map(() => sessionAt(clock.now()))
  const admit = (of: number) => downloads.admit(endless, sessions[of]!)
  const [first] = [admit(0), admit(0)]
  expect(() => admit(0)).toThrow('BUSY')
  admit(1)
  admit(1)
  expect(() => admit(2)).toThrow('BUSY')
  first.destroy()
  await once(first, 'close')
  admit(0).destroy()
  sessions[1]!.end()
  await expect.poll(() => downloads.count).toBe(1)
})

test('one share has so many, in however many sessions; another share still has its own', () => {
  const clock = new ShiftableClock()
  const downloads = new DownloadsAtOnce({ ...bounds, mostOfShare: 2 }, { clock })
  const [one, two] = [sessionAt(clock.now()), sessionAt(clock.now())]
  const other = new DoorSession({ shareId: 'other', link: 'o', now: clock.now() })
  const streams = [downloads.admit(endless, one), downloads.admit(endless, two)]
  expect(() => downloads.admit(endless, two)).toThrow('BUSY')
  streams.push(downloads.admit(endless, other))
  for (const stream of streams) stream.destroy()
})

test('a file is not opened for who has gone before it was read', async () => {
  const clock = new ShiftableClock()
  const downloads = new DownloadsAtOnce(bounds, { clock })
  let opened = 0
  const stream = downloads.admit(() => {
    opened++
    return endless()
  }, sessionAt(clock.now()))
  stream.destroy()
  await once(stream, 'close')
  expect([opened, downloads.count]).toEqual([0, 0])
})
