/** A disc in the browser: a folder with images and rubbish becomes a study in the PACS, and a disc comes out. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newStudy, studyUidOf } from '../support/new-study.ts'
import { NodeApi } from '../support/node-api.ts'
import { browserInstalled, browserMissing, openPage, startBrowser } from './browser.ts'

describe.skipIf(!browserInstalled)(`a disc${browserMissing}`, () => {
  let demo: Demo
  let browser: Browser
  let page: Page
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'twiin-upload-'))
    ;[demo, browser] = await Promise.all([startDemo({ hospitals: 2, empty: true }), startBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await demo[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })

  test('is chosen as a folder, looked at, taken in, sent on and written again', async () => {
    const study = newStudy({ seed: 'upload', instances: 5, patient: { id: 'E-12', birthDate: '1970-07-07' } })
    await mkdir(join(dir, 'DICOM'))
    for (const [index, { bytes }] of study.entries()) await writeFile(join(dir, 'DICOM', `IM${index}`), bytes)
    await writeFile(join(dir, 'viewer.exe'), 'MZ no viewer')
    await writeFile(join(dir, 'leesmij ✓.txt'), 'geen beeld')

    const opened = await openPage(browser, demo.hospital(0).web.url)
    page = opened.page
    page.setDefaultTimeout(30_000)
    await page.goto(demo.hospital(0).web.url)
    await page.getByLabel('Gebruikersnaam').fill('beheer')
    await page.getByLabel('Wachtwoord').fill('demo')
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).getByRole('link', { name: 'Inlezen' }).click()
    await page.locator('[data-pick="folder"]').setInputFiles(dir)
    await page.getByRole('heading', { name: 'Proef, Petra' }).waitFor()
    await page.getByText('2 bestanden zijn geen beeld').waitFor()

    await page.getByLabel('Patiëntnummer in dit ziekenhuis').fill('400100')
    await page.getByLabel('Geboortedatum').fill('1971-07-07')
    await page.getByText('Dit is niet de geboortedatum op de schijf.').waitFor()
    await page.getByLabel('Geboortedatum').fill('1970-07-07')
    await page.getByRole('button', { name: 'Overnemen (1 onderzoek)' }).click()
    await page.locator('.disc-study').getByText('In het PACS', { exact: true }).waitFor()
    const [transfer] = await new NodeApi(demo.hospital(0)).transfers()
    expect(transfer).toMatchObject({
      kind: 'disc',
      state: 'delivered',
      studyInstanceUids: [studyUidOf(study)],
    })

    await page.getByRole('button', { name: /^Sturen: / }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Ziekenhuis').selectOption(demo.hospital(1).ura)
    await dialog.getByLabel('Reden').fill('overname')
    await dialog.getByRole('button', { name: /^Sturen \(1 onderzoek/ }).click()
    // The key is named by the word that says it was sent.
    await page.getByRole('button', { name: 'Ongedaan maken' }).waitFor()
    await page.keyboard.press('u')
    await page.getByText('Er is niets verstuurd.').waitFor()
    expect((await new NodeApi(demo.hospital(0)).transfers())[0]).toMatchObject({
      state: 'cancelled',
      reason: 'UNDONE',
    })

    await page
      .getByRole('navigation', { name: 'Hoofdmenu' })
      .getByRole('link', { name: 'Onderzoeken hier' })
      .click()
    await page.getByRole('checkbox').first().check()
    await page.getByRole('button', { name: 'Schijf schrijven' }).click()
    const writing = page.getByRole('dialog')
    await writing.getByLabel('Voor wie').fill('Praktijk Proef (fictief)')
    await writing.getByLabel('Reden').fill('meegegeven')
    const saved = page.waitForEvent('download')
    await writing.getByRole('button', { name: 'Schrijven en bewaren' }).click()
    const path = await (await saved).path()
    expect((await readFile(path)).subarray(0, 2).toString('latin1')).toBe('PK')
    expect(opened.watched.complaints).toEqual([])
  })
})
