/** A radiologist at night: log in, search, look, retrieve. No mouse, no waiting, nothing of the patient left behind. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi } from '../support/node-api.ts'
import { aBsn, browserInstalled, browserMissing, openPage, startBrowser } from './browser.ts'
import { countShifts, fromKeyToSight, layoutShifts } from './measure.ts'

describe.skipIf(!browserInstalled)(`the night shift${browserMissing}`, () => {
  let demo: Demo
  let browser: Browser
  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startDemo(), startBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await demo[Symbol.asyncDispose]()
  })

  test('finds the priors in three hospitals, sees a remote one within two seconds with another beside it, and retrieves, by keyboard alone', async () => {
    const { page, watched } = await openPage(browser, demo.hospital(0).web.url)
    page.setDefaultTimeout(20_000)
    await countShifts(page)
    await page.goto(demo.hospital(0).web.url)
    await logIn(page)
    await page.locator('[data-search]:focus').waitFor()
    await page.keyboard.type('9999 900 19')
    await tabTo(page, 'Reden')
    await page.keyboard.type('trauma, eerder onderzoek')
    const answered = [0, 1, 2].map(
      (index) => `:has([data-holder="${demo.hospital(index).ura}"][data-status="answered"])`,
    )
    const seesRows = await fromKeyToSight(page, 'tr.row')
    const seesAllRows = await fromKeyToSight(page, `body${answered.join('')}`)
    await page.keyboard.press('Enter')
    const firstRows = await seesRows()
    const allRows = await seesAllRows()
    await page.locator('tr.row').nth(5).waitFor()
    expect(await page.locator('tr.row').count()).toBe(6)
    // The years: each study a mark, in lanes by region.
    expect(await page.locator('.mark').count()).toBe(6)

    const focused = () => page.evaluate<string>('document.activeElement.textContent')
    await page.keyboard.press('ArrowDown')
    for (let rows = 0; rows < 6 && (await focused()) !== 'CT thorax met contrast'; rows++)
      await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')
    const preview = page.getByRole('complementary', { name: 'Voorbeeld' })
    await preview.getByText('Eerder, hetzelfde gebied').waitFor()
    await preview.locator('.picture-shown').nth(5).waitFor()
    await page.keyboard.press('Escape')
    await preview.waitFor({ state: 'detached' })
    await page.keyboard.press('t')
    await page.locator('.lanes').waitFor({ state: 'detached' })
    await page.keyboard.press('t')
    await page.locator('.lanes').waitFor()

    await page.keyboard.press('Home')
    for (let rows = 0; rows < 6 && (await focused()) !== 'CT abdomen'; rows++)
      await page.keyboard.press('ArrowDown')
    // The node's picture, or our own, whichever is first.
    const seesImage = await fromKeyToSight(
      page,
      '[data-pane="1"] [data-here="true"], [data-pane="1"][data-shown]',
    )
    await page.keyboard.press('o')
    const firstImage = await seesImage()
    await page.locator('[data-pane="1"][data-shown]').waitFor()
    await page
      .locator('[data-pane="1"]')
      .getByText(`Extern – ${demo.hospital(2).name}`)
      .waitFor()
    await page.keyboard.press('Shift+P')
    await page.locator('[data-pane="2"][data-shown]').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('tr.row').first().waitFor()

    await page.locator('[data-row]:focus').or(page.locator('[data-row]').first()).first().focus()
    await page.keyboard.press('Home')
    for (let rows = 0; rows < 6 && (await focused()) !== 'MRI hersenen'; rows++)
      await page.keyboard.press('ArrowDown')
    await page.keyboard.press('r')
    await page
      .locator('tr.row')
      .filter({ hasText: 'MRI hersenen' })
      .getByText('In het PACS', { exact: true })
      .waitFor()
    const [retrieved] = await new NodeApi(demo.hospital(0)).transfers()
    expect(retrieved).toMatchObject({ state: 'delivered', instances: { done: 11, total: 11 } })

    const shifts = await layoutShifts(page)
    const shift = shifts.reduce((sum, { value }) => sum + value, 0)
    process.stdout.write(
      `night shift: first rows ${firstRows.toFixed(0)} ms, three hospitals ${allRows.toFixed(0)} ms, first remote image ${firstImage.toFixed(0)} ms, layout shift ${shift.toFixed(3)}\n`,
    )
    expect(firstRows).toBeLessThan(2000)
    expect(firstImage).toBeLessThan(2000)
    expect(shift, JSON.stringify(shifts)).toBeLessThan(0.05)
    expect(watched.complaints).toEqual([])
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href])',
    )
    expect([...watched.addresses, stored].filter((text) => aBsn.test(text))).toEqual([])
    expect(await logsThatHold(join(demo.dir, 'logs'), /9999\s?900\s?19|Voorbeeld\^Anna/)).toEqual([])
    await page.context().close()
  })
})

async function logIn(page: Page): Promise<void> {
  await page.getByLabel('Gebruikersnaam').waitFor()
  await page.keyboard.type('radioloog')
  await page.keyboard.press('Tab')
  await page.keyboard.type('demo')
  await page.keyboard.press('Enter')
  await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
}

async function tabTo(page: Page, label: string): Promise<void> {
  const focused = () => page.evaluate<string>('document.activeElement.labels?.[0]?.textContent ?? ""')
  // A date field takes several.
  for (let tabs = 0; tabs < 10 && (await focused()) !== label; tabs++) await page.keyboard.press('Tab')
}

/** Names of the logs in which this stands. There must be logs. */
async function logsThatHold(dir: string, pattern: RegExp): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.log') && !name.startsWith('pacs-'))
  expect(names.length).toBeGreaterThan(2)
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(dir, name), 'utf8')] as const),
  )
  return texts.filter(([, text]) => pattern.test(text)).map(([name]) => name)
}
