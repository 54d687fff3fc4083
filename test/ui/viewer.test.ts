/** Pictures in the browser, from three real hospitals: the first one soon, priors beside them, and nothing said that is not so. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pydicomFiles, sampleStudy } from '@twiin/dicom/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { splitPart10 } from '../support/part10.ts'
import {
  aBsn,
  browserInstalled,
  browserMissing,
  openPage,
  smallTargets,
  startBrowser,
  violations,
} from './browser.ts'
import type { Watched } from './browser.ts'
import { fromKeyToSight } from './measure.ts'

const anna = '999990019'
const [mary] = unusedBsns
const screens = process.env['TWIIN_VIEWER_SCREENS']
/** JPEG 2000, RLE, JPEG-LS, JPEG in colour, and many frames in colour. */
const compressed = pydicomFiles('test_files').filter(({ name }) =>
  [
    'JPEG2000.dcm',
    'MR_small_RLE.dcm',
    'MR_small_jpeg_ls_lossless.dcm',
    'SC_rgb_jpeg_dcmtk.dcm',
    'SC_rgb_rle_2frame.dcm',
  ].includes(name),
)
/** Of one image in two encodings, and of one study twice: they go to different hospitals. */
const second = ['MR_small_jpeg_ls_lossless.dcm', 'SC_rgb_rle_2frame.dcm']
/** What somebody could put into every text of a study. */
const markup = '<img src=x onerror="window.wasRun=1"><script>window.wasRun=1</script>'

describe.skipIf(!browserInstalled)(`the viewer${browserMissing}`, () => {
  let demo: Demo
  let browser: Browser
  let page: Page
  let watched: Watched
  /** One without WebGL. */
  let plain: Browser | undefined
  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startDemo(), startBrowser({ draws: true })])
  })
  afterAll(async () => {
    await browser.close()
    await demo[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    ;({ page, watched } = await openPage(browser, demo.hospital(0).web.url))
    page.setDefaultTimeout(40_000)
  })
  afterEach(async () => {
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href])',
    )
    await page.context().close()
    await plain?.close()
    plain = undefined
    expect(watched.complaints).toEqual([])
    expect([...watched.addresses, stored].filter((text) => aBsn.test(text))).toEqual([])
  })

  async function logIn(username = 'radioloog', url = demo.hospital(0).web.url): Promise<void> {
    await page.goto(url)
    await page.getByLabel('Gebruikersnaam').fill(username)
    await page.getByLabel('Wachtwoord').fill('demo')
    await page.keyboard.press('Enter')
    await page.getByRole('navigation', { name: 'Hoofdmenu' }).waitFor()
  }
  async function search(bsn: string): Promise<void> {
    await page.getByRole('textbox', { name: 'BSN' }).fill(bsn)
    await page.getByLabel('Reden').fill('polikliniek')
    await page.keyboard.press('Enter')
    await page.getByText('3 van 3 kopieën van de index antwoordden').waitFor()
  }
  /** With the keyboard, from the search's result. */
  async function open(description: string): Promise<void> {
    await page.locator('tr.row').filter({ hasText: description }).locator('[data-row]').focus()
    await page.keyboard.press('o')
  }
  const pane = (number = 1) => page.locator(`[data-pane="${number}"]`)
  const shown = (number = 1) => page.locator(`[data-pane="${number}"][data-shown][data-loading="false"]`)
  const count = async (number = 1) => (await pane(number).locator('.viewer-count').textContent()) ?? ''
  const keepScreen = async (name: string) => {
    if (screens === undefined) return
    await mkdir(screens, { recursive: true })
    await writeFile(join(screens, `${name}.png`), await page.screenshot())
  }
  /** Different greys or colours in a pane, as they stand on the screen. */
  const shades = async (number = 1): Promise<number> => {
    await pane(number).locator('canvas').waitFor()
    return page.evaluate<number>(`new Promise((resolve) => requestAnimationFrame(() => {
      const canvas = document.querySelector('[data-pane="${number}"] canvas')
      const copy = document.createElement('canvas')
      ;[copy.width, copy.height] = [canvas.width, canvas.height]
      const context = copy.getContext('2d')
      context.drawImage(canvas, 0, 0)
      const { data } = context.getImageData(0, 0, copy.width, copy.height)
      const seen = new Set()
      for (let i = 0; i < data.length; i += 400) seen.add(data[i] * 65536 + data[i + 1] * 256 + data[i + 2])
      resolve(seen.size)
    }))`)
  }

  test('opens a study of another hospital from the search by keyboard, its first image soon', async () => {
    await logIn()
    await search(anna)
    // The node's picture, or our own, whichever is first.
    const seesFirst = await fromKeyToSight(
      page,
      '[data-pane="1"] [data-here="true"], [data-pane="1"][data-shown]',
    )
    const seesDrawn = await fromKeyToSight(page, '[data-pane="1"][data-shown][data-loading="false"]')
    await open('CT abdomen')
    const [took, drawn] = [await seesFirst(), await seesDrawn()]
    console.log(`first remote image after ${took.toFixed(0)} ms, drawn here after ${drawn.toFixed(0)} ms`)
    await until(async () => (await shades()) > 30, { timeoutMs: 10_000, what: 'a picture is drawn' })
    expect(page.url()).toMatch(/\/studie\/[\w%-]+\?zoek=[\w-]+$/)
    await pane()
      .getByText(`Extern – ${demo.hospital(2).name}`)
      .waitFor()
    await pane().getByText('Voorbeeld, Anna').waitFor()
    await page.getByText('Niet bedoeld voor primaire diagnostiek').waitFor()
    await keepScreen('1-remote-ct')

    await until(async () => (await count()) === 'Beeld 1/8', { timeoutMs: 20_000, what: 'all are here' })
    await page.keyboard.press('ArrowDown')
    expect(await count()).toBe('Beeld 2/8')
    await page.keyboard.press('End')
    expect(await count()).toBe('Beeld 8/8')
    await page.keyboard.press('2')
    await pane().getByText('W 1500 · L -600').waitFor()
    await page.keyboard.press('x')
    await pane().getByText('patiënt verborgen').waitFor()
    expect(await pane().getByText('Voorbeeld, Anna').count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.locator('tr.row').first().waitFor()
    expect(page.url()).toMatch(/\/zoeken\/[\w-]+$/)
  })

  test('puts a prior beside the current study and scrolls both', async () => {
    await logIn()
    await search(anna)
    await open('CT thorax met contrast')
    await shown().waitFor()
    await page.keyboard.press('Shift+P')
    await shown(2).waitFor()
    await pane(2)
      .getByText(/^Extern – /)
      .waitFor()
    await until(async () => (await count(2)).endsWith('/8'), { timeoutMs: 20_000, what: 'the prior is here' })
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown')
    expect([await count(1), await count(2)]).toEqual(['Beeld 4/12', 'Beeld 4/8'])
    await page.keyboard.press('k')
    await page.keyboard.press('ArrowDown')
    expect([await count(1), await count(2)]).toEqual(['Beeld 5/12', 'Beeld 4/8'])
    await until(async () => (await shades(2)) > 30, { timeoutMs: 10_000, what: 'the prior is drawn' })
    await keepScreen('2-prior-beside')
    await page.keyboard.press('.')
    await shown(3).waitFor()
    await keepScreen('3-two-by-two')
    await page.keyboard.press('t')
    await page.getByText('Conclusie: voorbeeldverslag').waitFor()
    await page.getByRole('link', { name: 'PDF openen' }).waitFor()
    await keepScreen('4-report')
  })

  test('measures, inverts, flips, turns, zooms and plays', async () => {
    await logIn()
    await search(anna)
    await open('MRI hersenen')
    await shown().waitFor()
    await until(async () => (await count()).endsWith('/10'), { timeoutMs: 20_000, what: 'all are here' })
    await page.keyboard.press('l')
    const box = await pane().boundingBox()
    if (box === null) throw new Error('no pane')
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    await page.mouse.move(x - 100, y)
    await page.mouse.down()
    await page.mouse.move(x, y - 40, { steps: 4 })
    await page.mouse.move(x + 80, y - 60, { steps: 4 })
    await page.mouse.up()
    await pane().locator('svg text').filter({ hasText: 'mm' }).first().waitFor()
    const edges = () => pane().locator('.viewer-edge').allTextContents()
    const before = await edges()
    expect(before).toHaveLength(4)
    await page.keyboard.press('h')
    await until(async () => (await edges())[0] === before[1], { timeoutMs: 5_000, what: 'it is flipped' })
    expect((await edges()).slice(2)).toEqual(before.slice(2))
    await page.keyboard.press('0')
    await until(async () => (await edges()).join() === before.join(), {
      timeoutMs: 5_000,
      what: 'it is back',
    })
    await page.keyboard.press('r')
    // A quarter to the right: what was at the left is now at the top.
    await until(async () => (await edges())[2] === before[0], { timeoutMs: 5_000, what: 'it is turned' })
    await page.keyboard.press('+')
    await pane().getByText('Zoom 1.25×').waitFor()
    await page.keyboard.press('0')
    await pane().getByText('Zoom 1.00×').waitFor()
    await page.keyboard.press('i')
    await keepScreen('5-measured')
    const at = await count()
    await page.keyboard.press('c')
    await until(async () => (await count()) !== at, { timeoutMs: 5_000, what: 'it plays' })
    await page.keyboard.press('c')
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('Samen scrollen').waitFor()
    await keepScreen('6-keys')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await pane().waitFor()
  })

  test('shows what somebody wrote into a study as text, and runs none of it', async () => {
    const there = demo.hospital(2)
    const study = sampleStudy({
      kind: 'CT',
      instances: 3,
      size: 64,
      seed: 'viewer/markup',
      studyDate: '2025-02-02',
      description: markup.slice(0, 60),
      institution: markup.slice(0, 60),
      patient: {
        id: 'MARKUP',
        // A `=` begins another way to write a name.
        name: '<script>window.wasRun++</script>^Mary',
        birthDate: '1970-07-07',
        sex: 'F',
        bsn: mary,
      },
    })
    const node = new NodeApi(there)
    await node.consent(mary)
    await storeInstances({ ...there.dicom, calledAe: there.dicom.aeTitle, callingAe: 'DEMO' }, study)
    await until(
      async () =>
        (await node.studies()).some(
          ({ publication, studyInstanceUid }) =>
            studyInstanceUid === study[0]?.studyInstanceUid && publication.state === 'published',
        ),
      { timeoutMs: 60_000, what: 'it is published' },
    )
    await logIn()
    await search(mary)
    await open('onerror')
    await shown().waitFor()
    await pane().getByText('<script>window.wasRun++</script>, Mary').waitFor()
    expect(await page.locator('img[src="x"]').count()).toBe(0)
    expect(await page.evaluate('window.wasRun')).toBeUndefined()
    await keepScreen('7-markup')
  })

  test.each(compressed)('decodes $name with code of its own origin', async ({ name, bytes }) => {
    const parts = splitPart10(bytes)
    if (parts === undefined) throw new Error(`${name} cannot be sent`)
    const here = demo.hospital(second.includes(name) ? 1 : 0)
    const node = new NodeApi(here)
    const to = { ...here.dicom, calledAe: here.dicom.aeTitle, callingAe: 'DEMO' }
    const known = new Set((await node.studies()).map(({ studyInstanceUid }) => studyInstanceUid))
    expect(await storeInstances(to, [{ ...parts, bytes }])).toEqual([{ status: 0 }])
    await page.context().close()
    ;({ page, watched } = await openPage(browser, here.web.url))
    page.setDefaultTimeout(40_000)
    await logIn('radioloog', here.web.url)
    const study = await until(
      async () => (await node.studies()).find(({ studyInstanceUid }) => !known.has(studyInstanceUid)),
      { timeoutMs: 10_000, what: 'it is stored' },
    )
    const { handle } = study as unknown as { handle: string }
    await page.goto(`${here.web.url}/studie/${encodeURIComponent(handle)}`)
    await shown().waitFor()
    await until(async () => (await shades()) > 10, { timeoutMs: 10_000, what: 'a picture is drawn' })
    await keepScreen(`8-${name}`)
  })

  test('is accessible in Dutch and English, whatever the theme', async () => {
    await logIn()
    await search(anna)
    await open('CT abdomen')
    await shown().waitFor()
    const address = page.url()
    for (const [language, colorScheme] of [
      ['en', 'dark'],
      ['nl', 'light'],
    ] as const) {
      await page.evaluate(`localStorage.setItem('twiin.language', '${language}')`)
      await page.emulateMedia({ colorScheme })
      await page.goto(address)
      await shown().waitFor()
      await page.keyboard.press('Shift+P')
      await shown(2).waitFor()
      expect(await violations(page), `${language} ${colorScheme}`).toEqual([])
      await page.keyboard.press('t')
      await page.locator('.viewer-reports').waitFor()
      expect(await violations(page), `${language} reports`).toEqual([])
      expect(await smallTargets(page)).toEqual([])
      await page.keyboard.press('t')
    }
    await page.evaluate("localStorage.removeItem('twiin.language')")
  })

  test('without WebGL shows pictures that the node made, with the same keys', async () => {
    plain = await startBrowser()
    await page.context().close()
    ;({ page, watched } = await openPage(plain, demo.hospital(0).web.url))
    page.setDefaultTimeout(40_000)
    await logIn()
    await search(anna)
    await open('CT abdomen')
    await shown().waitFor()
    await page.getByText('geen WebGL').waitFor()
    await until(async () => (await count()).endsWith('/8'), { timeoutMs: 20_000, what: 'all are here' })
    await page.keyboard.press('ArrowDown')
    await until(async () => (await count()).startsWith('Beeld 2/'), { timeoutMs: 5_000, what: 'it moved' })
    const asked = page.waitForRequest(/rendered\?.*window=-600,1500/)
    await page.keyboard.press('2')
    await asked
    await shown().waitFor()
    await keepScreen('9-without-webgl')
    // None of the drawing code was fetched.
    expect(watched.addresses.filter((address) => address.includes('pixels-surface'))).toEqual([])
  })

  test('says why images of another hospital do not come, and asks again', async () => {
    await logIn()
    await search(anna)
    await new NodeApi(demo.hospital(1)).consent(anna, 'deny')
    await open('Echo abdomen')
    const alert = page.getByRole('alert').first()
    await alert.getByText(/Het andere ziekenhuis/).waitFor()
    const again = alert.getByRole('button', { name: 'Opnieuw proberen' })
    await again.waitFor()
    await keepScreen('10-refused')
    await new NodeApi(demo.hospital(1)).consent(anna, 'permit')
    // The holder's no stands for half a minute: until then pressing says the same again.
    await until(
      async () => {
        if (await again.isVisible()) await again.click({ timeout: 2_000 }).catch(() => {})
        return shown().isVisible()
      },
      { timeoutMs: 70_000, what: 'the picture after consent' },
    )
    await shown().waitFor()
    watched.complaints.splice(0)
  })
})
