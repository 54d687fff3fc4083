import { setImmediate } from 'node:timers/promises'
import { ManualClock } from '@twiin/runtime'
import { expect, test } from 'vitest'
import { inRounds } from './in-rounds.ts'
import { Waiting } from './waiting.ts'

const held = (address: string, ms = 25_000, signal = new AbortController().signal) => ({
  address,
  ms,
  signal,
})

test('who waits is answered when there is something, when time is up, when it goes away, and when all are let go', async () => {
  const clock = new ManualClock()
  const waiting = new Waiting({ clock })
  let size = 1
  const after = (known: number) => () => size > known
  expect(await waiting.until(after(0), held('a'))).toBe(true)
  expect(await waiting.until(after(1), held('a', 0))).toBe(false)

  const [one, two] = [waiting.until(after(1), held('a')), waiting.until(after(5), held('a'))]
  size = 2
  waiting.changed()
  expect(await one).toBe(true)
  expect(waiting.size).toBe(1)
  await clock.advance(25_000)
  expect(await two).toBe(false)

  const gone = new AbortController()
  const third = waiting.until(after(5), held('a', 25_000, gone.signal))
  gone.abort()
  expect(await third).toBe(false)
  const fourth = waiting.until(after(5), held('a'))
  waiting.close()
  expect(await fourth).toBe(false)
  expect(waiting.size).toBe(0)
})

test('a thousand may wait, four hundred of one address; who goes makes room', async () => {
  const clock = new ManualClock()
  const waiting = new Waiting({ clock })
  const all = (address: string, count: number) =>
    Array.from({ length: count }, () => waiting.until(() => false, held(address)))
  const waiters = [...all('a', 400), ...all('b', 400)]
  await expect(waiting.until(() => false, held('a'))).rejects.toThrow('TOO_MANY_WAITING')
  waiters.push(...all('c', 200))
  await expect(waiting.until(() => false, held('d'))).rejects.toThrow('TOO_MANY_WAITING')
  // Whoever need not wait is never turned away.
  expect(await waiting.until(() => true, held('a'))).toBe(true)
  await clock.advance(25_000)
  expect((await Promise.all(waiters)).some(Boolean)).toBe(false)
  waiters.push(...all('a', 400))
  expect(waiting.size).toBe(400)
  waiting.close()
})

test('all addresses of one IPv6 network of 64 bits are one address: nobody takes all places with one line', async () => {
  const waiting = new Waiting({ clock: new ManualClock() })
  const wait = (address: string) => waiting.until(() => false, held(address))
  const waiters = Array.from({ length: 400 }, (_, i) => wait(`2001:db8:0:1::${i.toString(16)}`))
  await expect(wait('2001:0db8::1:ffff:0:0:1')).rejects.toThrow('TOO_MANY_WAITING')
  waiters.push(wait('2001:db8:0:2::1'), wait('192.0.2.1'))
  waiting.close()
  await Promise.all(waiters)
})

test('every call gets a round that began after it, calls during a round share the next, and a failure stops nothing', async () => {
  const began: number[] = []
  let asked = 0
  let fails = false
  const round = inRounds(async () => {
    began.push(asked)
    await setImmediate()
    if (fails) throw new Error('round failed')
  })
  const call = async () => {
    const mine = ++asked
    await round()
    expect(began.some((upTo) => upTo >= mine)).toBe(true)
  }
  const calls = [call()]
  await Promise.resolve().then(() => Promise.resolve())
  for (let n = 0; n < 50; n++) calls.push(call())
  await Promise.all(calls)
  expect(began.length).toBeLessThanOrEqual(2)
  fails = true
  await expect(round()).rejects.toThrow('round failed')
  fails = false
  await round()
})
