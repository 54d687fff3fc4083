import { existsSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'

const chromiumPath = '/usr/bin/chromium-headless-shell'
export const browserInstalled = existsSync(chromiumPath)
/** For the name of a test that is skipped. */
export const browserMissing = browserInstalled
  ? ''
  : ' (skipped: needs the Debian package chromium-headless-shell)'

const quiet =
  '--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/**
 * A node's web certificate is from a CA of its own, which a hospital would install. Taken from the start, not request by
 * request as `ignoreHTTPSErrors` does: that breaks off a handshake for each request, and a page with many parts loses one
 * of them now and then (ERR_TOO_MANY_RETRIES).
 */
const anyCertificate = '--ignore-certificate-errors'

/** WebGL in software: no machine that tests has a graphics card. */
const withWebGl = '--use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist'

/** Without `draws` it has no WebGL, as a computer with a broken driver. */
export const startBrowser = ({ draws = false } = {}): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath,
    headless: true,
    args: `${quiet} ${anyCertificate} ${draws ? withWebGl : '--disable-gpu --disable-3d-apis'}`.split(' '),
  })

/** What a page did that it should not: complaints on its console, requests elsewhere. And every address it used. */
export interface Watched {
  complaints: string[]
  addresses: string[]
}

/** A page of its own, with its own cookies and storage, that is watched from the first request on. */
export async function openPage(browser: Browser, origin: string): Promise<{ page: Page; watched: Watched }> {
  const context = await browser.newContext({ locale: 'nl-NL', viewport: { width: 1360, height: 860 } })
  const page = await context.newPage()
  const watched: Watched = { complaints: [], addresses: [] }
  page.on('console', (message) => {
    const { url } = message.location()
    // Asking who is logged in, before anybody is.
    const isLogIn = url.endsWith('/api/v1/session') && message.text().includes('401')
    if (['error', 'warning'].includes(message.type()) && !isLogIn)
      watched.complaints.push(`${message.text()} ${url}`)
  })
  page.on('pageerror', (error) => watched.complaints.push(error.message))
  page.on('request', (request) => {
    watched.addresses.push(request.url())
    if (!request.url().startsWith(origin)) watched.complaints.push(`foreign request ${request.url()}`)
  })
  page.on('framenavigated', (frame) => watched.addresses.push(frame.url()))
  return { page, watched }
}

/** A BSN of these tests, anywhere; not where those digits happen to stand in a longer number. */
export const aBsn = /(?<!\d)9999(?:\s|%20|\.)?\d{5}(?!\d)/

/** Violations of WCAG 2.2 AA and of axe's best practices: rule, where. Empty when clean. */
export async function violations(page: Page): Promise<string[]> {
  // Legacy: in one go instead of frame by frame. No page of ours has frames, and this takes a third of the time.
  // Nor does it fetch the style sheets once more: only rules on videos and rotation want that, and no page has either.
  const axe = new AxeBuilder({ page }).options({ preload: false }).setLegacyMode(true).withTags(rules)
  const { violations } = await axe.analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}

const looks = [
  ['English', 'dark'],
  ['English', 'light'],
  ['Nederlands', 'dark'],
  ['Nederlands', 'light'],
] as const

/** Violations in each look, and where the page is wider than 320 pixels. The page's switch names the language it leads to. */
export async function violationsInLooks(page: Page): Promise<string[]> {
  const found: string[] = []
  let width = 0
  for (const [language, colorScheme] of looks) {
    const toOther = page.locator('.top-tools').getByRole('button', { name: language })
    if (await toOther.isVisible()) await toOther.click()
    await page.emulateMedia({ colorScheme })
    found.push(...(await violations(page)).map((text) => `${language} ${colorScheme} ${text}`))
    width = await widthAt320(page)
    if (width > 320) found.push(`${language} ${colorScheme} is ${width} pixels wide`)
  }
  return found
}

/** Width the page takes in a window of 320 CSS pixels (WCAG 1.4.10). */
export async function widthAt320(page: Page): Promise<number> {
  const size = page.viewportSize()
  await page.setViewportSize({ width: 320, height: 800 })
  const width = await page.evaluate<number>('document.documentElement.scrollWidth')
  if (size !== null) await page.setViewportSize(size)
  return width
}

/** Buttons, links and fields under 24 by 24 CSS pixels (WCAG 2.5.8), as their own HTML. */
export const smallTargets = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll('button, a, input, select')]
    .filter((element) => element.tabIndex >= 0 && !element.closest('label') && !element.matches('.skip'))
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24))
    .map(([element]) => element.outerHTML.slice(0, 120))`)
