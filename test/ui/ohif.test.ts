/** Somebody else's viewer: OHIF, as its makers publish it, opens a study that lies at another hospital. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prepareOhif } from '../../scripts/prepare-ohif.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi } from '../support/node-api.ts'
import { browserInstalled, browserMissing, openPage, startBrowser } from './browser.ts'

const anna = '999990019'
const images = join(import.meta.dirname, '../../docs/images')

/** Fetched once; who works without the network skips the test, and its name says so. */
const ohif = await prepareOhif().catch(() => undefined)
const missing = ohif === undefined ? ' (skipped: @ohif/app could not be fetched)' : browserMissing

describe.skipIf(!browserInstalled || ohif === undefined)(`OHIF${missing}`, () => {
  let demo: Demo
  let browser: Browser
  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startDemo({ hospitals: 2, withOhif: true }), startBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await demo[Symbol.asyncDispose]()
  })

  test('opens a study that lies at another hospital, through the one DICOMweb address of its own', async () => {
    const [there, here] = [demo.hospital(0), demo.hospital(1)]
    const viewer = demo.network.ohif?.url ?? ''
    const api = new NodeApi(here)
    const search = await api.search(anna)
    const study = search.studies.find(({ description }) => description === 'CT thorax met contrast')
    expect(study).toMatchObject({ holder: there.ura, local: false })

    const { page, watched } = await openPage(browser, viewer)
    const asked: string[] = []
    const failed: string[] = []
    page.on('response', (response) => {
      if (!response.url().startsWith(here.dicomweb.url)) return
      asked.push(response.url().slice(here.dicomweb.url.length))
      if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`)
    })
    const token = here.web.tokens.radiologist
    await page.goto(
      `${viewer}/viewer/${here.ura}?StudyInstanceUIDs=${study?.studyInstanceUid}&token=${token}`,
    )
    // A picture, not an empty viewport: its canvas has many shades.
    await page.waitForFunction(
      `(() => {
        const canvas = document.querySelector('.cornerstone-canvas')
        if (!canvas || canvas.width < 100) return false
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        const shades = new Set()
        for (let i = 0; i < data.length; i += 400) shades.add(data[i])
        return shades.size > 30
      })()`,
      undefined,
      { timeout: 90_000 },
    )
    await page
      .waitForFunction(
        `document.querySelectorAll('[data-cy="study-browser-thumbnail"] img').length > 0`,
        undefined,
        { timeout: 30_000 },
      )
      .catch(() => {})
    await save(await page.screenshot({ type: 'jpeg', quality: 80 }))
    expect(failed).toEqual([])
    expect(asked.find((url) => /^\/studies\/[\d.]+\/series\?/.test(url))).toBeDefined()
    expect(asked.find((url) => /^\/studies\/[\d.]+\/series\/[\d.]+\/metadata/.test(url))).toBeDefined()
    expect(asked.find((url) => /\/instances\/[\d.]+\/frames\/1$/.test(url))).toBeDefined()
    const elsewhere = watched.addresses.filter(
      (url) => !url.startsWith(viewer) && !url.startsWith(here.dicomweb.url) && /^https?:/.test(url),
    )
    expect(elsewhere).toEqual([])
    // It lies at the other hospital still: here it was fetched for this user, on record at both ends.
    const { transfers } = await api
      .as('radiologist')
      .call<{ transfers: { kind: string; state: string }[] }>('GET', '/api/v1/transfers')
    expect(transfers.filter(({ kind }) => kind === 'retrieval')).toMatchObject([{ state: 'delivered' }])
    await page.context().close()
  })
})

/** For the documentation, when it is to be made anew. */
async function save(picture: Buffer): Promise<void> {
  const file = join(images, 'ohif.jpg')
  if (process.env['TWIIN_SCREENSHOTS'] === undefined && existsSync(file)) return
  const { writeFile } = await import('node:fs/promises')
  await mkdir(images, { recursive: true })
  await writeFile(file, picture)
}
