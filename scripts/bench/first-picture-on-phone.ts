import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { browserInstalled, startBrowser } from '../../test/ui/browser.ts'

const lookEveryMs = 10
const mostMs = 60_000

/**
 * Milliseconds from the press of the button under the code to the first picture, in a real browser with a phone's screen:
 * the list is read, the first study opened at once, its picture fetched and decrypted there. Undefined without a browser.
 */
export async function firstPicturesOnPhone(
  { url, code }: { url: string; code: string },
  times: number,
): Promise<number[] | undefined> {
  if (!browserInstalled) return undefined
  const browser = await startBrowser()
  try {
    const taken: number[] = []
    for (let i = 0; i < times; i++) {
      const context = await browser.newContext({
        ...{ locale: 'nl-NL', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
        deviceScaleFactor: 2,
      })
      const page = await context.newPage()
      await page.goto(url)
      await page.getByLabel('Code', { exact: true }).fill(code)
      const began = performance.now()
      await page.getByRole('button', { name: 'Ga verder' }).click()
      await comes(
        page,
        `(() => { const link = document.querySelector('a[data-place]'); link?.click(); return !!link })()`,
      )
      await comes(
        page,
        `(() => { const image = document.querySelector('#picture'); return !!image && image.complete && image.naturalWidth > 50 })()`,
      )
      taken.push(performance.now() - began)
      await context.close()
    }
    return taken
  } finally {
    await browser.close()
  }
}

/** Looks more often than Playwright would, and on through the change of pages. */
async function comes(page: Page, expression: string): Promise<void> {
  const deadline = performance.now() + mostMs
  while (!(await page.evaluate<boolean>(expression).catch(() => false))) {
    if (performance.now() > deadline) throw new Error('no picture in the browser')
    await sleep(lookEveryMs)
  }
}
