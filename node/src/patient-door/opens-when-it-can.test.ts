import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ManualClock, TwiinError, silentLogger } from '@twiin/runtime'
import { expect, it } from 'vitest'
import { OpensWhenItCan } from './opens-when-it-can.ts'

const listening = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
const closed = (server: Server) => new Promise<void>((resolve) => void server.close(() => resolve()))

/** A door on a port that is given. */
function doorOn(port: number) {
  let server = createServer()
  const tried = { times: 0, ended: Promise.withResolvers<void>() }
  const start = async () => {
    tried.times++
    server = createServer()
    try {
      await listening(server, port)
    } finally {
      tried.ended.resolve()
    }
  }
  return { tried, door: { name: 'door', start, stop: () => closed(server) }, isOpen: () => server.listening }
}

it('a door whose port somebody else has keeps nothing from starting, says why, and opens once it is free', async () => {
  const other = createServer()
  await listening(other, 0)
  const { tried, door, isOpen } = doorOn((other.address() as AddressInfo).port)
  const clock = new ManualClock()
  const since = clock.now()
  const opening = new OpensWhenItCan(door, { clock, log: silentLogger })
  await opening.start()
  expect(opening.closed).toEqual({ since, reason: 'EADDRINUSE' })
  tried.ended = Promise.withResolvers()
  await clock.advance(60_000)
  await tried.ended.promise
  await closed(other)
  await expect.poll(() => opening.closed).toEqual({ since, reason: 'EADDRINUSE' })
  tried.ended = Promise.withResolvers()
  for (; tried.times < 3;) await clock.advance(60_000)
  await tried.ended.promise
  await expect.poll(() => opening.closed).toBeUndefined()
  expect(isOpen()).toBe(true)
  await opening.stop()
  expect(isOpen()).toBe(false)
})

it('a door that cannot start for another reason says so at once', async () => {
  const door = {
    name: 'door',
    start: () => Promise.reject(new TwiinError('BROKEN')),
    stop: async () => {},
  }
  const opening = new OpensWhenItCan(door, { clock: new ManualClock(), log: silentLogger })
  await expect(opening.start()).rejects.toMatchObject({ code: 'BROKEN' })
})

it('a door that ended is opened again after a second; one that ends again and again waits longer each time', async () => {
  let end = () => {}
  let opened = 0
  const door = {
    ...{ name: 'door', stop: async () => {}, onEnded: (listener: () => void) => void (end = listener) },
    start: async () => void opened++,
  }
  const clock = new ManualClock()
  const opening = new OpensWhenItCan(door, { clock, log: silentLogger })
  await opening.start()
  for (const pause of [1_000, 2_000, 4_000]) {
    const since = clock.now()
    end()
    await clock.advance(pause - 1)
    expect(opening.closed).toEqual({ since, reason: 'DOOR_ENDED' })
    await clock.advance(1)
    await expect.poll(() => opening.closed).toBeUndefined()
  }
  // A minute later all is forgotten.
  await clock.advance(60_000)
  end()
  await clock.advance(1_000)
  await expect.poll(() => opening.closed).toBeUndefined()
  expect(opened).toBe(5)
  await opening.stop()
})

it('a node that stops while its door is being opened again waits for nothing', async () => {
  let end = () => {}
  const opening = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  let starts = 0
  const door = {
    ...{ name: 'door', onEnded: (listener: () => void) => void (end = listener) },
    start: async () => {
      if (starts++ === 0) return
      begun.resolve()
      await opening.promise
    },
    // As the process does: whoever waits for its start hears that it ended.
    stop: async () => opening.reject(new TwiinError('DOOR_ENDED')),
  }
  const clock = new ManualClock()
  const opens = new OpensWhenItCan(door, { clock, log: silentLogger })
  await opens.start()
  end()
  await clock.advance(1_000)
  await begun.promise
  await opens.stop()
  await clock.advance(120_000)
  expect(starts).toBe(2)
})
