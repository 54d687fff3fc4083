/** Sharing as staff see it: from a search to a link, and from the list to its end. */
import { readFile } from 'node:fs/promises'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi } from '../support/node-api.ts'
import { aBsn, browserInstalled, browserMissing, openPage, startBrowser } from './browser.ts'
import { smallTargets, violations, violationsInLooks, widthAt320 } from './browser.ts'
import type { Watched } from './browser.ts'

const anna = '999990019'
const link = /^https:\/\/127\.0\.0\.1:\d+\/z\/l[\w-]{22}#[\w-]{43}$/
const code = /^[2-9A-HJKMNP-TV-Z]{5} [2-9A-HJKMNP-TV-Z]{5}$/

describe.skipIf(!browserInstalled)(`shares, for staff${browserMissing}`, () => {
  let demo: Demo
  let browser: Browser
  let page: Page
  let watched: Watched
  /** Shown once: nowhere to be found afterwards. */
  const secrets: string[] = []
  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startDemo({ hospitals: 2 }), startBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await demo[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    ;({ page, watched } = await openPage(browser, demo.hospital(0).web.url))
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    page.setDefaultTimeout(20_000)
  })
  afterEach(async () => {
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href, document.body.innerHTML])',
    )
    await page.context().close()
    expect(watched.complaints).toEqual([])
    expect(watched.addresses.filter((text) => aBsn.test(text))).toEqual([])
    const left = [stored, ...watched.addresses].join('\n')
    expect(secrets.filter((secret) => left.includes(secret))).toEqual([])
  })

  async function logIn(username: string): Promise<void> {
    await page.goto(demo.hospital(0).web.url)
    await page.getByLabel('Gebruikersnaam').fill(username)
    await page.getByLabel('Wachtwoord').fill('demo')
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
  }
  const visit = (name: string) =>
    page.getByRole('navigation', { name: 'Hoofdmenu' }).getByRole('link', { name }).click()
  const focused = (what: string) => page.evaluate<string>(`document.activeElement.${what}`)

  /** Opened things are clean in light and dark, and fit in 320 pixels. */
  async function expectClean(): Promise<void> {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await violations(page)).toEqual([])
    }
    expect(await smallTargets(page)).toEqual([])
    expect(await widthAt320(page)).toBeLessThanOrEqual(320)
  }
  async function letterFrom(dialog: Locator, name: string): Promise<string> {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name }).click(),
    ])
    return (await readFile(await download.path())).subarray(0, 5).toString('latin1')
  }

  test('a study that was found becomes a link and a code, shown once, by keyboard', async () => {
    await logIn('radioloog')
    await page.getByRole('textbox', { name: 'BSN' }).fill(anna)
    await page.getByLabel('Reden').fill('polikliniek')
    await page.keyboard.press('Enter')
    await page.locator('tr.row').filter({ hasText: 'X-thorax' }).locator('[data-row]').focus()
    await page.keyboard.press('d')
    const dialog = page.getByRole('dialog', { name: 'Delen met een link' })
    await dialog.getByRole('group', { name: 'Voor wie' }).waitFor()
    const ticked = dialog.getByRole('group', { name: 'Onderzoeken' }).getByRole('checkbox', { checked: true })
    expect(await ticked.count()).toBe(1)
    await dialog.getByRole('checkbox', { name: /X-thorax/, checked: true }).waitFor()
    await dialog.getByText(/^De link opent (zodra|pas)/).waitFor()
    await expectClean()

    // What is missing is said, and the focus is there.
    await dialog.getByLabel('code op papier').check()
    await dialog.getByRole('button', { name: /^Delen \(1 onderzoek, / }).click()
    await dialog.getByText('Vul een geldig e-mailadres in.').waitFor()
    expect(await focused('labels[0].textContent')).toBe('E-mailadres')
    await page.keyboard.type('anna@patient.example')
    await dialog.getByLabel('30 dagen').check()
    await dialog.getByText('Het bericht bekijken').click()
    const message = dialog.locator('.share-mail')
    await message.getByText(demo.hospital(0).name).first().waitFor()
    expect(await message.textContent()).not.toMatch(/Anna|thorax|\bCT\b|röntgen/i)
    await expectClean()
    await dialog.getByLabel('E-mailadres').focus()
    await page.keyboard.press('Enter')

    const given = page.getByRole('alertdialog', { name: 'Gedeeld' })
    await given.getByText('Dit ziet u nu één keer').waitFor()
    expect(await focused('textContent')).toMatch(/bewaart de link en de code niet/)
    const [url, secret] = [
      await given.getByLabel('Link').inputValue(),
      await given.getByLabel('Code').inputValue(),
    ]
    expect(url).toMatch(link)
    expect(secret).toMatch(code)
    secrets.push(url.slice(url.indexOf('#') + 1), secret)
    await given.getByText('Het pakket is klaar en de mail is verstuurd.').waitFor({ timeout: 60_000 })
    await expectClean()

    // The mail takes the link there; nobody took the code yet.
    await page.keyboard.press('Escape')
    await given.getByText('U hebt de code niet gekopieerd of afgedrukt.').waitFor()
    await expectClean()
    await page.keyboard.press('Enter')
    await given.getByRole('button', { name: 'Link kopiëren' }).click()
    await given.getByText('Gekopieerd.').waitFor()
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(url)
    expect(await letterFrom(given, 'Brief met link en QR (PDF)')).toBe('%PDF-')
    expect(await letterFrom(given, 'Brief met code (PDF)')).toBe('%PDF-')
    await page.keyboard.press('Escape')
    await given.waitFor({ state: 'detached' })
    expect(await focused('textContent')).toBe('X-thorax')
  })

  test('the list says what became of it; a code is renewed, a link made anew, and revoked', async () => {
    await logIn('radioloog')
    await visit('Gedeeld')
    const rows = page.locator('tr[data-share]')
    const first = rows.first()
    await first.getByText('Open', { exact: true }).waitFor()
    expect(await first.textContent()).toMatch(
      /Anna Voorbeeld.*Patiënt, mail verstuurd, code op papier.*1 onderzoek.*tot [^,]*nog niet geopend/,
    )
    await first.locator('[data-row]').focus()
    await page.keyboard.press('Enter')
    const history = page.getByRole('region', { name: 'Wat er gebeurde' })
    await history.getByText('mail verstuurd').waitFor()
    await page.getByText('anna@patient.example').waitFor()
    expect(await violationsInLooks(page)).toEqual([])
    expect(await smallTargets(page)).toEqual([])

    await page
      .getByRole('button', { name: /^Nieuwe code: Anna Voorbeeld/ })
      .last()
      .click()
    const renewal = page.getByRole('alertdialog')
    await renewal.getByRole('button', { name: 'Nieuwe code geven' }).click()
    const renewed = await renewal.getByLabel('Code').inputValue()
    expect(renewed).toMatch(code)
    expect(secrets).not.toContain(renewed)
    secrets.push(renewed)
    await expectClean()
    await renewal.getByRole('button', { name: 'Code kopiëren' }).click()
    await renewal.getByText('Gekopieerd.').waitFor()
    await renewal.getByRole('button', { name: 'Klaar' }).click()
    await history.getByText('nieuwe code of ander nummer').waitFor()

    await page.getByRole('button', { name: /^Opnieuw mailen: / }).click()
    const again = page.getByRole('alertdialog')
    await again.getByText('anna@patient.example').waitFor()
    await again.getByRole('button', { name: 'Nieuwe link maken' }).click()
    const url = await again.getByLabel('Link').inputValue()
    expect(url).toMatch(link)
    secrets.push(url.slice(url.indexOf('#') + 1), await again.getByLabel('Code').inputValue())
    await again.getByText('Het pakket is klaar en de mail is verstuurd.').waitFor({ timeout: 60_000 })
    await again.getByRole('button', { name: 'Klaar' }).click()
    await again.getByRole('button', { name: 'Toch sluiten' }).click()
    await rows.nth(1).getByText('Ingetrokken').waitFor()

    await first.getByRole('button', { name: /^Intrekken: / }).focus()
    await page.keyboard.press('Enter')
    const ending = page.getByRole('alertdialog', { name: 'Link intrekken' })
    await expectClean()
    await ending.getByRole('button', { name: 'Intrekken' }).click()
    await page.getByText('Ingetrokken. De link werkt niet meer.').waitFor()
    await first.getByText('Ingetrokken', { exact: true }).waitFor()
    // The button that was pressed keeps the focus, and says what goes now.
    expect(await focused('textContent')).toBe('Opnieuw mailen')
    // Not `check`, which looks at once: the filter stands in the address, and shows when the page is there.
    await page.getByRole('radio', { name: /^Loopt/ }).click()
    await page.getByText('Niets in deze selectie.').waitFor()
  })

  test('the desk shares what it holds with a care giver; what this node cannot do says why', async () => {
    await logIn('beheer')
    // The demo has everything; a node that is set up for paper only answers so.
    const least = {
      mail: false,
      factors: { sms: false, letter: true, oidc: null },
      helpPhone: '088 000 00 00',
    }
    await page.route('**/api/v1/shares/offers', (route) =>
      route.fulfill({ json: { ...least, validDays: 14, reportDelayDays: 7 } }),
    )
    await visit('Onderzoeken hier')
    await page.getByRole('searchbox').fill('X-thorax')
    await page.getByRole('checkbox').first().check()
    await page.getByRole('button', { name: 'Delen…' }).click()
    const dialog = page.getByRole('dialog')
    for (const why of ['E-mail is', 'Sms is', 'Inloggen is'])
      await dialog.getByText(`${why} op deze node niet ingericht.`).waitFor()
    for (const name of ['per e-mail', 'code per sms', 'inloggen'])
      expect(await dialog.getByRole('radio', { name }).isDisabled()).toBe(true)
    await dialog.getByLabel('een zorgverlener buiten het netwerk').check()
    await dialog.getByText('nooit in één envelop').waitFor()
    await dialog.getByRole('button', { name: /^Delen \(/ }).click()
    await dialog.getByText('Vul in voor wie het is.').waitFor()
    await page.keyboard.type('huisarts Proef')
    await expectClean()
    await page.keyboard.press('Enter')
    const given = page.getByRole('alertdialog')
    secrets.push(await given.getByLabel('Code').inputValue())
    await given.getByText('Het pakket is klaar.').waitFor({ timeout: 60_000 })
    await given.getByRole('button', { name: 'Klaar' }).click()
    await given.getByText('U hebt de link en de code niet gekopieerd').waitFor()
    await given.getByRole('button', { name: 'Toch sluiten' }).click()

    await visit('Gedeeld')
    const row = page.locator('tr[data-share]').filter({ hasText: 'huisarts Proef' })
    await row.getByText('Zorgverlener, link op papier, code op papier').waitFor()
    // Somebody else ends it: it is seen here without asking.
    const id = await row.getAttribute('data-share')
    await new NodeApi(demo.hospital(0)).as('radiologist').call('POST', `/api/v1/shares/${id}/revocation`)
    await row.getByText('Ingetrokken', { exact: true }).waitFor()
  })
})
