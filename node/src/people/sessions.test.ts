import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '@twiin/runtime'
import { Sessions } from '@twiin/web'
import { cheapPassword } from '@twiin/web/testing'
import { Value } from 'typebox/value'
import { beforeEach, describe, expect, it } from 'vitest'
import { People } from './people-file.ts'
import type { Person } from './people-file.ts'
import { SignInSettings } from './sign-in-settings.ts'

const password = 'een lang wachtwoord'
const minutes = (count: number) => count * 60_000
let file: string
let people: People
let clock: ManualClock
let sessions: Sessions<Person>
/** As a node has them when nobody set anything. */
const { idleMinutes, longestHours } = Value.Parse(SignInSettings, Value.Default(SignInSettings, {}))

beforeEach(async () => {
  file = join(await mkdtemp(join(tmpdir(), 'twiin-people-')), 'people.json')
  people = new People({ file, passwordCost: cheapPassword })
  await people.addUser({ id: 'rad', name: 'R. de Radioloog', role: 'radiologist', password })
  clock = new ManualClock()
  const options = {
    idleMs: minutes(idleMinutes),
    longestMs: minutes(60 * longestHours),
    whenIdle: 'lock',
  } as const
  sessions = new Sessions(options, { people, clock })
})

const begin = (username: string, guess: string, address = '192.0.2.1') =>
  sessions.begin({ username, address }, guess)
async function logIn(): Promise<string> {
  const begun = await begin('rad', password)
  if (typeof begun === 'string') throw new Error(begun)
  return begun.secret
}

describe('a session', () => {
  it('locks after a quarter of an hour without a call, and ends after twelve hours at most', async () => {
    const idle = await logIn()
    await clock.advance(minutes(15) + 1)
    expect([sessions.find(idle), sessions.isLocked(idle)]).toEqual([undefined, true])
    const busy = await logIn()
    for (let i = 0; i < 48; i++) {
      expect(sessions.find(busy)).toMatchObject({ id: 'rad' })
      await clock.advance(minutes(15))
    }
    expect(sessions.find(busy)).toMatchObject({ id: 'rad' })
    await clock.advance(1)
    expect([sessions.find(busy), sessions.isLocked(busy)]).toEqual([undefined, false])
  })

  it('ends when the person goes, or gets another role', async () => {
    const secret = await logIn()
    await people.addUser({ id: 'rad', name: 'R. de Radioloog', role: 'auditor', password })
    expect(sessions.find(secret)).toBeUndefined()
  })

  it('is over after logging out', async () => {
    const secret = await logIn()
    sessions.end(secret)
    expect(sessions.find(secret)).toBeUndefined()
  })
})

describe('guessing a password', () => {
  it('locks the name after five tries, also when they come several at once', async () => {
    const three = () => Promise.all(['fout', 'mis', 'nee'].map((guess) => begin('rad', guess)))
    const guesses = [...(await three()), ...(await three())]
    expect(guesses.filter((guess) => guess === 'wrong')).toHaveLength(5)
    expect(await begin('rad', password)).toBe('locked')
    await clock.advance(minutes(1) + 1)
    expect(await begin('rad', password)).toMatchObject({ person: { id: 'rad' } })
  })

  it('of a name that does not exist looks the same', async () => {
    expect(await begin('niemand', password)).toBe('wrong')
  })

  it('never makes the node judge more than a few at the same time', async () => {
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, i) => begin(`name ${i}`, 'x', `198.51.100.${i}`)),
    )
    expect(many.filter((guess) => guess === 'wrong')).toHaveLength(8)
  })
})

describe('the people file', () => {
  it.each([
    ['no JSON', '{'],
    ['another shape', '{"users":{}}'],
    ['an unknown role', '{"users":[{"id":"a","name":"a","role":"admin","password":""}],"tokens":[]}'],
    ['an unknown key', '{"users":[],"tokens":[],"__proto__":{"users":1},"more":1}'],
    ['very deep', '['.repeat(100_000)],
  ])('with %s lets nobody in', async (_what, text) => {
    await writeFile(file, text)
    expect(() => people.byToken('x')).toThrow()
    await expect(people.byPassword('rad', password)).rejects.toThrow()
  })

  it('keeps digests, never a password or token', async () => {
    const token = await people.addToken({ id: 'script', name: 'Script', role: 'operator' })
    expect(people.byToken(token)).toMatchObject({ id: 'script', role: 'operator' })
    expect(people.byToken(`${token}x`)).toBeUndefined()
    const { readFile } = await import('node:fs/promises')
    const text = await readFile(file, 'utf8')
    expect(text).not.toContain(token)
    expect(text).not.toContain(password)
  })
})
