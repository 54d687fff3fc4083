/** Somebody else's viewer: OHIF, as its makers publish it, opens a study that lies at another hospital. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
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
    const course = followCourse(page)
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
    await page.waitForFunction(showsPicture, undefined, { timeout: 90_000 }).catch(async (error: unknown) => {
      throw new Error(`no picture, but:\n${await course.told()}`, { cause: error })
    })
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

/** A picture, not an empty viewport: its canvas has many shades. */
const showsPicture = `(() => {
  const canvas = document.querySelector('.cornerstone-canvas')
  if (!canvas || canvas.width < 100) return false
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const shades = new Set()
  for (let i = 0; i < data.length; i += 400) shades.add(data[i])
  return shades.size > 30
})()`

/** What goes on in a page that is not ours, for when it shows nothing: its console, requests that fail or hang, a picture. */
function followCourse(page: Page): { told: () => Promise<string> } {
  const lines: string[] = []
  const open = new Set<string>()
  page.on('console', (message) => lines.push(`${message.type()}: ${message.text().slice(0, 500)}`))
  page.on('pageerror', (error) => lines.push(`error: ${error.stack ?? error.message}`))
  page.on('request', (request) => open.add(request.url()))
  page.on('requestfinished', (request) => open.delete(request.url()))
  page.on('requestfailed', (request) => {
    open.delete(request.url())
    lines.push(`failed: ${request.failure()?.errorText ?? ''} ${request.url()}`)
  })
  const told = async () => {
    const picture = join(tmpdir(), `twiin-ohif-${Date.now()}.png`)
    const words = await page.evaluate<string>('document.body.innerText').catch(String)
    const seen = await page.screenshot({ path: picture }).then(() => picture, String)
    const hanging = [...open].map((url) => `hangs: ${url}`)
    return [...lines.slice(-40), ...hanging, `screenshot: ${seen}`, words.slice(0, 1000)].join('\n')
  }
  return { told }
}

/** For the documentation, when it is to be made anew. */
async function save(picture: Buffer): Promise<void> {
  const file = join(images, 'ohif.jpg')
  if (process.env['TWIIN_SCREENSHOTS'] === undefined && existsSync(file)) return
  const { writeFile } = await import('node:fs/promises')
  await mkdir(images, { recursive: true })
  await writeFile(file, picture)
}
