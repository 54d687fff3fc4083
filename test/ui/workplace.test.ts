/** The pages of a node, driven in a browser against a real network of three hospitals. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { aBsn, browserInstalled, browserMissing, openPage, startBrowser } from './browser.ts'
import { smallTargets, violationsInLooks } from './browser.ts'
import type { Watched } from './browser.ts'

const anna = '999990019'
const carla = '999990032'
const els = '999990056'

describe.skipIf(!browserInstalled)(`the workplace${browserMissing}`, () => {
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
  beforeEach(async () => {
    ;({ page, watched } = await openPage(browser, demo.hospital(0).web.url))
    page.setDefaultTimeout(20_000)
  })
  afterEach(async () => {
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href])',
    )
    await page.context().close()
    expect(watched.complaints).toEqual([])
    // A BSN travels in bodies only.
    expect([...watched.addresses, stored].filter((text) => aBsn.test(text))).toEqual([])
  })

  async function logIn(username: string): Promise<void> {
    await page.goto(demo.hospital(0).web.url)
    await page.getByLabel('Gebruikersnaam').fill(username)
    await page.getByLabel('Wachtwoord').fill('demo')
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
  }
  async function search(bsn: string): Promise<void> {
    await page.getByRole('textbox', { name: 'BSN' }).fill(bsn)
    await page.getByLabel('Reden').fill('polikliniek')
    await page.keyboard.press('Enter')
  }
  const chip = (index: number, status: string) =>
    page.locator(`[data-holder="${demo.hospital(index).ura}"][data-status="${status}"]`)
  const visit = (name: string) =>
    page.getByRole('navigation', { name: 'Hoofdmenu' }).getByRole('link', { name }).click()
  const row = (text: string): Locator => page.locator('tr.row').filter({ hasText: text })

  test('finds the priors of a patient in three hospitals and brings one into the own PACS, by keyboard only', async () => {
    await page.goto(demo.hospital(0).web.url)
    await page.getByLabel('Gebruikersnaam').waitFor()
    await page.keyboard.type('radioloog')
    await page.keyboard.press('Tab')
    await page.keyboard.type('demo')
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
    await page.locator('[data-search]:focus').waitFor()
    await page.keyboard.type('9999 900 19')
    const focused = () => page.evaluate<string>('document.activeElement.labels?.[0]?.textContent ?? ""')
    // A date field takes several.
    for (let tabs = 0; tabs < 8 && (await focused()) !== 'Reden'; tabs++) await page.keyboard.press('Tab')
    await page.keyboard.type('polikliniek')
    await page.keyboard.press('Enter')

    for (const index of [0, 1, 2]) await chip(index, 'answered').waitFor()
    await page.getByText('3 van 3 kopieën van de index antwoordden').waitFor()
    expect(await page.locator('tr.row').count()).toBe(6)
    const dates = await page.locator('tr.row .date').allTextContents()
    expect(dates.map((date) => date.slice(-4))).toEqual(['2024', '2023', '2022', '2021', '2018', '2016'])
    await page.getByRole('heading', { name: 'Voorbeeld, Anna' }).waitFor()

    await page.keyboard.press('ArrowDown')
    for (let rows = 0; rows < 6; rows++) {
      const at = await page.evaluate<string>('document.activeElement.textContent')
      if (at === 'MRI hersenen') break
      await page.keyboard.press('ArrowDown')
    }
    await page.keyboard.press('r')
    await row('MRI hersenen').getByText('In het PACS', { exact: true }).waitFor()
    const retrieved = (await new NodeApi(demo.hospital(0)).transfers()).find(
      ({ kind }) => kind === 'retrieval',
    )
    expect(retrieved).toMatchObject({ state: 'delivered', instances: { done: 11, total: 11 } })
    await page.keyboard.press('Enter')
    await page.getByText('Study Instance UID').waitFor()
  })

  test('sends a local study from the timeline and shows the receipt', async () => {
    await logIn('radioloog')
    await search(anna)
    await chip(2, 'answered').waitFor()
    await row('X-thorax').locator('[data-row]').focus()
    await page.keyboard.press('s')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Ziekenhuis').selectOption(demo.hospital(2).ura)
    await dialog.getByLabel('Reden').fill('second opinion')
    await dialog.getByLabel('Opmerking').fill('graag vandaag')
    await dialog.getByRole('button', { name: /^Sturen \(1 onderzoek/ }).click()
    await page.getByRole('link', { name: 'Volgen bij overdrachten' }).click()
    const sent = row('Verstuurd').first()
    await sent.getByText('Afgeleverd').waitFor()
    await sent.locator('[data-row]').click()
    await page.getByText('graag vandaag').waitFor()
    await page.getByText(/Getekend door Ziekenhuis Oosterkade .* in het PACS/).waitFor()
    const passed = page.locator('.hops [data-reached="true"]')
    for (const hop of ['aangeboden', 'in het PACS', 'ontvangstbewijs terug'])
      await passed.getByText(hop).waitFor()
  })

  test('refuses a wrong BSN before anything is sent, and says so when nobody has studies', async () => {
    await logIn('radioloog')
    await search('999990018')
    await page.getByText('Dit is geen geldig BSN.').waitFor()
    expect(watched.addresses.filter((address) => address.includes('patient-searches'))).toEqual([])
    await search('999990068')
    await page.getByRole('heading', { name: 'Geen onderzoeken gevonden' }).waitFor()
  })

  test('puts both patients beside each other when they differ, and does what the operator decides', async () => {
    const node = new NodeApi(demo.hospital(0))
    const found = await node.search(els)
    const study = found.studies.find(({ local }) => !local)
    if (study === undefined) throw new Error('the sample study is not there')
    expect(await node.retrieved(await node.retrieve(found.id, study))).toMatchObject({ state: 'held' })

    await logIn('beheer')
    await visit('Uitzonderingen')
    const differing = page.locator('tr[data-differs="true"]')
    await differing.getByText('verschilt').waitFor()
    expect(await differing.allTextContents()).toEqual(['Geboortedatumverschilt04 dec 196112 apr 1961'])
    await page.getByRole('button', { name: 'Andere patiënt' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Bevestigen' }).click()
    await page.getByRole('heading', { name: 'Geen uitzonderingen' }).waitFor()
    await until(async () => (await node.transfers()).every(({ state }) => state === 'delivered'), {
      timeoutMs: 20_000,
      what: 'the study is filed apart',
    })
  })

  test('records consent for one hospital, and shows what is on record', async () => {
    await logIn('beheer')
    await visit('Toestemming')
    await page.getByRole('textbox', { name: 'BSN' }).fill(carla)
    await page.keyboard.press('Enter')
    await page.getByText('zijn vindbaar voor wie toestemming kreeg').waitFor()
    await page.getByLabel('één ziekenhuis').check()
    await page.getByLabel('Ziekenhuis', { exact: true }).selectOption(demo.hospital(2).ura)
    await page.getByLabel('nee, bezwaar').check()
    await page.getByRole('button', { name: 'Vastleggen' }).click()
    await page
      .getByRole('listitem')
      .filter({ hasText: /nee.*Oosterkade/ })
      .waitFor()
    const other = await new NodeApi(demo.hospital(2)).search(carla)
    expect(other.studies).toEqual([])
  })

  test('asks to log in again when the session ended, and returns to the same page', async () => {
    await logIn('radioloog')
    await visit('Onderzoeken hier')
    await row('Voorbeeld, Anna').first().waitFor()
    await page.context().clearCookies()
    await page.reload()
    await page.getByLabel('Gebruikersnaam').fill('radioloog')
    await page.getByLabel('Wachtwoord').fill('demo')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Onderzoeken hier' }).waitFor()
    await page.getByText('In het onderzoek staat geen BSN.').waitFor()
  })

  test('shows each role its own pages, and no others', async () => {
    for (const [username, names] of [
      [
        'radioloog',
        [
          'Zoeken',
          'Postvak',
          'Onderzoeken hier',
          'Overdrachten',
          'Gedeeld',
          'Uitzonderingen',
          'Adresboek',
          'Instellingen',
        ],
      ],
      [
        'beheer',
        [
          ...['Beheer', 'Postvak', 'Onderzoeken hier', 'Overdrachten', 'Gedeeld', 'Uitzonderingen'],
          ...['Inlezen', 'Toestemming', 'Adresboek', 'Gebruikers', 'Instellingen'],
        ],
      ],
      ['auditor', ['Logboek', 'Noodtoegang', 'Instellingen']],
    ] as const) {
      await logIn(username)
      const links = await page
        .getByRole('navigation', { name: 'Hoofdmenu' })
        .getByRole('link')
        .allTextContents()
      expect(links.map((link) => link.replace(/\d.*/, ''))).toEqual(names)
      await page.getByRole('button', { name: 'Uitloggen' }).click()
      await page.getByLabel('Gebruikersnaam').waitFor()
    }
  })

  test.each([
    ['radioloog', '/zoeken'],
    ['radioloog', '/postvak'],
    ['radioloog', '/instellingen'],
    ['beheer', '/beheer'],
    ['beheer', '/inlezen'],
    ['radioloog', '/studies'],
    ['radioloog', '/overdrachten'],
    ['radioloog', '/uitzonderingen'],
    ['radioloog', '/adresboek'],
    ['beheer', '/uitzonderingen'],
    ['beheer', '/toestemming'],
    ['auditor', '/logboek'],
    ['auditor', '/noodtoegang'],
    ['beheer', '/gebruikers'],
    ['radioloog', '/account'],
  ] as const)(
    'what %s sees at %s is accessible in Dutch and English, light and dark, and fits in 320 pixels',
    async (username, path) => {
      await logIn(username)
      await page.goto(`${demo.hospital(0).web.url}${path}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.getByText('DEMO – geen patiëntgegevens').waitFor()
      await page.getByText('Niet bestemd voor primaire diagnostiek').waitFor()
      await fill[path]()
      expect(await violationsInLooks(page)).toEqual([])
      expect(await smallTargets(page)).toEqual([])
    },
  )
  /** Brings a page to where it shows most. */
  const openFirstRow = () => page.locator('[data-row]').first().click()
  const fill = {
    '/zoeken': async () => {
      await search(anna)
      await chip(2, 'answered').waitFor()
      await openFirstRow()
    },
    '/postvak': () => page.getByRole('heading', { level: 1 }).waitFor(),
    '/instellingen': () => page.getByRole('heading', { name: 'Uw voorkeuren' }).waitFor(),
    '/beheer': async () => {
      await page
        .getByRole('button', { name: /^PACS.* testen$/ })
        .first()
        .click()
      await page
        .getByText(/^Antwoordt \(0000\)/)
        .first()
        .waitFor()
    },
    '/inlezen': () => page.getByText('Sleep hier een map').waitFor(),
    '/studies': openFirstRow,
    '/overdrachten': openFirstRow,
    '/uitzonderingen': async () => {
      await page.getByLabel('Ook besliste tonen').check()
      await page.getByRole('article').first().waitFor()
    },
    '/toestemming': async () => {
      await page.getByRole('textbox', { name: 'BSN' }).fill(anna)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Wat nu vastligt' }).waitFor()
    },
    '/adresboek': () => page.getByText(demo.hospital(2).name).first().waitFor(),
    '/logboek': openFirstRow,
    '/noodtoegang': () => page.getByLabel('Ook beoordeelde tonen').waitFor(),
    '/gebruikers': () => page.getByRole('listitem').filter({ hasText: 'radioloog' }).first().waitFor(),
    '/account': () => page.getByRole('heading', { level: 2 }).first().waitFor(),
  }

  test.each(['Te beoordelen', 'Verschillen', 'Voor de patiënt'])(
    'what the auditor sees under %s is accessible too, and fits in 320 pixels',
    async (part) => {
      await logIn('auditor')
      await page.getByRole('button', { name: part }).click()
      if (part === 'Voor de patiënt') {
        await page.getByRole('textbox', { name: 'BSN' }).fill(anna)
        await page.keyboard.press('Enter')
        await page.locator('tr.row').first().waitFor()
      }
      expect(await violationsInLooks(page)).toEqual([])
      expect(await smallTargets(page)).toEqual([])
    },
  )

  test('shows a hospital that is down as such, with what the index knows of it', async () => {
    await demo.kill(2)
    await logIn('radioloog')
    await search(anna)
    await chip(1, 'answered').waitFor()
    await chip(2, 'unreachable').waitFor()
    await page.getByText('de index kent 2 onderzoeken').waitFor()
    expect(await page.locator('tr.row-index').count()).toBe(2)
    expect(await page.locator('tr.row-index').first().textContent()).toContain('Alleen index')
    expect(await page.locator('tr.row-index').getByRole('button', { name: 'Ophalen' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Opnieuw zoeken' }).waitFor()
  })

  test('lets an operator stop what waits for a hospital that is down', async () => {
    const node = new NodeApi(demo.hospital(0))
    const [own] = (await node.search(anna)).studies.filter(({ local }) => local)
    const { ura } = demo.hospital(2)
    await node.send({
      studyInstanceUids: [own?.studyInstanceUid ?? ''],
      recipient: { ura },
      reason: 'second opinion',
    })
    await logIn('beheer')
    await visit('Overdrachten')
    const waiting = row('Verstuurd').first()
    await waiting.locator('[data-row]').click()
    await page.getByRole('button', { name: /^Stoppen: / }).click()
    await waiting.getByText('Gestopt').waitFor()
    const [newest] = await node.transfers()
    expect(newest).toMatchObject({ state: 'cancelled', reason: 'CANCELLED' })
  })

  test('tells who asked for it when a hospital is back', async () => {
    await logIn('radioloog')
    await search(anna)
    await chip(2, 'unreachable').waitFor()
    await page.getByRole('button', { name: /^Meld wanneer .*Oosterkade/ }).click()
    await page.getByText('U krijgt bericht').waitFor()
    await demo.restart(2)
    await page.getByText(/Oosterkade.* is weer bereikbaar/).waitFor()
  })
})

test('what a browser loads before the first page stays under 200 kB', () => {
  const dist = join(import.meta.dirname, '../../node/ui/dist')
  const html = readFileSync(join(dist, 'index.html'), 'utf8')
  const scripts = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path = '']) => path)
  expect(scripts.length).toBeGreaterThan(0)
  const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(join(dist, path))).length, 0)
  expect(bytes).toBeLessThan(200_000)
})
