import { ManualClock } from '@twiin/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { decoyPassword, hashPassword, passwordCost, passwordMatches } from './passwords.ts'
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

const home = '192.0.2.1'
const begin = (password: string, code: string, address = home, username = 'jansen') =>
  sessions.begin({ username, address }, password, code)
async function logIn(address?: string): Promise<string> {
  const begun = await begin('right', '1', address)
  if (typeof begun === 'string') throw new Error(begun)
  return begun.secret
}

describe('a session', () => {
  it('begins with every part of the proof', async () => {
    expect(await begin('right', '2')).toBe('wrong')
    expect(await begin('wrong', '1')).toBe('wrong')
    expect(await begin('right', '1')).toMatchObject({ person: { id: 'jansen' } })
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

  it('that was spent on one act is none for another', async () => {
    const secret = await logIn()
    const spend = (act: string) => sessions.spendConfirmation(secret, act, minutes(3))
    await sessions.confirm(secret, async () => true)
    const at = sessions.confirmedAt(secret)
    expect(spend('open')).toBe(false)
    await clock.advance(minutes(1))
    await sessions.confirm(secret, async () => true, 'open')
    expect([spend('close'), spend('open'), spend('open')]).toEqual([false, true, false])
    // And the other way round: it was for nothing else.
    expect(sessions.confirmedAt(secret)).toBe(at)
    await sessions.confirm(secret, async () => true, 'open')
    await clock.advance(minutes(3) + 1)
    expect(spend('open')).toBe(false)
  })

  it('that is wrong five times ends this session, and locks nobody out', async () => {
    const [secret, other] = [await logIn(), await logIn()]
    for (let i = 0; i < 4; i++) expect(await sessions.confirm(secret, async () => false)).toBe('wrong')
    expect(await sessions.confirm(secret, async () => true)).toBe('confirmed')
    let judged = 0
    const wrong = async () => judged++ < 0
    await Promise.all(Array.from({ length: 8 }, () => sessions.confirm(secret, wrong)))
    expect([judged, sessions.find(secret)]).toEqual([5, undefined])
    expect(await sessions.confirm(other, async () => true)).toBe('confirmed')
    await logIn()
  })

  it('is not taken away by whoever guesses at the name elsewhere', async () => {
    const secret = await logIn()
    for (let i = 0; i < 500; i++) await begin('wrong', '1', `198.51.100.${i % 100}`)
    expect(await sessions.confirm(secret, async () => true)).toBe('confirmed')
  })

  it('of a session that is over is wrong, without being judged', async () => {
    const judged = sessions.confirm('no session', () => Promise.reject(new Error('judged')))
    expect(await judged).toBe('wrong')
  })
})

describe('a lock', () => {
  it('doubles with every further failure, up to an hour, and ends with a right guess', async () => {
    for (let i = 0; i < 5; i++) await begin('wrong', '1')
    for (const length of [1, 2, 4, 8, 16, 32, 60, 60]) {
      await clock.advance(minutes(length) - 1)
      expect(await begin('right', '1')).toBe('locked')
      await clock.advance(1)
      expect(await begin('wrong', '1')).toBe('wrong')
    }
    await clock.advance(minutes(60))
    await logIn()
    expect(await begin('wrong', '1')).toBe('wrong')
    await logIn()
  })

  it.each([
    ['another address', '198.51.100.7', '198.51.100.7', '198.51.100.8'],
    ['another /64', '2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:3::1'],
    [
      'another address, seen through a socket for both',
      '::ffff:198.51.100.7',
      '198.51.100.7',
      '::ffff:198.51.100.8',
    ],
  ])('of a stranger is the stranger’s: the person logs in from %s', async (_what, from, same, other) => {
    for (let i = 0; i < 5; i++) expect(await begin('wrong', '1', from)).toBe('wrong')
    expect(await begin('right', '1', same)).toBe('locked')
    await logIn(other)
  })

  it('on the name alone follows many guesses of many, and holds up nobody where they were before', async () => {
    await logIn()
    for (let i = 0; i < 100; i++) expect(await begin('wrong', '1', `198.51.100.${i}`)).toBe('wrong')
    expect(await begin('right', '1', '198.51.100.200')).toBe('locked')
    // Home first: a right guess there ends the lock for everywhere.
    for (const address of ['127.0.0.1', '::1']) {
      await logIn(address)
      await logIn('198.51.100.200')
      for (let i = 0; i < 101; i++) await begin('wrong', '1', `203.0.113.${i}`)
    }
    expect(await begin('right', '1', '198.51.100.201')).toBe('locked')
    await logIn(home)
  })
})

describe('guesses that run at the same time', () => {
  let release: () => void
  let running: Promise<unknown>[]
  beforeEach(() => {
    const held = new Promise<void>((resolve) => (release = resolve))
    const people = {
      byPassword: async (id: string, password: string) => {
        if (password === 'slow') await held
        return password === 'right' ? { id } : undefined
      },
      stillThere: () => true,
    }
    sessions = new Sessions({}, { people, clock })
    running = []
  })
  const guess = (address: string) => running.push(begin('slow', '1', address, `name ${running.length}`))

  it('are few of one network, and hold up no other', async () => {
    for (let i = 0; i < 20; i++) guess(`2001:db8::${i}`)
    expect(await begin('right', '1', '2001:db8::ffff')).toBe('locked')
    await logIn()
    release()
    expect((await Promise.all(running)).filter((outcome) => outcome === 'wrong')).toHaveLength(4)
    await logIn('2001:db8::ffff')
  })

  it('are few of everybody, and hold up nobody where they were before', async () => {
    await logIn()
    for (let i = 0; i < 20; i++) guess(`198.51.100.${i}`)
    expect(await begin('right', '1', '198.51.100.200')).toBe('locked')
    await logIn()
    release()
    expect((await Promise.all(running)).filter((outcome) => outcome === 'wrong')).toHaveLength(8)
  })
})

describe('a password', () => {
  it('matches its own hash only, however its accents are written', async () => {
    const hash = await hashPassword('caf\u00e9 au lait')
    expect(hash).not.toContain('caf')
    expect(await passwordMatches('cafe\u0301 au lait', hash)).toBe(true)
    expect(await passwordMatches('cafe au lait', hash)).toBe(false)
    expect(await passwordMatches('', decoyPassword)).toBe(false)
    expect(await passwordMatches('', '')).toBe(false)
  })

  it('costs 32 MiB a try, of a name that does not exist too', async () => {
    expect(128 * 2 ** passwordCost * 8).toBe(32 * 1024 * 1024)
    const shape = /^scrypt\$[\w+/]{22}==\$[\w+/]{43}=$/
    expect(await hashPassword('een lang wachtwoord')).toMatch(shape)
    expect(decoyPassword).toMatch(shape)
  })

  it('may cost less in a test, and its hash says so', async () => {
    const hash = await hashPassword('een lang wachtwoord', 4)
    expect(hash).toMatch(/^scrypt\$4\$/)
    expect(await passwordMatches('een lang wachtwoord', hash)).toBe(true)
    expect(await passwordMatches('een lang wachtwoord', hash.replace('$4$', '$5$'))).toBe(false)
    expect(await passwordMatches('een lang wachtwoord', hash.replace('$4$', '$'))).toBe(false)
  })
})

describe('a session that locks', () => {
  const right = async () => true
  const wrong = async () => false
  beforeEach(() => {
    const people = { byPassword: async (id: string) => ({ id }), stillThere: () => true }
    sessions = new Sessions({ idleMs: minutes(15), whenIdle: 'lock' }, { people, clock })
  })

  it('is nobody’s until its person is back, and then goes by another secret', async () => {
    const secret = await logIn()
    await clock.advance(minutes(16))
    expect([sessions.find(secret), sessions.isLocked(secret)]).toEqual([undefined, true])
    expect(await sessions.unlock(secret, wrong)).toBe('wrong')
    const opened = await sessions.unlock(secret, right)
    if (typeof opened === 'string') throw new Error(opened)
    expect(sessions.find(opened.secret)).toMatchObject({ id: 'jansen' })
    expect([sessions.find(secret), sessions.isLocked(secret)]).toEqual([undefined, false])
  })

  it('goes by what the person did, not by what the page asked', async () => {
    const secret = await logIn()
    for (let i = 1; i <= 3; i++) {
      await clock.advance(minutes(5))
      expect(sessions.find(secret, minutes(5 * i))).toBeDefined()
    }
    await clock.advance(1)
    expect(sessions.find(secret, minutes(15))).toBeUndefined()
  })

  it('of two that unlock it at once lets in one, and ends after five wrong ones or twelve hours', async () => {
    const secret = await logIn()
    sessions.lock(secret)
    const both = await Promise.all([sessions.unlock(secret, right), sessions.unlock(secret, right)])
    expect(both.filter((one) => one === 'wrong')).toHaveLength(1)
    const other = await logIn()
    sessions.lock(other)
    await Promise.all(Array.from({ length: 5 }, () => sessions.unlock(other, wrong)))
    expect(await sessions.unlock(other, right)).toBe('wrong')
    const old = await logIn()
    await clock.advance(minutes(12 * 60) + 1)
    expect(await sessions.unlock(old, right)).toBe('wrong')
  })

  it('keeps no confirmation through a lock', async () => {
    const secret = await logIn()
    await sessions.confirm(secret, right)
    sessions.lock(secret)
    const opened = await sessions.unlock(secret, right)
    if (typeof opened === 'string') throw new Error(opened)
    expect(sessions.confirmedAt(opened.secret)).toBeUndefined()
    expect(sessions.provedAt(opened.secret)).toBe(clock.now())
  })
})
