import { join } from 'node:path'
import { Sealer } from '@twiin/store'
import { hashPassword, newSecret } from '@twiin/web'
import { cheapPassword, codeAt } from '@twiin/web/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TestRegistry } from '../testing.ts'
import { AccountsFile } from './accounts-file.ts'
import type { Role } from './staff.ts'
import { sealSecret } from './sealed-secret.ts'

const password = 'een lang wachtwoord'
const hash = hashPassword(password, cheapPassword)
const secret = newSecret()
const minutes = (count: number) => count * 60_000
let registry: TestRegistry
let file: AccountsFile

beforeAll(async () => {
  registry = await TestRegistry.create()
  file = new AccountsFile({ file: join(registry.dir, 'people.json') })
  await put('jansen', 'administrator')
  await put('bakker', 'auditor')
  await put('administrator', 'administrator')
}, 60_000)
afterAll(() => registry[Symbol.asyncDispose]())
// A code counts once: every test has its own minutes, and no lock of another one.
beforeEach(() => registry.clock.advance(minutes(70)))

async function put(id: string, role: Role): Promise<void> {
  const sealer = await Sealer.open(join(registry.dir, 'keys/master.key'))
  const totpSecret = sealSecret(sealer, id, secret)
  await file.put({ id, name: `${id} (fictief)`, role, password: await hash, totpSecret })
}
const code = () => codeAt(secret, registry.clock.now())
const api = (method: string, path: string, headers: Record<string, string> = {}, json?: object) =>
  registry.call(method as 'POST', `/api/v1${path}`, { headers, ...(json && { json }) })
const logIn = (proof: object) =>
  api('POST', '/session', {}, { username: 'jansen', password, code: code(), ...proof })
async function session(username = 'jansen'): Promise<{ cookie: string }> {
  const { headers } = await logIn({ username })
  return { cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '' }
}
const csrf = { 'x-twiin-csrf': '1' }

describe('a log-in', () => {
  it('gives a cookie that no page can read and no other host can set', async () => {
    const answer = await logIn({})
    expect([answer.status, answer.json()]).toEqual([
      200,
      { user: { id: 'jansen', name: 'jansen (fictief)', role: 'administrator' }, confirmedAt: null },
    ])
    const [cookie = ''] = answer.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^__Host-twiin_registry=[\w-]{43}; /)
    for (const part of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/'])
      expect(cookie.split('; ')).toContain(part)
    expect(cookie).not.toMatch(/domain/i)
  })

  it('with one code, twice at the same moment, succeeds once', async () => {
    const both = await Promise.all([logIn({}), logIn({})])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401])
  })

  it('answers the same to a wrong password, a wrong code, a used code and a wrong name', async () => {
    const used = code()
    await logIn({ code: used })
    const wrong = used === '000000' ? '000001' : '000000'
    const proofs = [{ password: 'fout' }, { code: wrong }, { code: used }, { username: 'niemand' }]
    for (const proof of proofs) {
      const answer = await logIn(proof)
      expect([answer.status, answer.json()['code']]).toEqual([401, 'NOT_AUTHENTICATED'])
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
  })

  it('is locked after five wrong ones, for a minute', async () => {
    for (let i = 0; i < 5; i++) expect(await logIn({ password: 'fout' })).toMatchObject({ status: 401 })
    const locked = await logIn({})
    expect([locked.status, locked.json()['code']]).toEqual([429, 'TOO_MANY_ATTEMPTS'])
    await registry.clock.advance(minutes(1))
    expect(await logIn({})).toMatchObject({ status: 200 })
  })
})

describe('a session', () => {
  it('reads, and changes only with the header that no foreign page can set', async () => {
    const cookie = await session()
    expect(await api('GET', '/session', cookie)).toMatchObject({ status: 200 })
    const foreign = await api('POST', '/session/confirmation', cookie, {})
    expect([foreign.status, foreign.json()['code']]).toEqual([403, 'CSRF'])
    const own = await api('POST', '/session/confirmation', { ...cookie, ...csrf }, {})
    expect(own.status).toBe(400)
  })

  it('ends after a quarter of an hour without a call, by logging out, and with the account', async () => {
    const idle = await session()
    await registry.clock.advance(minutes(14))
    expect(await api('GET', '/session', idle)).toMatchObject({ status: 200 })
    await registry.clock.advance(minutes(15) + 1)
    expect(await api('GET', '/session', idle)).toMatchObject({ status: 401 })
    const out = await session()
    const foreign = await api('DELETE', '/session', out)
    expect([foreign.status, foreign.json()['code']]).toEqual([403, 'CSRF'])
    expect(await api('GET', '/session', out)).toMatchObject({ status: 200 })
    expect(await api('DELETE', '/session', { ...out, ...csrf })).toMatchObject({ status: 204 })
    expect(await api('GET', '/session', out)).toMatchObject({ status: 401 })
    await registry.clock.advance(minutes(1))
    const gone = await session()
    await file.remove('jansen')
    expect(await api('GET', '/session', gone)).toMatchObject({ status: 401 })
    await put('jansen', 'administrator')
  })

  it('of an auditor reads and changes nothing', async () => {
    const cookie = await session('bakker')
    expect(await api('GET', '/certificates', cookie)).toMatchObject({ status: 200 })
    const refused = await api(
      'POST',
      '/certificates/00ff/revocation',
      { ...cookie, ...csrf },
      { reason: 'x' },
    )
    expect([refused.status, refused.json()['code']]).toEqual([403, 'ROLE_NOT_PERMITTED'])
  })
})

describe('a confirmation', () => {
  it('takes a code that was not used, and is shown with the session', async () => {
    const used = code()
    const headers = { ...(await session()), ...csrf }
    const again = await api('POST', '/session/confirmation', headers, { code: used })
    expect([again.status, again.json()['code']]).toEqual([403, 'CODE_WRONG'])
    await registry.clock.advance(30_000)
    const confirmedAt = new Date(registry.clock.now()).toISOString()
    const confirmed = await api('POST', '/session/confirmation', headers, { code: code() })
    expect([confirmed.status, confirmed.json()]).toEqual([200, { confirmedAt }])
    expect((await api('GET', '/session', headers)).json()).toMatchObject({ confirmedAt })
  })

  it('that is wrong five times ends the session, and the person may log in again', async () => {
    const headers = { ...(await session()), ...csrf }
    const wrong = () => api('POST', '/session/confirmation', headers, { code: code() })
    // The code of this log-in is used.
    for (let i = 0; i < 5; i++) expect((await wrong()).json()).toMatchObject({ code: 'CODE_WRONG' })
    expect(await wrong()).toMatchObject({ status: 401 })
    await registry.clock.advance(30_000)
    expect(await logIn({})).toMatchObject({ status: 200 })
  })

  it('is what a bearer token is each time', async () => {
    const answer = await registry.call('GET', '/api/v1/session', { as: 'approver' })
    const confirmedAt = new Date(registry.clock.now()).toISOString()
    expect(answer.json()).toEqual({
      user: { id: 'approver', name: 'approver', role: 'administrator' },
      confirmedAt,
    })
  })
})

it('there is no call that adds people', async () => {
  const { paths } = (await registry.call('GET', '/openapi.json')).json<{ paths: Record<string, object> }>()
  const calls = Object.entries(paths).filter(([path]) => /people|account|user/.test(path))
  expect(calls.map(([path, methods]) => [path, Object.keys(methods)])).toEqual([['/api/v1/people', ['get']]])
})
