import { once } from 'node:events'
import { join } from 'node:path'
import { ShiftableClock } from '@twiin/runtime'
import { cheapPassword, codeAt } from '@twiin/web/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sessionCookie } from '../http/authenticate.ts'
import { LogInBrowser } from '../testing/log-in-browser.ts'
import { patient, twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'
import { People } from './people-file.ts'

const password = 'een lang wachtwoord'
const minutes = (count: number) => count * 60_000
const clock = new ShiftableClock()
let net: Awaited<ReturnType<typeof twoHospitals>>
/** At A a second factor is required, at B it is not. */
let strict: TestWeb
let easy: TestWeb
let atA: People
let atB: People
let last = 0
let id: string

beforeAll(async () => {
  net = await twoHospitals({ clock })
  strict = await TestWeb.start(net.a, {}, { secondFactor: 'required' })
  easy = await TestWeb.start(net.b)
  atA = new People({ file: join(net.a.dir, 'people.json'), passwordCost: cheapPassword })
  atB = new People({ file: join(net.b.dir, 'people.json'), passwordCost: cheapPassword })
}, 60_000)
afterAll(async () => {
  await strict[Symbol.asyncDispose]()
  await easy[Symbol.asyncDispose]()
  await net[Symbol.asyncDispose]()
})
beforeEach(async () => {
  // A name of their own: locks are by name. And codes of a time that none was used in.
  id = `rad${++last}`
  clock.moveOn(minutes(3))
  await atB.addUser({ id, name: 'R. de Radioloog (fictief)', role: 'radiologist', password })
})

const logIn = (browser: LogInBrowser, more: object = {}) =>
  browser.call('POST', '/session', { username: id, password, ...more })
/** Somebody with an authenticator, logged in; and their recovery codes. */
async function enrol(web: TestWeb): Promise<{ browser: LogInBrowser; secret: string; codes: string[] }> {
  const browser = new LogInBrowser(web)
  expect(await logIn(browser)).toMatchObject({ status: 200 })
  const { body } = await browser.call('POST', '/account/totp')
  const secret = String(body['secret'])
  expect(body['otpauth']).toContain(`secret=${secret}`)
  const done = await browser.call('POST', '/account/totp/confirmation', { code: codeAt(secret, clock.now()) })
  expect(done.status).toBe(200)
  clock.moveOn(60_000)
  return { browser, secret, codes: done.body['recoveryCodes'] as string[] }
}
const question = { bsn: patient.bsn, purpose: { basis: 'treatment', reason: 'poli' } }

describe('where a second factor is required', () => {
  it('nothing goes before there is one, and everything after', async () => {
    await atA.addUser({ id, name: 'R. de Radioloog (fictief)', role: 'radiologist', password })
    const browser = new LogInBrowser(strict)
    expect(await logIn(browser)).toMatchObject({ status: 200, body: { secondFactor: 'needed' } })
    for (const [method, path, body] of [
      ['GET', '/studies', undefined],
      ['POST', '/patient-searches', question],
      ['GET', '/events', undefined],
    ] as const)
      expect(await browser.call(method, path, body)).toMatchObject({
        status: 403,
        code: 'ENROLMENT_REQUIRED',
      })
    const { body } = await browser.call('POST', '/account/totp')
    const code = codeAt(String(body['secret']), clock.now())
    expect(await browser.call('POST', '/account/totp/confirmation', { code: '000000' })).toMatchObject({
      status: 403,
      code: 'CODE_WRONG',
    })
    const { body: given } = await browser.call('POST', '/account/totp/confirmation', { code })
    expect(given['recoveryCodes']).toHaveLength(10)
    expect(await browser.call('GET', '/studies')).toMatchObject({ status: 200 })
    expect(await net.a.audit('account-changed')).toContainEqual(
      expect.objectContaining({ account: id, reason: 'SECOND_FACTOR_SET' }),
    )
  })

  it('a bearer token goes on as before', async () => {
    expect((await strict.call('/api/v1/studies')).status).toBe(200)
  })
})

describe('who has an authenticator', () => {
  it('needs its code, each of which counts once', async () => {
    const { secret } = await enrol(easy)
    const browser = new LogInBrowser(easy)
    const failures = async () => (await net.b.audit('login-failed')).length
    const before = await failures()
    expect(await logIn(browser)).toMatchObject({ status: 401, code: 'CODE_REQUIRED' })
    // The first of two steps.
    expect(await failures()).toBe(before)
    expect((await net.b.audit('confirmation')).at(-1)).toMatchObject({
      ...{ outcome: 'success', reason: 'CODE_REQUIRED', protocol: 'PASSWORD' },
    })
    expect(await logIn(browser, { code: '000000' })).toMatchObject({ status: 401, code: 'NOT_AUTHENTICATED' })
    const code = codeAt(secret, clock.now())
    expect(await logIn(browser, { code, password: 'fout' })).toMatchObject({ status: 401 })
    expect(await logIn(browser, { code })).toMatchObject({ status: 200, body: { secondFactor: 'settled' } })
    expect(await logIn(new LogInBrowser(easy), { code })).toMatchObject({ status: 401 })
  })

  it('comes in by a recovery code when the telephone is lost, once by each', async () => {
    const { codes } = await enrol(easy)
    const [one = '', other = ''] = codes
    const typed = one.toLowerCase().replaceAll('-', ' ')
    expect(await logIn(new LogInBrowser(easy), { code: typed })).toMatchObject({ status: 200 })
    expect(await logIn(new LogInBrowser(easy), { code: one })).toMatchObject({ status: 401 })
    const tries = [other, other, other].map((code) => logIn(new LogInBrowser(easy), { code }))
    const let_in = (await Promise.all(tries)).filter(({ status }) => status === 200)
    expect(let_in).toHaveLength(1)
  })

  it('has none after a reset, and the sessions end with it', async () => {
    const { browser, secret } = await enrol(easy)
    await atB.resetSecondFactor(id, clock.now())
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
    expect(await logIn(browser)).toMatchObject({ status: 200 })
    const { body } = await browser.call('GET', '/account')
    expect(body).toMatchObject({ secondFactor: { totp: false, recoveryCodesLeft: 0 } })
    await atB.addUser({ id, name: 'R.', role: 'radiologist', password })
    clock.moveOn(60_000)
    expect(await logIn(new LogInBrowser(easy), { code: codeAt(secret, clock.now()) })).toMatchObject({
      status: 200,
    })
  })
})

describe('a session', () => {
  it('locks at the server after a quarter of an hour, and then says nothing of anybody', async () => {
    const browser = new LogInBrowser(easy)
    await logIn(browser)
    const { body } = await browser.call('POST', '/patient-searches', question)
    const stream = await browser.open('GET', '/api/v1/events')
    stream.resume()
    const ended = once(stream, 'end')
    clock.moveOn(minutes(14))
    // The page's own polling does not keep it open: nobody touched it.
    expect(await browser.call('GET', '/status', undefined, { 'x-twiin-idle': '840' })).toMatchObject({
      status: 200,
    })
    clock.moveOn(minutes(2))
    for (const path of [`/patient-searches/${String(body['id'])}`, '/session', '/account', '/studies']) {
      const answer = await browser.call('GET', path)
      expect(answer).toMatchObject({ status: 423, code: 'SESSION_LOCKED' })
      for (const word of [patient.bsn, 'Jansen', id, 'Radioloog']) expect(answer.text).not.toContain(word)
    }
    net.b.ground.events.emit({ kind: 'study', id: 'x', state: 'new' })
    await ended
    const image = await browser.open('GET', '/dicom-web/studies')
    image.resume()
    expect(image.statusCode).toBe(423)
  })

  it('opens again for its person only, under another identifier', async () => {
    const browser = new LogInBrowser(easy)
    await logIn(browser)
    const before = browser.cookies.get(sessionCookie)
    expect(await browser.call('POST', '/session/lock')).toMatchObject({ status: 204 })
    expect(await browser.call('POST', '/session/unlock', { password: 'fout' })).toMatchObject({ status: 401 })
    expect(await browser.call('POST', '/session/unlock', {})).toMatchObject({ status: 401 })
    expect(await browser.call('POST', '/session/unlock', { password })).toMatchObject({ status: 200 })
    expect(browser.cookies.get(sessionCookie)).not.toBe(before)
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 200, body: { user: { id } } })
    const thief = new LogInBrowser(easy)
    thief.cookies.set(sessionCookie, before ?? '')
    expect(await thief.call('GET', '/session')).toMatchObject({ status: 401 })
    const unlocks = (await net.b.audit('login')).filter(({ protocol }) => protocol === 'UNLOCK')
    expect(unlocks.at(-1)).toMatchObject({ user: { id } })
  })

  it('is over after five wrong tries to unlock it, and after twelve hours in any case', async () => {
    const browser = new LogInBrowser(easy)
    await logIn(browser)
    await browser.call('POST', '/session/lock')
    for (let i = 0; i < 5; i++) await browser.call('POST', '/session/unlock', { password: 'fout' })
    expect(await browser.call('POST', '/session/unlock', { password })).toMatchObject({ status: 401 })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
    await logIn(browser)
    clock.moveOn(12 * 3_600_000 + 1)
    expect(await browser.call('POST', '/session/unlock', { password })).toMatchObject({ status: 401 })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
  })

  it('of a person can be ended from another one of theirs, and nobody else’s', async () => {
    const [browser, elsewhere] = [new LogInBrowser(easy), new LogInBrowser(easy)]
    await logIn(browser)
    await logIn(elsewhere)
    const { body } = await browser.call('GET', '/account')
    const shown = body['sessions'] as { id: string; isThis: boolean }[]
    expect(shown.map(({ isThis }) => isThis)).toEqual([true, false])
    await atB.addUser({ id: 'other', name: 'Ander', role: 'auditor', password })
    const other = new LogInBrowser(easy)
    await other.call('POST', '/session', { username: 'other', password })
    const path = `/account/sessions/${shown[1]?.id ?? ''}`
    expect(await other.call('DELETE', path)).toMatchObject({ status: 404 })
    expect(await browser.call('DELETE', path)).toMatchObject({ status: 204 })
    expect(await elsewhere.call('GET', '/session')).toMatchObject({ status: 401 })
  })
})

describe('a confirmation', () => {
  it('is needed for what is fresh only, five minutes after the log-in', async () => {
    const browser = new LogInBrowser(easy)
    await logIn(browser)
    clock.moveOn(minutes(6))
    const change = () => browser.call('POST', '/account/totp')
    expect(await change()).toMatchObject({ status: 403, code: 'CONFIRMATION_REQUIRED' })
    const confirm = (given: object) => browser.call('POST', '/session/confirmations', given)
    expect(await confirm({ password: 'fout' })).toMatchObject({ status: 403, code: 'CONFIRMATION_WRONG' })
    expect(await confirm({ password })).toMatchObject({ status: 200 })
    expect(await change()).toMatchObject({ status: 200 })
    const ours = (await net.b.audit('confirmation')).filter(({ user }) => user?.id === id)
    expect(ours.map(({ outcome }) => outcome)).toEqual(['refused', 'success'])
  })

  it('takes the code of who has an authenticator', async () => {
    const { browser, secret } = await enrol(easy)
    const confirm = (given: object) => browser.call('POST', '/session/confirmations', given)
    expect(await confirm({ password })).toMatchObject({ status: 401, code: 'CODE_REQUIRED' })
    expect(await confirm({ password, code: codeAt(secret, clock.now()) })).toMatchObject({ status: 200 })
  })
})

describe('an operator', () => {
  let operator: LogInBrowser
  beforeEach(async () => {
    await atB.addUser({ id: 'beheer', name: 'B. de Beheerder (fictief)', role: 'operator', password })
    operator = new LogInBrowser(easy)
    await operator.call('POST', '/session', { username: 'beheer', password })
    await operator.call('POST', '/session/confirmations', { password })
  })

  it('adds and disables people and resets their second factor, each on record', async () => {
    const added = {
      id: `new${last}`,
      name: 'N. Nieuw (fictief)',
      role: 'radiologist',
      password: 'welkom hier',
    }
    expect(await operator.call('POST', '/users', added)).toMatchObject({ status: 201 })
    expect(await operator.call('POST', '/users', added)).toMatchObject({ status: 409, code: 'USER_EXISTS' })
    const { browser } = await enrol(easy)
    expect(await operator.call('POST', `/users/${id}/second-factor-resets`)).toMatchObject({ status: 204 })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
    await logIn(browser)
    expect(await operator.call('PUT', `/users/${id}/state`, { disabled: true })).toMatchObject({
      status: 204,
    })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
    expect(await logIn(browser)).toMatchObject({ status: 401, code: 'NOT_AUTHENTICATED' })
    const { body } = await operator.call('GET', '/users')
    expect(body['users']).toContainEqual(
      expect.objectContaining({ id, disabled: true, secondFactor: 'none' }),
    )
    expect(JSON.stringify(body)).not.toContain('scrypt')
    const lines = (await net.b.audit('account-changed')).filter(({ user }) => user?.id === 'beheer')
    expect(lines.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['USER_ADDED', 'SECOND_FACTOR_RESET', 'USER_DISABLED']),
    )
  })

  it('never overwrites an account, of however many that add the same one at a time', async () => {
    const added = { id: `twice${last}`, role: 'radiologist', password: 'welkom hier' }
    const names = ['A', 'B', 'C', 'D'].map((letter) => `${letter} (fictief)`)
    const answers = await Promise.all(
      names.map((name) => operator.call('POST', '/users', { ...added, name })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409])
    const first = answers.find(({ status }) => status === 201)?.body['name']
    expect(atB.find(added.id)).toMatchObject({ name: first })
    const lines = (await net.b.audit('account-changed')).filter(({ account }) => account === added.id)
    expect(lines).toHaveLength(1)
  })

  it('confirms again when that is long ago, and cannot disable themselves', async () => {
    const path = '/users/beheer/state'
    expect(await operator.call('PUT', path, { disabled: true })).toMatchObject({ code: 'OWN_ACCOUNT' })
    clock.moveOn(minutes(6))
    expect(await operator.call('PUT', `/users/${id}/state`, { disabled: true })).toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
    })
  })
})
