/**
 * `npm run screens`: starts a demo, makes a picture of every screen (light, dark, and as on a phone) in docs/screens.
 * `npm run screens -- timeline board`: only those whose name holds one of these words.
 */
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { startDemo } from '../test/support/demo.ts'
import { openPage, startBrowser } from '../test/ui/browser.ts'
import { prepareContents } from './screens/contents.ts'
import { patientScreens } from './screens/patient-screens.ts'
import { screens } from './screens/screens.ts'
import type { Screen } from './screens/screens.ts'

const folder = join(import.meta.dirname, '../docs/screens')
/** So that a clone stays light; most are about 100 kB. */
const mostBytes = 220_000
const looks = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const

const wanted = process.argv.slice(2)
const all = [...screens, ...patientScreens]
const chosen = all.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
await mkdir(folder, { recursive: true })
const demo = await startDemo()
const browser = await startBrowser({ draws: chosen.some(({ name }) => name === 'viewer') })
let failed = 0
try {
  await prepareContents(demo)
  for (const screen of chosen) await picture(browser, screen)
} finally {
  await browser.close()
  await demo[Symbol.asyncDispose]()
}
process.exit(failed === 0 ? 0 : 1)

async function picture(browser: Browser, screen: Screen): Promise<void> {
  const { url } = demo.hospital(0).web
  for (const { name: look, colorScheme, viewport } of looks) {
    if (look === 'phone' && screen.phone !== true) continue
    const { page } = await openPage(browser, url)
    await page.setViewportSize(viewport)
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    page.setDefaultTimeout(20_000)
    try {
      await page.goto(url)
      await page.getByLabel('Gebruikersnaam').waitFor()
      if (screen.as !== undefined) await logIn(page, screen.as)
      await screen.show(page, demo)
      await save(page, join(folder, `${screen.name}-${look}.png`))
    } catch (error) {
      failed++
      console.error(`${screen.name}-${look}: ${String(error)}`)
    }
    await page.context().close()
  }
}

async function logIn(page: Page, username: string): Promise<void> {
  await page.getByLabel('Gebruikersnaam').fill(username)
  await page.getByLabel('Wachtwoord').fill('demo')
  await page.keyboard.press('Enter')
  await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
}

async function save(page: Page, path: string): Promise<void> {
  // Fonts and pictures first; nothing blinks.
  await page.evaluate('document.fonts.ready')
  await page.waitForLoadState('load')
  await page.screenshot({ path, caret: 'hide', animations: 'disabled' })
  const { size } = await stat(path)
  process.stdout.write(`${path.slice(path.lastIndexOf('/') + 1)} ${(size / 1000).toFixed(0)} kB\n`)
  if (size > mostBytes) {
    failed++
    console.error(`larger than ${mostBytes / 1000} kB`)
  }
}
