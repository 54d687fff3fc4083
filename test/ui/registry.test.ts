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
import { Authenticator } from '../support/totp.ts'
import { browserInstalled, browserMissing, openPage, smallTargets, startBrowser } from './browser.ts'
import { violations, widthAt320 } from './browser.ts'
import type { Watched } from './browser.ts'

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

    const page = await open()
    await page.goto(at('/aansluiten'))
    await page.getByLabel('Naam van de organisatie').waitFor()
    const keys = new Keyboard(page)
    await keys.fill('Naam van de organisatie', 'Kliniek Formulier (fictief)')
    await keys.choose('kliniek')
    await keys.fill('URA-nummer', '90000082')
    await keys.fill('Aantal patiënten in uw systemen', '900')
    await keys.fill('Postvakken', 'Radiologie')
    await keys.fillFirst('Naam', 'P. Roef (fictief)')
    await keys.fillFirst('E-mailadres', 'p.roef@kliniek.example')
    await keys.press('Aanvraag versturen')
    await page
      .getByText('Uw aanvraag is binnen')
      .waitFor({ timeout: 15_000 })
      .catch(async () => {
        throw new Error(`not sent: ${await page.locator('main').innerText()}`)
      })
    await keys.press('Naar mijn aanvraag')
    await page.getByText('Aanvraag ontvangen').waitFor()
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
    await page
      .getByText(/bewezen|klopt/i)
      .first()
      .waitFor()
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
      for (const language of ['nl', 'en'])
        for (const theme of ['light', 'dark']) {
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

/** Whoever sits at a keyboard and has no mouse: Tab until the thing is reached. */
class Keyboard {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  async fill(label: string, text: string): Promise<void> {
    await this.#reach((name) => name.startsWith(label))
    await this.#page.keyboard.type(text)
  }

  /** The first field from here on whose label is exactly this. */
  async fillFirst(label: string, text: string): Promise<void> {
    await this.#reach((name) => name === label || name.startsWith(`${label} `) || name.endsWith(` ${label}`))
    await this.#page.keyboard.type(text)
  }

  /** A radio button: reached as a group, chosen by arrows. */
  async choose(label: string): Promise<void> {
    for (let tries = 0; tries < 40; tries++) {
      const focused = await this.#focused()
      if (focused.type === 'radio') {
        await this.#page.keyboard.press('Space')
        for (let arrows = 0; arrows < 8; arrows++) {
          if ((await this.#focused()).name.toLowerCase().includes(label)) return
          await this.#page.keyboard.press('ArrowDown')
        }
        throw new Error(`no choice ${label}`)
      }
      await this.#page.keyboard.press('Tab')
    }
    throw new Error(`no choices before ${label}`)
  }

  async press(name: string, key = 'Enter'): Promise<void> {
    await this.#reach((text) => text.includes(name))
    await this.#page.keyboard.press(key)
  }

  async #reach(isIt: (name: string) => boolean): Promise<void> {
    const passed: string[] = []
    for (let tabs = 0; tabs < 120; tabs++) {
      const { name } = await this.#focused()
      if (isIt(name)) return
      passed.push(name)
      await this.#page.keyboard.press('Tab')
    }
    throw new Error(`not reached by Tab: ${[...new Set(passed)].join(' | ')}`)
  }

  #focused(): Promise<{ name: string; type: string }> {
    return this.#page.evaluate<{ name: string; type: string }>(`(() => {
      const one = document.activeElement
      const label = one?.labels?.[0]?.innerText ?? one?.getAttribute('aria-label') ?? one?.innerText ?? ''
      return { name: label.trim(), type: one?.type ?? '' }
    })()`)
  }
}

/** One of the two people, at a page of their own, with their authenticator. */
class Administrator {
  readonly page: Page
  readonly keys: Keyboard
  readonly #user: { username: string; password: string }
  readonly #authenticator: Authenticator

  constructor(page: Page, user: { username: string; password: string; totpSecret: string }) {
    this.page = page
    this.keys = new Keyboard(page)
    this.#user = user
    this.#authenticator = new Authenticator(user.totpSecret)
  }

  async logIn(address: string): Promise<void> {
    await this.page.goto(address)
    await this.page.getByLabel('Gebruikersnaam').waitFor()
    await this.keys.fill('Gebruikersnaam', this.#user.username)
    await this.keys.fill('Wachtwoord', this.#user.password)
    await this.keys.fill('Code', await this.#authenticator.next())
    await this.page.keyboard.press('Enter')
    await this.page.getByRole('navigation').first().waitFor()
  }

  async openApplication(name: string): Promise<void> {
    await this.keys.press('Aanvragen')
    await this.page.getByRole('button', { name }).waitFor()
    await this.keys.press(name)
    await this.page.getByRole('heading', { level: 1, name }).waitFor()
  }

  async approve(button: string, retype?: string): Promise<void> {
    await this.keys.press(button)
    await this.page.getByRole('alertdialog').waitFor()
    if (retype !== undefined) await this.keys.fill('Typ de naam van de organisatie over', retype)
    await this.keys.fill('Code ter bevestiging', await this.#authenticator.next())
    await this.page.keyboard.press('Enter')
  }
}
