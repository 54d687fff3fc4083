/** spec 21 in a browser: declared, used and ended at one hospital, reviewed at both; and what consent would do, beforehand. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
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

/** Nobody asked him for consent; his study is at the first hospital. */
const bert = '999990020'

describe.skipIf(!browserInstalled)(`emergency access${browserMissing}`, () => {
  let demo: Demo
  let browser: Browser
  let page: Page
  let watched: Watched
  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startDemo(), startBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await demo[Symbol.asyncDispose]()
  })
  afterEach(async () => {
    await page.context().close()
    expect(watched.complaints).toEqual([])
    expect(watched.addresses.filter((text) => aBsn.test(text))).toEqual([])
  })

  async function logIn(index: number, username: string): Promise<void> {
    ;({ page, watched } = await openPage(browser, demo.hospital(index).web.url))
    page.setDefaultTimeout(20_000)
    await page.goto(demo.hospital(index).web.url)
    await page.getByLabel('Gebruikersnaam').fill(username)
    await page.getByLabel('Wachtwoord').fill('demo')
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
  }
  async function isAccessible(): Promise<void> {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await violations(page), colorScheme).toEqual([])
    }
    expect(await widthAt320(page)).toBeLessThanOrEqual(320)
  }

  test('is declared in a dialog that no click beside it closes, shows how long it lasts, and is ended', async () => {
    await logIn(1, 'radioloog')
    await page.getByRole('textbox', { name: 'BSN' }).fill(bert)
    await page.getByRole('button', { name: 'Noodtoegang…' }).click()
    const dialog = page.getByRole('alertdialog', { name: 'Noodtoegang' })
    await dialog.waitFor()
    expect(await page.evaluate<string>('document.activeElement.type')).toBe('radio')
    await isAccessible()
    await page.mouse.click(2, 2)
    await dialog.getByRole('button', { name: 'Noodtoegang openen' }).click()
    await dialog.getByText('Kies een reden.').waitFor()
    await dialog.getByLabel('Patiënt niet aanspreekbaar').check()
    await dialog.getByLabel('Toelichting').fill('aneurysma, met spoed naar de OK')
    await dialog.getByLabel('Uw wachtwoord').fill('demo')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Zwijgzaam, Bert' }).waitFor()
    await page.locator('tr.row').filter({ hasText: 'X-thorax' }).waitFor()
    await page.getByText('Noodtoegang: nog 60 min').waitFor()
    await isAccessible()
    await page.getByRole('button', { name: 'Beëindigen' }).click()
    await page.getByText('Noodtoegang is afgelopen').waitFor()
  })

  async function openReviews(index: number): Promise<void> {
    await logIn(index, 'auditor')
    await page
      .getByRole('navigation', { name: 'Hoofdmenu' })
      .getByRole('link', { name: 'Noodtoegang' })
      .click()
  }

  test('waits for the privacy officer of the hospital that used it, who reviews it once', async () => {
    await openReviews(1)
    const card = page.getByRole('article', { name: /Door dit ziekenhuis/ })
    await card.waitFor()
    await isAccessible()
    await card.getByLabel('Terecht', { exact: true }).check()
    await card.getByLabel('Toelichting').fill('gezien')
    await card.getByRole('button', { name: 'Oordeel opslaan' }).click()
    await page.getByText('Niets wacht op een oordeel.').waitFor()
    await page.getByLabel('Ook beoordeelde tonen').check()
    await page.getByText(/Beoordeeld door/).waitFor()
    expect(await page.getByRole('button', { name: 'Oordeel opslaan' }).count()).toBe(0)
  })

  test('is shown to the privacy officer of the holder, who judges it when its time is over', async () => {
    await openReviews(0)
    const card = page.getByRole('article', { name: /Bij dit ziekenhuis/ })
    await card.getByText('aneurysma, met spoed naar de OK').waitFor()
    await isAccessible()
    expect(await card.getByRole('button', { name: 'Oordeel opslaan' }).count()).toBe(0)
  })

  test('consent: the effect of a choice, and of shielding, stands there before it is recorded', async () => {
    await logIn(0, 'beheer')
    await page
      .getByRole('navigation', { name: 'Hoofdmenu' })
      .getByRole('link', { name: 'Toestemming' })
      .click()
    await page.getByRole('textbox', { name: 'BSN' }).fill(bert)
    await page.keyboard.press('Enter')
    await page.getByText('onbekend (= nee)').waitFor()
    await page.getByLabel('ja, toestemming').check()
    const effect = page.getByRole('region', { name: 'Wat dit doet' })
    await effect.getByRole('row', { name: /Vermelding in de index niet vindbaar vindbaar, 1/ }).waitFor()
    const ofOther = effect.getByRole('row').filter({ hasText: demo.hospital(1).name })
    await ofOther.getByText('ja', { exact: true }).waitFor()
    await isAccessible()
    await page.getByRole('button', { name: 'Vastleggen' }).click()
    await page.getByText('zijn vindbaar voor wie toestemming kreeg').waitFor()
    await page.getByLabel('afgeschermd; de index zegt niets').check()
    await effect
      .getByRole('row', { name: /Vermelding in de index vindbaar, 1 onderzoeken niet vindbaar/ })
      .waitFor()
    await page.getByRole('button', { name: 'Afscherming opslaan' }).click()
    await page.getByText('zijn voor niemand vindbaar').waitFor()
  })
})
