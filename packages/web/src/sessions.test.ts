import { ManualClock } from '@twiin/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { decoyPassword, hashPassword, passwordMatches } from './passwords.ts'
import { Sessions } from './sessions.ts'

interface Person {
  readonly id: string
}
const minutes = (count: number) => count * 60_000
let clock: ManualClock
let sessions: Sessions<Person, [password: string, code: string]>

beforeEach(() => {
  clock = new ManualClock()
  const people = {
    byPassword: async (id: string, password: string, code: string) =>
      password === 'right' && code === '1' ? { id } : undefined,
    stillThere: () => true,
  }
  sessions = new Sessions({ idleMs: minutes(15) }, { people, clock })
})

async function logIn(): Promise<string> {
  const begun = await sessions.begin('jansen', 'right', '1')
  if (typeof begun === 'string') throw new Error(begun)
  return begun.secret
}

describe('a session', () => {
  it('begins with every part of the proof', async () => {
    expect(await sessions.begin('jansen', 'right', '2')).toBe('wrong')
    expect(await sessions.begin('jansen', 'wrong', '1')).toBe('wrong')
    expect(await sessions.begin('jansen', 'right', '1')).toMatchObject({ person: { id: 'jansen' } })
  })

  it('goes idle however often a machine asks whether it lives', async () => {
    const secret = await logIn()
    await clock.advance(minutes(10))
    expect(sessions.isLive(secret)).toBe(true)
    await clock.advance(minutes(6))
    expect(sessions.isLive(secret)).toBe(false)
    expect(sessions.find(secret)).toBeUndefined()
  })
})

describe('a confirmation', () => {
  it('is remembered for this session, with its time', async () => {
    const secret = await logIn()
    expect(sessions.confirmedAt(secret)).toBeUndefined()
    await clock.advance(minutes(1))
    expect(await sessions.confirm(secret, async ({ id }) => id === 'jansen')).toBe('confirmed')
    expect(sessions.confirmedAt(secret)).toBe(clock.now())
    expect(sessions.confirmedAt(await logIn())).toBeUndefined()
  })

  it('that is wrong five times locks the name, and takes nothing from the session', async () => {
    const secret = await logIn()
    for (let i = 0; i < 5; i++) expect(await sessions.confirm(secret, async () => false)).toBe('wrong')
    expect(await sessions.confirm(secret, async () => true)).toBe('locked')
    expect(await sessions.begin('jansen', 'right', '1')).toBe('locked')
    expect(sessions.find(secret)).toMatchObject({ id: 'jansen' })
    expect(sessions.confirmedAt(secret)).toBeUndefined()
  })

  it('of a session that is over is wrong, without being judged', async () => {
    const judged = sessions.confirm('no session', () => Promise.reject(new Error('judged')))
    expect(await judged).toBe('wrong')
  })
})

describe('a lock', () => {
  it('doubles with every further failure, up to an hour, and ends with a right guess', async () => {
    for (let i = 0; i < 5; i++) await sessions.begin('jansen', 'wrong', '1')
    for (const length of [1, 2, 4, 8, 16, 32, 60, 60]) {
      await clock.advance(minutes(length) - 1)
      expect(await sessions.begin('jansen', 'right', '1')).toBe('locked')
      await clock.advance(1)
      expect(await sessions.begin('jansen', 'wrong', '1')).toBe('wrong')
    }
    await clock.advance(minutes(60))
    await logIn()
    expect(await sessions.begin('jansen', 'wrong', '1')).toBe('wrong')
    await logIn()
  })
})

describe('a password', () => {
  it('matches its own hash only, however its accents are written', async () => {
    const hash = await hashPassword('caf\u00e9 au lait')
    expect(hash).not.toContain('caf')
    expect(await passwordMatches('cafe\u0301 au lait', hash)).toBe(true)
    expect(await passwordMatches('cafe au lait', hash)).toBe(false)
    expect(await passwordMatches('', await decoyPassword)).toBe(false)
    expect(await passwordMatches('', '')).toBe(false)
  })
})
