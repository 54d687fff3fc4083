import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ShiftableClock } from '@twiin/runtime'
import { cheapPassword } from '@twiin/web/testing'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sessionCookie } from '../http/authenticate.ts'
import { LogInBrowser } from '../testing/log-in-browser.ts'
import { TestHospital } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { TestWeb } from '../testing/test-web.ts'
import { People } from './people-file.ts'
import { signedOnId } from './single-sign-on.ts'

const publicUrl = 'https://twiin.example'
const clock = new ShiftableClock()
let network: TestNetwork
let hospital: TestHospital
let web: TestWeb
let provider: { server: Server; origin: string }
let browser: LogInBrowser
let elsewhere: Elsewhere

/** What each person may do, as the provider says; `nobody` has nothing that the node knows. */
const groups: Record<string, readonly string[]> = {
  jansen: ['koffie', 'radiologen'],
  pietersen: ['auditors'],
  nobody: ['koffie'],
}

beforeAll(async () => {
  network = await TestNetwork.open({ clock })
  hospital = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
  provider = await startProvider()
  const clientSecretFile = join(hospital.dir, 'oidc-secret')
  await writeFile(clientSecretFile, 'a secret of the client\n')
  web = await TestWeb.start(
    hospital,
    { publicUrl },
    {
      oidc: {
        ...{ issuer: provider.origin, clientId: 'twiin', clientSecretFile, scope: 'openid profile' },
        ...{ roleClaim: 'groups', roles: { radiologen: 'radiologist', auditors: 'auditor' } },
      },
    },
  )
}, 60_000)
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  provider.server.close()
  await hospital[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
})
beforeEach(() => {
  browser = new LogInBrowser(web)
  elsewhere = new Elsewhere()
})

/** A real provider on this machine, with its own pages for log-in and consent. */
async function startProvider(): Promise<{ server: Server; origin: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const oidc = new Provider(origin, {
    clients: [
      {
        client_id: 'twiin',
        client_secret: 'a secret of the client',
        redirect_uris: [`${publicUrl}/api/v1/session/sign-on/callback`],
        post_logout_redirect_uris: [`${publicUrl}/`],
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'groups'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 600,
      IdToken: 600,
      Interaction: 600,
      Session: 600,
    },
    cookies: { keys: ['a key of the test'] },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `${id} (fictief)`, groups: groups[id] ?? [] }),
    }),
  })
  const handle = oidc.callback()
  server.on('request', (request, response) => void handle(request, response))
  return { server, origin }
}

/** The same browser at the provider: it follows and logs in there, up to the way back. */
class Elsewhere {
  readonly #cookies = new Map<string, string>()

  async logIn(url: string, login: string): Promise<URL> {
    let answer = await this.#ask(url)
    for (let steps = 0; steps < 12; steps++) {
      const next = answer.headers.get('location')
      if (next !== null) {
        const target = new URL(next, url)
        if (target.origin === publicUrl) return target
        answer = await this.#ask(target.href)
        continue
      }
      const page = await answer.text()
      const action = /action="([^"]+)"/.exec(page)?.[1]
      if (action === undefined) throw new Error(page.slice(0, 200))
      const prompt = page.includes('name="login"') ? 'login' : 'consent'
      answer = await this.#ask(
        new URL(action, url).href,
        new URLSearchParams({ prompt, login, password: 'x' }),
      )
    }
    throw new Error('no way back')
  }

  async #ask(url: string, form?: URLSearchParams): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return answer
  }
}

async function depart(confirm = false, more: object = {}): Promise<string> {
  const asked = { ...(confirm ? { confirm } : {}), ...more }
  const { status, body } = await browser.call('POST', '/session/sign-on', asked)
  expect(status).toBe(200)
  return String(body['url'])
}
async function comeBack(
  at: URL,
  who = browser,
): Promise<{ status: number | undefined; to: string | undefined }> {
  const answer = await who.open('GET', `${at.pathname}${at.search}`)
  answer.resume()
  return { status: answer.statusCode, to: answer.headers.location }
}
const refusals = async () => (await hospital.audit('login-failed')).map(({ reason }) => reason)

describe('the hospital’s own log-in', () => {
  it('lets in by the role that the provider says, and leads back to the page and nowhere else', async () => {
    const url = new URL(await depart())
    expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    expect(url.searchParams.get('state')).toMatch(/.{20,}/)
    expect(url.searchParams.get('nonce')).toMatch(/.{20,}/)
    expect(await comeBack(await elsewhere.logIn(url.href, 'jansen'))).toEqual({ status: 302, to: '/' })
    expect(await browser.call('GET', '/session')).toMatchObject({
      body: { user: { id: 'sso:jansen', role: 'radiologist' }, signedOn: true, secondFactor: 'settled' },
    })
    expect(await browser.call('POST', '/account/totp')).toMatchObject({ status: 404 })
    expect((await hospital.audit('login')).at(-1)).toMatchObject({
      user: { id: 'sso:jansen' },
      protocol: 'SIGN_ON',
    })
    const { status, body } = await browser.call('DELETE', '/session')
    expect([status, String(body['url'])]).toEqual([200, expect.stringContaining('/session/end')])
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
  })

  it('ends the session that the browser had before, and only once somebody is let in', async () => {
    await comeBack(await elsewhere.logIn(await depart(), 'pietersen'))
    const planted = new LogInBrowser(web)
    planted.cookies.set(sessionCookie, browser.cookies.get(sessionCookie) ?? '')
    await comeBack(await new Elsewhere().logIn(await depart(), 'nobody'))
    expect(await planted.call('GET', '/session')).toMatchObject({ status: 200 })
    const back = await new Elsewhere().logIn(await depart(), 'jansen')
    // As a browser does on the way back from another site.
    browser.cookies.delete(sessionCookie)
    expect(await comeBack(back)).toMatchObject({ to: '/' })
    expect(await browser.call('GET', '/session')).toMatchObject({ body: { user: { id: 'sso:jansen' } } })
    expect(await planted.call('GET', '/session')).toMatchObject({ status: 401 })
  })

  it('lets in nobody without a role, and says so on record', async () => {
    const back = await comeBack(await elsewhere.logIn(await depart(), 'nobody'))
    expect(back).toEqual({ status: 302, to: '/?sign-on=refused' })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
    expect((await refusals()).at(-1)).toBe('ROLE_NOT_GIVEN')
  })

  it.each([
    ['another state', (url: URL) => url.searchParams.set('state', 'mine'), 'ANSWER_INVALID'],
    ['another code', (url: URL) => url.searchParams.set('code', 'mine'), 'ANSWER_INVALID'],
    ['another issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example'), 'ANSWER_INVALID'],
    [
      'an error of the provider',
      (url: URL) => url.searchParams.set('error', 'access_denied'),
      'ANSWER_INVALID',
    ],
  ])('refuses an answer with %s', async (_what, change, reason) => {
    const back = await elsewhere.logIn(await depart(), 'jansen')
    change(back)
    back.searchParams.set('redirect_uri', 'https://evil.example')
    expect(await comeBack(back)).toEqual({ status: 302, to: '/?sign-on=refused' })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
    expect((await refusals()).at(-1)).toBe(reason)
  })

  it('refuses an answer in another browser, a second time, or ten minutes later', async () => {
    const back = await elsewhere.logIn(await depart(), 'jansen')
    const victim = new LogInBrowser(web)
    expect(await comeBack(back, victim)).toMatchObject({ to: '/?sign-on=refused' })
    expect(await comeBack(back)).toMatchObject({ to: '/' })
    expect(await comeBack(back)).toMatchObject({ to: '/?sign-on=refused' })
    browser = new LogInBrowser(web)
    const late = await elsewhere.logIn(await depart(), 'jansen')
    clock.moveOn(10 * 60_000 + 1)
    expect(await comeBack(late)).toMatchObject({ to: '/?sign-on=refused' })
    expect((await refusals()).at(-1)).toBe('JOURNEY_UNKNOWN')
  })

  it('keeps two people apart whose subjects begin with the same sixty characters and more', async () => {
    const [one, two] = [`${'x'.repeat(254)}a`, `${'x'.repeat(254)}b`]
    groups[one] = groups[two] = ['radiologen']
    await comeBack(await elsewhere.logIn(await depart(), one))
    const { body } = await browser.call('GET', '/session')
    expect(body).toMatchObject({ user: { id: expect.stringMatching(/^sso:x{16}~[\w-]{43}$/) as string } })
    await browser.call('POST', '/session/lock')
    expect(await comeBack(await new Elsewhere().logIn(await depart(true), two))).toMatchObject({
      to: '/?sign-on=refused',
    })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 423 })
    const short = ['jansen', 'x'.repeat(59), 'x'.repeat(60), signedOnId(one).slice(4)]
    expect(new Set([...short, one, two].map(signedOnId)).size).toBe(6)
    expect(short.map((subject) => signedOnId(subject).length)).toEqual([10, 63, 64, 64])
  })

  it('keeps out whom an operator disables here, at once and for as long', async () => {
    const people = new People({ file: join(hospital.dir, 'people.json'), passwordCost: cheapPassword })
    const who = { id: 'beheer', name: 'B. de Beheerder (fictief)', password: 'een lang wachtwoord' }
    await people.addUser({ ...who, role: 'operator' })
    const operator = new LogInBrowser(web)
    await operator.call('POST', '/session', { username: who.id, password: who.password })
    await operator.call('POST', '/session/confirmations', { password: who.password })
    await comeBack(await elsewhere.logIn(await depart(), 'jansen'))
    const shown = async () => (await operator.call('GET', '/users')).body['signedOn']
    const jansen = { id: 'sso:jansen', name: 'jansen (fictief)', role: 'radiologist', disabled: false }
    expect(await shown()).toContainEqual(jansen)
    const state = (disabled: boolean) => operator.call('PUT', '/users/sso:jansen/state', { disabled })
    expect(await state(true)).toMatchObject({ status: 204 })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
    expect(await comeBack(await new Elsewhere().logIn(await depart(), 'jansen'))).toMatchObject({
      to: '/?sign-on=refused',
    })
    expect((await refusals()).at(-1)).toBe('BARRED')
    expect((await hospital.audit('login-failed')).at(-1)).toMatchObject({ user: { id: 'sso:jansen' } })
    expect(await shown()).toContainEqual({ id: 'sso:jansen', name: 'sso:jansen', disabled: true })
    expect((await hospital.audit('account-changed')).at(-1)).toMatchObject({
      ...{ reason: 'USER_DISABLED', account: 'sso:jansen' },
    })
    await state(false)
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
    expect(await comeBack(await new Elsewhere().logIn(await depart(), 'jansen'))).toMatchObject({ to: '/' })
    expect(await shown()).toContainEqual(jansen)
  })

  it('keeps out whom an operator disables while they come in, for good', async () => {
    const people = new People({ file: join(hospital.dir, 'people.json'), passwordCost: cheapPassword })
    const { account } = hospital.ground
    const record = account.record.bind(account)
    account.record = async (line) => {
      if (line.event === 'login') await people.setDisabled('sso:jansen', true)
      await record(line)
    }
    const back = await comeBack(await elsewhere.logIn(await depart(), 'jansen'))
    account.record = record
    // Let in again, they have no session of then.
    await people.setDisabled('sso:jansen', false)
    expect(back).toMatchObject({ to: '/?sign-on=refused' })
    expect((await refusals()).at(-1)).toBe('BARRED')
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 401 })
  })

  it('opens an emergency for who signed on again for that, and for nothing else', async () => {
    await comeBack(await elsewhere.logIn(await depart(), 'jansen'))
    const order = { bsn: '999990019', cause: 'other', reason: 'aneurysma, spoed' }
    const open = () => browser.call('POST', '/emergency-accesses', order)
    await comeBack(await new Elsewhere().logIn(await depart(true), 'jansen'))
    expect(await open()).toMatchObject({ status: 403, code: 'CONFIRMATION_REQUIRED' })
    await comeBack(await new Elsewhere().logIn(await depart(true, { for: 'emergency' }), 'jansen'))
    expect(await open()).toMatchObject({ status: 201 })
    expect(await open()).toMatchObject({ status: 403, code: 'CONFIRMATION_REQUIRED' })
  })

  it('opens a locked session again for the same person only', async () => {
    await comeBack(await elsewhere.logIn(await depart(), 'jansen'))
    const before = browser.cookies.get(sessionCookie)
    await browser.call('POST', '/session/lock')
    const url = await depart(true)
    expect(new URL(url).searchParams.get('max_age')).toBe('0')
    const other = await new Elsewhere().logIn(url, 'pietersen')
    expect(await comeBack(other)).toMatchObject({ to: '/?sign-on=refused' })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 423 })
    expect(await comeBack(await new Elsewhere().logIn(await depart(true), 'jansen'))).toMatchObject({
      to: '/',
    })
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 200 })
    expect(browser.cookies.get(sessionCookie)).not.toBe(before)
  })
})
