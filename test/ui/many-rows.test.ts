/** Five thousand rows: found, scrolled and reached by the keyboard without lag. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { browserInstalled, browserMissing, openPage, startBrowser } from './browser.ts'
import { framesWhileScrolling } from './measure.ts'

const rows = 5000

describe.skipIf(!browserInstalled)(`five thousand studies${browserMissing}`, () => {
  let demo: Demo
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startDemo({ hospitals: 1, empty: true }), startBrowser()])
    ;({ page } = await openPage(browser, demo.hospital(0).web.url))
    await page.goto(demo.hospital(0).web.url)
    await page.getByLabel('Gebruikersnaam').fill('radioloog')
    await page.getByLabel('Wachtwoord').fill('demo')
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
  })
  afterAll(async () => {
    await browser.close()
    await demo[Symbol.asyncDispose]()
  })

  test('of one patient scroll in frames of a screen, are filtered, and have a last row', async () => {
    // No demo holds so many; the answer of the node is put in its place, the page is the real one.
    await page.route('**/api/v1/patient-searches/*', (route) =>
      route.fulfill({ json: manyStudies(demo.hospital(0).ura) }),
    )
    await page.goto(`${demo.hospital(0).web.url}/zoeken/0123456789abcdef0123456789abcdef`)
    await page.locator('tr.row').first().waitFor()
    await page.getByText('5000 onderzoeken. Filter').waitFor()
    expect(await page.locator('tr.row').count()).toBeLessThan(100)
    const { count, medianMs, worstMs } = await framesWhileScrolling(page, 120, 240)
    process.stdout.write(
      `${rows} rows: ${count} frames while scrolling, median ${medianMs.toFixed(1)} ms, worst ${worstMs.toFixed(0)} ms\n`,
    )
    // Two cores without a graphics card draw in software. This tells a table that draws its rows anew, not haste.
    expect(medianMs).toBeLessThan(100)
    expect(worstMs).toBeLessThan(1000)
    await page.locator('[data-row]').first().focus()
    await page.keyboard.press('End')
    await page.locator('[data-row="1.2.4999"]:focus').waitFor()
    await page.keyboard.press('Home')
    await page.locator('[data-row="1.2.0"]:focus').waitFor()
    await page.goto(`${page.url()}#soort=MR&van=2020`)
    await page.getByText(/\d+ van 5000/).waitFor()
    expect(await page.locator('tr.row .modality').first().textContent()).toBe('MR')
  })
})

function manyStudies(ura: string) {
  const kinds = ['CT', 'MR', 'CR', 'US']
  const words = ['CT thorax', 'MRI hersenen', 'X-knie', 'Echo abdomen']
  return {
    ...{ id: '0123456789abcdef0123456789abcdef', complete: true, index: { asked: 3, answered: 3 } },
    patient: { name: 'Veel^Vera', birthDate: '1950-01-01', sex: 'F' },
    holders: [{ ura, name: 'Ziekenhuis Voorbeeld (fictief)', status: 'answered', studies: rows }],
    studies: Array.from({ length: rows }, (_, index) => ({
      ...{ studyInstanceUid: `1.2.${index}`, handle: String(index), detail: 'holder', holder: ura },
      studyDate: new Date(Date.UTC(2026, 0, 1) - index * 2 * 86_400_000).toISOString().slice(0, 10),
      ...{ modalities: [kinds[index % 4]], description: words[index % 4], instances: 10 + (index % 300) },
      ...{ bytes: 5_000_000, reports: index % 3 === 0 ? 1 : 0, local: index % 5 === 0 },
    })),
  }
}
