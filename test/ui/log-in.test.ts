/** Log-in, lock, passkeys, accounts and launches, in a browser against a real node. */
import { join } from 'node:path'
import { People, TestHospital, TestNetwork, TestWeb } from '@twiin/node/testing'
import { ShiftableClock } from '@twiin/runtime'
import type { Browser, Page, Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Authenticator } from '../support/totp.ts'
import {
  aBsn,
  browserInstalled,
  browserMissing,
  openPage,
  startBrowser,
  violations,
  widthAt320,
} from './browser.ts'
import type { Watched } from './browser.ts'

const password = 'een lang wachtwoord'
const bsn = '999990019'

describe.skipIf(!browserInstalled)(`log-in${browserMissing}`, () => {
  const clock = new ShiftableClock()
  let network: TestNetwork
  let hospital: TestHospital
  let web: TestWeb
  let people: People
  let browser: Browser
  let page: Page
  let watched: Watched
  let origin: string

  beforeAll(async () => {
    network = await TestNetwork.open({ clock })
    hospital = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
    web = await TestWeb.start(hospital, {}, { secondFactor: 'required' })
    origin = `https://localhost:${web.port}`
    people = new People({ file: join(hospital.dir, 'people.json') })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await web[Symbol.asyncDispose]()
    await hospital[Symbol.asyncDispose]()
    await network[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    ;({ page, watched } = await openPage(browser, origin))
    page.setDefaultTimeout(20_000)
  })
  afterEach(async () => {
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href])',
    )
    await page.context().close()
    // Refusals are what these tests are about; anything else is a mistake of the page.
    expect(watched.complaints.filter((text) => !/status of 4(01|03|23)/.test(text))).toEqual([])
    expect([...watched.addresses, stored].filter((text) => aBsn.test(text))).toEqual([])
  })

  const add = (id: string, role: 'radiologist' | 'operator' = 'radiologist') =>
    people.addUser({ id, name: `${id} (fictief)`, role, password })
  async function logIn(id: string): Promise<void> {
    await page.goto(origin)
    await page.getByLabel('Gebruikersnaam').fill(id)
    await page.getByLabel('Wachtwoord').fill(password)
    await page.keyboard.press('Enter')
  }
  /** The first log-in: scan, code, keep the recovery codes. */
  async function enrol(): Promise<{ app: Authenticator; codes: string[] }> {
    const shown = await page.locator('.totp-secret').innerText()
    const app = new Authenticator(shown.replaceAll(' ', ''), () => clock.now())
    await page.getByLabel('Code uit de app').fill(await app.next())
    await page.keyboard.press('Enter')
    const kept = page.getByRole('button', { name: 'Ik heb ze bewaard' })
    await kept.waitFor()
    const codes = await page.getByRole('listitem').allInnerTexts()
    await kept.click()
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
    return { app, codes }
  }

  /** Out is who was told so: a page that is left before takes its question with it. */
  async function logOut(): Promise<void> {
    await page.getByRole('button', { name: 'Uitloggen' }).click()
    await page.getByLabel('Gebruikersnaam').waitFor()
  }

  test('the first log-in sets up an app with a code, and the next one asks for it', async () => {
    await add('jansen')
    await logIn('jansen')
    await page.getByRole('img', { name: 'QR-code' }).waitFor()
    expect(await violations(page)).toEqual([])
    expect(await widthAt320(page)).toBeLessThanOrEqual(320)
    const { codes } = await enrol()
    expect(codes).toHaveLength(10)
    await logOut()
    await logIn('jansen')
    await page.getByLabel('Code', { exact: true }).fill('000000')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').filter({ hasText: 'klopt niet' }).waitFor()
    await page.getByLabel('Code', { exact: true }).fill(codes[0] ?? '')
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
  })

  test('a locked page shows nothing, and is as it was when it opens', async () => {
    await add('lock')
    await logIn('lock')
    const { app } = await enrol()
    await page.getByRole('textbox', { name: 'BSN' }).fill(bsn)
    await page.getByLabel('Reden').fill('polikliniek')
    // Nobody touches it; the page's own polling goes on, and finds it locked.
    clock.moveOn(16 * 60_000)
    await page.getByRole('heading', { name: 'Vergrendeld' }).waitFor({ timeout: 40_000 })
    expect(await page.getByRole('textbox', { name: 'BSN' }).isVisible()).toBe(false)
    expect(await violations(page)).toEqual([])
    await page.getByLabel('Wachtwoord').fill(password)
    await page.keyboard.press('Enter')
    await page.getByLabel('Code', { exact: true }).fill(await app.next())
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
    expect(await page.getByRole('textbox', { name: 'BSN' }).inputValue()).toMatch(/9999/)
    expect(await page.getByLabel('Reden').inputValue()).toBe('polikliniek')
    await page.getByRole('button', { name: 'Vergrendelen' }).click()
    await page.getByRole('heading', { name: 'Vergrendeld' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Vergrendeld' }).waitFor()
  })

  test('whoever logs out leaves nothing that asks, and is not told that the session ended by itself', async () => {
    await add('weg')
    // One question is still on its way at the end of the session; and the end reaches the page only after it woke others.
    await page.addInitScript(`{
      const real = fetch
      let ended
      const end = new Promise((resolve) => (ended = resolve))
      window.fetch = async (address, init) => {
        if (address.endsWith('/members') && init.method === 'GET') await end
        const answer = await real(address, init)
        if (init?.method !== 'DELETE') return answer
        ended()
        document.dispatchEvent(new Event('visibilitychange'))
        await new Promise((resolve) => setTimeout(resolve, 300))
        return answer
      }
    }`)
    await logIn('weg')
    await enrol()
    await logOut()
    await page.getByText('Beelden en verslagen van andere ziekenhuizen').waitFor()
    expect(watched.complaints).toEqual([])
  })

  test('a log-out that the node did not hear of is not taken for done, and shows nothing of a patient', async () => {
    await add('blijf')
    await logIn('blijf')
    await enrol()
    await page.getByRole('button', { name: 'Vergrendelen' }).click()
    const noAnswer = (route: Route) =>
      route.request().method() === 'DELETE' ? route.abort() : route.continue()
    await page.route('**/api/v1/session', noAnswer)
    await page.getByRole('button', { name: 'Iemand anders' }).click()
    await page.getByRole('button', { name: 'Opnieuw' }).waitFor()
    // Not even behind it, as it was while the page was locked.
    expect(await page.locator('body').textContent()).not.toContain('BSN')
    expect(await violations(page)).toEqual([])
    await page.unroute('**/api/v1/session', noAnswer)
    watched.complaints = watched.complaints.filter((text) => !text.includes('ERR_FAILED'))
    await page.getByRole('button', { name: 'Opnieuw' }).click()
    await page.getByLabel('Gebruikersnaam').waitFor()
  })

  test('a passkey is made on the account page, and lets in without a password', async () => {
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: true, automaticPresenceSimulation: true },
      },
    })
    await add('sleutel')
    await logIn('sleutel')
    await enrol()
    await page.getByRole('link', { name: 'sleutel' }).click()
    await page.getByLabel('Naam van de passkey').fill('laptop')
    await page.getByRole('button', { name: 'Passkey toevoegen' }).click()
    await page.getByText('laptop').waitFor()
    expect(await violations(page)).toEqual([])
    expect(await widthAt320(page)).toBeLessThanOrEqual(320)
    await logOut()
    await page.getByRole('button', { name: 'Met passkey' }).click()
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
    await page.getByRole('button', { name: 'Vergrendelen' }).click()
    await page.getByRole('button', { name: 'Met passkey' }).click()
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
    const { lines } = { lines: await hospital.audit('login') }
    expect(lines.map(({ protocol }) => protocol)).toContain('PASSKEY')
    await page.getByRole('link', { name: 'sleutel' }).click()
    await page.getByRole('button', { name: 'Verwijderen' }).click()
    await page.getByText('laptop').waitFor({ state: 'detached' })
    await logOut()
    await page.getByRole('button', { name: 'Met passkey' }).click()
    await page.getByRole('alert').filter({ hasText: 'klopt niet' }).waitFor()
  })

  test('an operator adds, resets and disables people', async () => {
    await add('beheer', 'operator')
    await logIn('beheer')
    const { app } = await enrol()
    await page.getByRole('link', { name: 'Gebruikers' }).click()
    await page.getByRole('button', { name: 'Gebruiker toevoegen' }).click()
    const dialog = page.getByRole('alertdialog')
    await dialog.getByLabel('Gebruikersnaam').fill('nieuw')
    await dialog.getByLabel('Naam', { exact: true }).fill('N. Nieuw (fictief)')
    await dialog.getByLabel('Eerste wachtwoord').fill('welkom hier')
    await page.keyboard.press('Enter')
    // The node wants to know once more who this is.
    const question = page.getByRole('alertdialog', { name: 'Bent u het?' })
    await question.getByLabel('Wachtwoord').fill(password)
    await page.keyboard.press('Enter')
    await question.getByLabel('Code', { exact: true }).fill(await app.next())
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Enter')
    const row = page.getByRole('listitem').filter({ hasText: 'N. Nieuw' })
    await row.waitFor()
    expect(await violations(page)).toEqual([])
    expect(await widthAt320(page)).toBeLessThanOrEqual(320)
    await row.getByRole('button', { name: 'blokkeren' }).click()
    await row.getByText('geblokkeerd').waitFor()
  })

  test('a launch fills in the search after the log-in, and stands in no address', async () => {
    await add('epd')
    await logIn('epd')
    await enrol()
    await logOut()
    const token = await people.addToken({ id: 'epd', name: 'EPD (fictief)', role: 'launcher' })
    const answer = await web.call('/api/v1/launches', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ patient: { bsn } }),
    })
    const { url } = answer.json() as { url: string }
    await people.resetSecondFactor('epd', clock.now())
    await page.goto(url)
    expect(page.url()).not.toContain('#')
    await page.getByLabel('Gebruikersnaam').fill('epd')
    await page.getByLabel('Wachtwoord').fill(password)
    await page.keyboard.press('Enter')
    await enrol()
    await expect.poll(() => page.getByRole('textbox', { name: 'BSN' }).inputValue()).toMatch(/9999/)
  })
})
