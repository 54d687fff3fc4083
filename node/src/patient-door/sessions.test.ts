import { randomBytes } from 'node:crypto'
import { ManualClock } from '@twiin/runtime'
import { expect, test } from 'vitest'
import { DoorSessions, idleMs } from './sessions.ts'

const deps = () => ({ clock: new ManualClock(), random: (bytes: number) => randomBytes(bytes) })

test('there are so many sessions and no more: the one longest without use goes', async () => {
  const { clock, random } = deps()
  const sessions = new DoorSessions({ most: 3 }, { clock, random })
  const secrets = ['a', 'b', 'c'].map((link) => sessions.begin({ shareId: link, link }))
  await clock.advance(1000)
  expect(sessions.use(secrets[0], 'a')).toBeDefined()
  secrets.push(sessions.begin({ shareId: 'd', link: 'd' }))
  expect(sessions.count).toBe(3)
  expect(['a', 'b', 'c', 'd'].map((link, at) => sessions.use(secrets[at], link) !== undefined)).toEqual([
    ...[true, false, true, true],
  ])
})

test('who has the code of one share opens it many times over and takes the places of no other', () => {
  const sessions = new DoorSessions({ most: 4, mostOfOneShare: 3 }, deps())
  const other = sessions.begin({ shareId: 'other', link: 'other' })
  const secrets = Array.from({ length: 20 }, () => sessions.begin({ shareId: 'one', link: 'l' }))
  expect(sessions.use(other, 'other')).toBeDefined()
  expect(secrets.map((secret) => sessions.use(secret, 'l') !== undefined)).toEqual([
    ...[...Array<boolean>(17).fill(false), true, true, true],
  ])
})

test('of one share the one longest without use ends: who downloads uses it, and one that is over takes no place', async () => {
  const { clock, random } = deps()
  const sessions = new DoorSessions({ mostOfOneShare: 2 }, { clock, random })
  const begin = () => sessions.begin({ shareId: 'one', link: 'l' })
  const isOpen = (secrets: string[]) => secrets.map((secret) => sessions.isOpen(secret))
  const [downloads, looks] = [begin(), begin()]
  const downloading = sessions.use(downloads, 'l')!
  sessions.use(looks, 'l')
  await clock.advance(60_000)
  // As a stream does that is taken from: it knows the session, not its place.
  downloading.usedAt = clock.now()
  const third = begin()
  expect(isOpen([downloads, looks, third])).toEqual([true, false, true])
  await clock.advance(idleMs)
  const [fourth, fifth] = [begin(), begin()]
  expect([sessions.count, ...isOpen([fourth, fifth])]).toEqual([2, true, true])
})

test('a session that ends forgets the key and stops what streams', () => {
  const sessions = new DoorSessions({}, deps())
  const secret = sessions.begin({ shareId: 'one', link: 'l' })
  const session = sessions.use(secret, 'l')
  const key = randomBytes(32)
  session!.key = key
  sessions.endAllOf('one')
  expect([session?.signal.aborted, session?.key, key.every((byte) => byte === 0)]).toEqual([
    ...[true, undefined, true],
  ])
  expect(sessions.use(secret, 'l')).toBeUndefined()
})

test('what failed to be noted is noted again, and what succeeded is not', async () => {
  const sessions = new DoorSessions({}, deps())
  const session = sessions.use(sessions.begin({ shareId: 'one', link: 'l' }), 'l')!
  let tries = 0
  const note = async () => {
    if (++tries === 1) throw new Error('disk')
  }
  await expect(session.once('viewed', note)).rejects.toThrow('disk')
  await Promise.all([session.once('viewed', note), session.once('viewed', note)])
  expect(tries).toBe(2)
})
