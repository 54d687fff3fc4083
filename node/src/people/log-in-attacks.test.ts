import { join } from 'node:path'
import { ShiftableClock } from '@twiin/runtime'
import { cheapPassword, codeAt } from '@twiin/web/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sessionCookie } from '../http/authenticate.ts'
import { LogInBrowser } from '../testing/log-in-browser.ts'
import { TestHospital, patient } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { TestWeb } from '../testing/test-web.ts'
import { People } from './people-file.ts'

const password = 'een lang wachtwoord'
const clock = new ShiftableClock()
let network: TestNetwork
let hospital: TestHospital
let web: TestWeb
let people: People
let launcher: { authorization: string }
let last = 0
let id: string

beforeAll(async () => {
  network = await TestNetwork.open({ clock })
  hospital = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
  web = await TestWeb.start(hospital, { publicUrl: 'https://twiin.example' })
  people = new People({ file: join(hospital.dir, 'people.json'), passwordCost: cheapPassword })
  const token = await people.addToken({ id: 'epd', name: 'EPD (fictief)', role: 'launcher' })
  launcher = { authorization: `Bearer ${token}` }
}, 60_000)
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  await hospital[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
})
beforeEach(async () => {
  id = `rad${++last}`
  await people.addUser({ id, name: 'R. de Radioloog (fictief)', role: 'radiologist', password })
})
const logIn = (browser: LogInBrowser, more: object = {}, headers?: Record<string, string>) =>
  browser.call('POST', '/session', { username: id, password, ...more }, headers)
const stranger = () => new LogInBrowser(web)

describe('session fixation', () => {
  it('fails: a planted identifier is no session, and a log-in never takes one over', async () => {
    const victim = stranger()
    victim.cookies.set(sessionCookie, 'planted')
    await logIn(victim)
    expect(victim.cookies.get(sessionCookie)).not.toBe('planted')
    const attacker = stranger()
    attacker.cookies.set(sessionCookie, 'planted')
    expect(await attacker.call('GET', '/session')).toMatchObject({ status: 401 })
  })

  it('fails with a session of the attacker’s own, which the log-in ends', async () => {
    await people.addUser({ id: 'eve', name: 'E. (fictief)', role: 'auditor', password })
    const attacker = stranger()
    await attacker.call('POST', '/session', { username: 'eve', password })
    const victim = stranger()
    victim.cookies.set(sessionCookie, attacker.cookies.get(sessionCookie) ?? '')
    await logIn(victim)
    expect(await attacker.call('GET', '/session')).toMatchObject({ status: 401 })
  })
})

describe('a request of a foreign page', () => {
  it('changes nothing with the cookie alone, whatever it tries', async () => {
    const browser = stranger()
    await logIn(browser)
    const cookie = `${sessionCookie}=${browser.cookies.get(sessionCookie) ?? ''}`
    for (const [method, path, body] of [
      ['POST', '/account/totp', undefined],
      ['PUT', '/account/password', { password: 'van de aanvaller' }],
      ['POST', '/session/lock', undefined],
      ['POST', '/session/unlock', { password }],
      ['POST', '/session/confirmations', { password }],
      ['POST', '/session/sign-on', {}],
      ['POST', '/launches/openings', { handle: 'x' }],
      ['POST', '/launches/claims', undefined],
      ['DELETE', '/session', undefined],
    ] as const) {
      const forged = stranger()
      forged.isOwnPage = false
      const answer = await forged.open(method, `/api/v1${path}`, body, { cookie })
      answer.resume()
      expect([path, answer.statusCode]).toEqual([path, 403])
    }
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 200 })
  })
})

describe('guessing', () => {
  it('over many sessions and browsers counts together, and the right password is no way round', async () => {
    const codes = []
    for (let i = 0; i < 7; i++) codes.push((await logIn(stranger(), { password: `fout ${i}` })).code)
    expect(codes.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'NOT_AUTHENTICATED'))
    expect(codes.slice(5)).toEqual(['TOO_MANY_ATTEMPTS', 'TOO_MANY_ATTEMPTS'])
    expect(await logIn(stranger())).toMatchObject({ status: 429 })
    const failures = (await hospital.audit('login-failed')).filter(({ user }) => user?.id === id)
    expect(failures).toHaveLength(5)
  })

  it('of codes with a stolen password stops after five, also when asking whether one is needed in between', async () => {
    const owner = stranger()
    await logIn(owner)
    const { body } = await owner.call('POST', '/account/totp')
    const code = codeAt(String(body['secret']), clock.now())
    expect(await owner.call('POST', '/account/totp/confirmation', { code })).toMatchObject({ status: 200 })
    const answers = []
    for (let i = 0; i < 4; i++) {
      answers.push((await logIn(stranger())).code)
      answers.push((await logIn(stranger(), { code: '123456' })).code)
    }
    expect(answers.slice(0, 5)).not.toContain('TOO_MANY_ATTEMPTS')
    expect(answers.slice(5)).toEqual(Array.from({ length: 3 }, () => 'TOO_MANY_ATTEMPTS'))
  })

  it('a name that does not exist gets the same answer, and no hint of a second factor', async () => {
    const unknown = await stranger().call('POST', '/session', { username: `niemand${last}`, password })
    const wrong = await logIn(stranger(), { password: 'fout' })
    const { instance: _, ...one } = unknown.body
    const { instance: __, ...other } = wrong.body
    expect(one).toEqual(other)
  })
})

describe('a launch', () => {
  const make = (more: object = {}) =>
    stranger().call('POST', '/launches', { patient: { bsn: patient.bsn }, ...more }, launcher)
  const handleOf = (url: unknown) => String(url).split('#')[1] ?? ''

  it('brings the patient to who logs in, once, and never in an address', async () => {
    const { status, body } = await make({ studyInstanceUid: '1.2.3' })
    expect(status).toBe(201)
    expect(String(body['url'])).toMatch(/^https:\/\/twiin\.example\/starten#[\w-]{43}$/)
    expect(String(body['url'])).not.toContain(patient.bsn)
    const browser = stranger()
    const handle = handleOf(body['url'])
    expect(await browser.call('POST', '/launches/openings', { handle })).toMatchObject({ status: 204 })
    expect(await stranger().call('POST', '/launches/openings', { handle })).toMatchObject({
      status: 404,
      code: 'LAUNCH_GONE',
    })
    expect(await browser.call('POST', '/launches/claims')).toMatchObject({ status: 401 })
    await logIn(browser)
    expect(await browser.call('POST', '/launches/claims')).toMatchObject({
      status: 200,
      body: { bsn: patient.bsn, studyInstanceUid: '1.2.3' },
    })
    expect(await browser.call('POST', '/launches/claims')).toMatchObject({ status: 404 })
    const lines = (await hospital.audit('launch')).slice(-2)
    expect(lines).toMatchObject([
      { protocol: 'MADE', user: { id: 'epd' }, patient: { citizenNumber: patient.bsn } },
      { protocol: 'CLAIMED', user: { id }, responsible: { id: 'epd' } },
    ])
  })

  it('takes the hospital’s own number of somebody whose BSN is known here', async () => {
    const number = { localId: '4711', issuer: 'ZIS' }
    const facts = { names: ['Jansen^Anna'], birthDate: '1960-02-03', sex: 'F', doubts: [] }
    await hospital.index.localPatients.state(number, { numbers: [number], bsn: patient.bsn, ...facts }, '1')
    const browser = stranger()
    const handle = handleOf((await make({ patient: { localId: '4711' } })).body['url'])
    await browser.call('POST', '/launches/openings', { handle })
    await logIn(browser)
    expect(await browser.call('POST', '/launches/claims')).toMatchObject({ body: { bsn: patient.bsn } })
  })

  it('is over after a minute, is for who it names, and comes from no page or person', async () => {
    const late = handleOf((await make()).body['url'])
    clock.moveOn(61_000)
    expect(await stranger().call('POST', '/launches/openings', { handle: late })).toMatchObject({
      status: 404,
    })
    const browser = stranger()
    await logIn(browser)
    const handle = handleOf((await make({ user: 'somebody else' })).body['url'])
    await browser.call('POST', '/launches/openings', { handle })
    expect(await browser.call('POST', '/launches/claims')).toMatchObject({ code: 'LAUNCH_OF_ANOTHER' })
    expect((await hospital.audit('launch')).at(-1)).toMatchObject({ outcome: 'refused' })
    expect(await browser.call('POST', '/launches', { patient: { bsn: patient.bsn } })).toMatchObject({
      code: 'ROLE_NOT_PERMITTED',
    })
    for (const path of ['/studies', '/status', '/members', '/session', '/audit-events'])
      expect(await stranger().call('GET', path, undefined, launcher)).toMatchObject({ status: 403 })
  })

  it.each([
    ['an address of its own', { url: 'https://evil.example' }, 400],
    ['no BSN', { patient: { bsn: '999990018' } }, 422],
    ['a number nobody has', { patient: { localId: 'nobody' } }, 422],
    ['both numbers', { patient: { bsn: patient.bsn, localId: '1' } }, 400],
  ])('with %s is refused, and the answer repeats nothing', async (_what, more, status) => {
    const answer = await make(more)
    expect(answer.status).toBe(status)
    expect(answer.text).not.toContain(patient.bsn)
  })
})

describe('a path', () => {
  it.each([
    '/../node.key',
    '/..%2f..%2fpeople.json',
    '/%2e%2e/%2e%2e/people.json',
    '/assets/..%5c..%5cpeople.json',
    '/assets/%00people.json',
    '//evil.example/%2e%2e',
  ])('%s gets no file of this machine', async (path) => {
    const answer = await stranger().open('GET', path, undefined, { accept: '*/*' })
    let whole = ''
    for await (const part of answer) whole += String(part)
    expect(whole).not.toMatch(/scrypt|PRIVATE KEY|"tokens"/)
    expect([200, 400, 403, 404]).toContain(answer.statusCode)
    expect(answer.headers.location).toBeUndefined()
  })

  it('with something that says where to go afterwards leads nowhere', async () => {
    const answer = await stranger().open(
      'GET',
      '/api/v1/session/sign-on/callback?redirect=https://evil.example',
    )
    answer.resume()
    expect(answer.headers.location).toBeUndefined()
  })
})
