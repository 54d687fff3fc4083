/** J1 on the registry's pages: a clinic from application to exchanging, by two administrators in two browsers. */
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NewHospital } from '../support/new-hospital.ts'
import { until } from '../support/node-api.ts'
import { registryClient } from '../support/registry-people.ts'
import { Administrator } from './administrator.ts'
import { browserInstalled, browserMissing, openPage, smallTargets, startBrowser } from './browser.ts'
import { violations, widthAt320 } from './browser.ts'
import type { Watched } from './browser.ts'
import { Keyboard } from './keyboard.ts'

const clinic = { name: 'Kliniek Nieuwland (fictief)', ura: '90000081' }

describe.skipIf(!browserInstalled)(`the registry’s pages${browserMissing}`, () => {
  let demo: Demo
  let browser: Browser
  let newcomer: NewHospital
  let [first, second] = [] as unknown as [Administrator, Administrator]
  const pages: { page: Page; watched: Watched }[] = []

  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startDemo(), startBrowser()])
    newcomer = await NewHospital.beside(demo, clinic)
    const [one, two] = demo.network.registry.users
    if (one === undefined || two === undefined) throw new Error('no people')
    ;[first, second] = [new Administrator(await open(), one), new Administrator(await open(), two)]
  })
  afterAll(async () => {
    await newcomer[Symbol.asyncDispose]()
    await browser.close()
    await demo[Symbol.asyncDispose]()
  })

  async function open(): Promise<Page> {
    const opened = await openPage(browser, demo.network.registry.url)
    opened.page.setDefaultTimeout(30_000)
    pages.push(opened)
    return opened.page
  }
  const at = (path: string) => new URL(path, demo.network.registry.url).href

  test('anybody reads how many exchange; the figure comes from self-tests', async () => {
    const page = await open()
    await page.goto(at('/'))
    await page
      .getByText(/3 van (de )?3 ziekenhuizen wisselen uit/)
      .first()
      .waitFor()
    for (const { name } of demo.network.hospitals) await page.getByText(name).first().waitFor()
  })

  test('a clinic applies with its own key from the command line, and by the public form with the keyboard alone', async () => {
    const flags = ['--category', 'clinic', '--patients', '4000', '--level', '3', '--kvk', '12345678']
    const applied = await newcomer.command('apply', ...flags)
    expect(applied).toMatchObject({ state: 'open' })
    expect(applied['fingerprint']).toMatch(/^([0-9a-f]{4} ){5}[0-9a-f]{4}$/)
    // Said again it is the same application, changed.
    const again = await newcomer.command('apply', ...flags, '--agb', '87654321')
    expect(again).toMatchObject({ id: applied['id'], state: 'open' })

    const page = await open()
    await page.goto(at('/aansluiten'))
    await page.getByLabel('Naam van de organisatie').waitFor()
    const keys = new Keyboard(page)
    await keys.fill('Naam van de organisatie', 'Kliniek Formulier (fictief)')
    await keys.choose('kliniek')
    await keys.fill('URA-nummer', '90000082')
    await keys.fill('Aantal patiënten in uw systemen', '900')
    await keys.fill('Postvakken', 'Radiologie')
    for (const [name, email] of [
      ['P. Roef (fictief)', 'p.roef@kliniek.example'],
      ['T. Echniek (fictief)', 't.echniek@kliniek.example'],
    ] as const) {
      await keys.fillFirst('Naam', name)
      await keys.fillFirst('E-mailadres', email)
    }
    await keys.press('Aanvraag versturen')
    await page
      .getByText('Uw aanvraag is binnen')
      .waitFor({ timeout: 15_000 })
      .catch(async () => {
        throw new Error(`not sent: ${await page.locator('main').innerText()}`)
      })
    await keys.press('Naar mijn aanvraag')
    await page.getByText('Aanvraag ontvangen').waitFor()
    await page.getByText('De sleutel van uw node ontbreekt nog.').waitFor()
    await page.getByText('Kliniek Formulier (fictief)').first().waitFor()
  })

  test('two administrators admit it, each with a code of their own; one alone cannot, and a token is shown once', async () => {
    await first.logIn(at('/beheer'))
    await first.openApplication(clinic.name)
    // The key on the screen is the one that the clinic's own command shows.
    const told = (await newcomer.command('application'))['fingerprint'] as string
    await first.page.getByText(told).first().waitFor()
    await first.approve('Goedkeuren (eerste van twee)')
    await first.page.getByText('Wacht op tweede beoordelaar').waitFor()
    expect(await first.page.getByRole('button', { name: /^Goedkeuren/ }).count()).toBe(0)
    // Nor by the API, whichever way the same person comes.
    using api = registryClient(demo.network, 'administrator')
    type Listed = { id: string; organisation: string; digest: string }
    const list = await api.call<Listed[]>('GET', '/api/v1/applications')
    const { id = '', digest = '' } = list.find(({ organisation }) => organisation === clinic.name) ?? {}
    expect(await api.ask('POST', `/api/v1/applications/${id}/approvals`, { digest })).toMatchObject({
      status: 409,
      body: { code: 'SECOND_PERSON_REQUIRED' },
    })

    await second.logIn(at('/beheer'))
    await second.openApplication(clinic.name)
    await second.approve('Goedkeuren (tweede van twee)', clinic.name)
    const token = await second.page.getByLabel('Toelatingscode').innerText()
    expect(token).toMatch(/^([0-9a-f]{4}-){7}[0-9a-f]{4}$/)
    await second.keys.press('Ik heb de code overgenomen', 'Space')
    await second.keys.press('Sluiten')
    await second.page.getByRole('alertdialog').waitFor({ state: 'detached' })
    expect(await second.page.content()).not.toContain(token)
    await newcomer.start(token)
  })

  test('its node enrols, is tested live, counts as exchanging, and prints its conformance on one page', async () => {
    const { page } = first
    await page.goto(at('/beheer/organisaties'))
    await page.getByText(clinic.name).first().waitFor({ timeout: 60_000 })
    using api = registryClient(demo.network)
    interface Run {
      run: string
      ura: string
      state: string
      steps: { name: string; result?: string }[]
    }
    const passed = await until(
      async () => {
        const runs = await api.call<Run[]>('GET', '/api/v1/self-tests')
        return runs.find(({ ura, state }) => ura === clinic.ura && state === 'passed')
      },
      { timeoutMs: 110_000, what: 'the self-test is passed' },
    )
    expect(passed.steps.map(({ name }) => name)).toEqual([
      'reach',
      'echo',
      'publish',
      'find',
      'send',
      'receive',
    ])
    const visitor = await open()
    await visitor.goto(at('/'))
    await visitor.getByText(clinic.name).first().waitFor()
    await visitor.goto(at(`/verklaring/${passed.run}`))
    await visitor.getByText(clinic.name).first().waitFor()
    const pdf = (await visitor.pdf({ format: 'A4' })).toString('latin1')
    expect(pdf.match(/\/Type\s*\/Page\b/g)).toHaveLength(1)
  })

  test('a line of the ledger is proven in the browser against what the log signed', async () => {
    const page = await open()
    await page.goto(at('/logboek?regel=0'))
    await page.getByRole('button', { name: 'Bewijs narekenen' }).waitFor()
    await new Keyboard(page).press('Bewijs narekenen')
    await page.getByText('Bewezen: deze regel staat onveranderd in het logboek').waitFor()
  })

  const screens = [
    ...['/', '/aansluiten', '/aanvraag', '/logboek', '/over', '/beheer', '/beheer/aanvragen'],
    ...[
      '/beheer/organisaties',
      '/beheer/certificaten',
      '/beheer/netwerk',
      '/beheer/logboek',
      '/beheer/statistiek',
    ],
  ]
  test.each(screens)(
    '%s is clean for axe in light and dark, Dutch and English, and fits 320 pixels',
    async (path) => {
      const { page } = first
      // Words do not depend on colours, nor colours on words: each language and each theme is judged once.
      for (const [language, theme] of [
        ['nl', 'light'],
        ['en', 'dark'],
      ] as const) {
        await page.evaluate(
          `localStorage.setItem('twiin.language', '${language}'); localStorage.setItem('twiin.theme', '${theme}')`,
        )
        await page.goto(at(path))
        await page.getByRole('heading', { level: 1 }).first().waitFor()
        await page.waitForLoadState('networkidle').catch(() => {})
        expect(await violations(page), `${path} ${language} ${theme}`).toEqual([])
      }
      expect(await widthAt320(page), path).toBeLessThanOrEqual(320)
      expect(await smallTargets(page), path).toEqual([])
      await page.evaluate("localStorage.setItem('twiin.language', 'nl')")
    },
  )

  test('no page complained on its console or asked anything of another origin', () => {
    for (const { watched } of pages) expect(watched.complaints).toEqual([])
  })

  test('what a visitor loads at first is under 200 kB, compressed', () => {
    const dist = join(import.meta.dirname, '../../registry/ui/dist')
    const html = readFileSync(join(dist, 'index.html'), 'utf8')
    const initial = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, file = '']) => file)
    expect(initial.length).toBeGreaterThan(0)
    const size = initial.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0)
    expect(size).toBeLessThan(200 * 1024)
    expect(readdirSync(dist).every((name) => statSync(join(dist, name)).size > 0)).toBe(true)
  })
})
