/** A patient gets images by a link: from the mail, from the letter, on a phone, without script, and off line (J7, spec 25). */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NetworkHospital } from '../../scripts/demo-network/network-file.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { linkIn, mailTo, newestCode } from '../support/mailbox.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { shareIs, shareStudies } from '../support/share-api.ts'
import { browserInstalled, browserMissing, startBrowser, violations, widthAt320 } from './browser.ts'

const email = 'anna@patient.example'
const has = (program: string) => spawnSync('which', [program]).status === 0
const phone = { width: 390, height: 844 }

describe.skipIf(!browserInstalled)(`a share${browserMissing}`, () => {
  let demo: Demo
  let hospital: NetworkHospital
  let api: NodeApi
  let browser: Browser
  let studies: string[]
  let dir: string
  beforeAll(async () => {
    ;[demo, browser, dir] = await Promise.all([
      startDemo({ hospitals: 2 }),
      startBrowser(),
      mkdtemp(join(tmpdir(), 'twiin-share-')),
    ])
    hospital = demo.hospital(0)
    api = new NodeApi(hospital)
    const held = await api
      .as('radiologist')
      .call<{ studies: { studyInstanceUid: string; patient: { bsn: string | null } }[] }>(
        'GET',
        '/api/v1/studies',
      )
    studies = held.studies
      .filter(({ patient }) => patient.bsn === '*****0019')
      .map(({ studyInstanceUid }) => studyInstanceUid)
  })
  afterAll(async () => {
    await browser.close()
    await demo[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  /** A phone of its own, which is watched: complaints, requests elsewhere, and every address it used. */
  async function phonePage(more: Parameters<Browser['newContext']>[0] = {}) {
    const context = await browser.newContext({
      ...{ ignoreHTTPSErrors: true, locale: 'nl-NL', viewport: phone, hasTouch: true, isMobile: true },
      ...{ deviceScaleFactor: 2, acceptDownloads: true, ...more },
    })
    const page = await context.newPage()
    const watched = { complaints: [] as string[], sent: [] as string[] }
    page.on('console', (message) => {
      // A form with a wrong code is answered 422, which the browser's console calls an error.
      if (['error', 'warning'].includes(message.type()) && !/422|429/.test(message.text()))
        watched.complaints.push(`${message.text()} ${message.location().url}`)
    })
    page.on('pageerror', (error) => watched.complaints.push(error.message))
    context.on('request', (request) => {
      watched.sent.push(`${request.url()} ${request.postData() ?? ''} ${JSON.stringify(request.headers())}`)
      if (!request.url().startsWith(hospital.share?.url ?? '') && /^https?:/.test(request.url()))
        watched.complaints.push(`foreign request ${request.url()}`)
    })
    return { context, page, watched }
  }

  async function openByLetter(page: Page, given: { url: string; code?: string }): Promise<void> {
    await page.goto(given.url)
    await page.getByLabel('Code', { exact: true }).fill(given.code ?? '')
    await page.getByRole('button', { name: 'Ga verder' }).click()
    await page
      .getByRole('link', { name: /^Bekijken/ })
      .first()
      .waitFor()
  }

  test('from the mail: code by text message, images looked at, report read, zip downloaded and good', async () => {
    const given = await shareStudies(api, {
      studyInstanceUids: studies,
      recipient: { kind: 'patient', email },
      secondFactor: { kind: 'sms', phone: '+31600000019' },
    })
    const mail = await mailTo(email, hospital.share?.mailDir ?? '')
    expect(mail.text).not.toMatch(/Anna|\bCT\b|thorax|1958/)
    const link = linkIn(mail.text)
    expect(link).toBe(given.url)

    const { context, page, watched } = await phonePage()
    await page.goto(link)
    expect(await page.textContent('main')).not.toMatch(/Anna|\bCT\b|thorax|röntgen|borst/i)
    await page.getByRole('button', { name: 'Stuur mij een code' }).click()
    await page.getByLabel('Code', { exact: true }).fill(await newestCode(hospital.share?.smsDir ?? ''))
    await page.getByRole('button', { name: 'Ga verder' }).click()
    await page.getByRole('link', { name: /^Bekijken: CT/ }).click()
    await pictureIsShown(page)
    await page.getByRole('button', { name: 'Volgende' }).click()
    await page.getByText('Beeld 2 van').first().waitFor()
    await pictureIsShown(page)
    await page.getByRole('link', { name: /Terug naar de lijst/ }).click()
    await page
      .getByRole('link', { name: /^Verslag lezen/ })
      .first()
      .click()
    await page.locator('.report-text').getByText(/\w{4}/).first().waitFor()
    await page.getByRole('link', { name: /Terug naar de lijst/ }).click()

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[data-download="zip"]').click(),
    ])
    const zip = join(dir, 'share.zip')
    await download.saveAs(zip)
    await page.getByText('Klaar. Kijk bij uw downloads.').waitFor()
    await zipIsGood(zip)
    const listed = await shareIs('open', given.id, api.as('radiologist'))
    expect(listed).toMatchObject({ opened: { count: 1 }, viewed: { count: 1 }, downloaded: { count: 1 } })
    // The key went to nobody.
    const fragment = new URL(link).hash.slice(1)
    expect(watched.sent.filter((text) => text.includes(fragment))).toEqual([])
    expect(page.url()).not.toContain(fragment)
    expect(watched.complaints).toEqual([])
    await context.close()
  })

  test.skipIf(!has('pdftoppm') || !has('zbarimg'))(
    'from the letter: the QR in the PDF leads to the images, with the code of the other letter',
    async () => {
      const given = await shareStudies(api, { studyInstanceUids: studies.slice(0, 1) })
      const letter = join(dir, 'letter.pdf')
      await writeFile(letter, await pdfOf(given.id, { url: given.url }))
      execFileSync('pdftoppm', ['-r', '150', '-png', letter, join(dir, 'letter')])
      const [drawn = ''] = (await readdir(dir)).filter((name) => /^letter-.*png$/.test(name))
      const decoded = execFileSync('zbarimg', ['-q', '--raw', join(dir, drawn)], { encoding: 'utf8' }).trim()
      expect(decoded).toBe(given.url)
      const { context, page, watched } = await phonePage()
      await openByLetter(page, { url: decoded, code: given.code ?? '' })
      await page
        .getByRole('link', { name: /^Bekijken/ })
        .first()
        .click()
      await pictureIsShown(page)
      expect(watched.complaints).toEqual([])
      await context.close()
    },
  )

  test('with the broker: who logs in as the patient sees the images, somebody else does not', async () => {
    const given = await shareStudies(api, {
      studyInstanceUids: studies.slice(0, 1),
      secondFactor: { kind: 'oidc' },
    })
    const { context, page } = await phonePage()
    const asWhom = async (name: RegExp) => {
      await page.goto(given.url)
      await page.getByRole('button', { name: /^Inloggen met/ }).click()
      await page.getByRole('button', { name }).click()
    }
    await asWhom(/^Tweeling, Carla/)
    await page.getByText('Deze link hoort niet bij wie er inlogde.').waitFor()
    await asWhom(/Anna/)
    await page
      .getByRole('link', { name: /^Bekijken/ })
      .first()
      .waitFor()
    await context.close()
  })

  test('every page is accessible, has targets of 44 pixels and fits a narrow phone, in both languages', async () => {
    const given = await shareStudies(api, { studyInstanceUids: studies })
    const { context, page } = await phonePage()
    const found: string[] = []
    const look = async (what: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        found.push(...(await violations(page)).map((text) => `${what} ${colorScheme}: ${text}`))
      }
      if ((await widthAt320(page)) > 320) found.push(`${what} is wider than 320 pixels`)
      found.push(...(await under44(page)).map((text) => `${what} small: ${text}`))
    }
    for (const kind of ['l', 's', 'd']) {
      await page.goto(`${hospital.share?.url}/z/${kind}AAAAAAAAAAAAAAAAAAAAAA?lang=en`)
      await look(`before ${kind}`)
    }
    await page.goto(given.url)
    await page.getByLabel('Code', { exact: true }).fill('2222222222')
    await page.getByRole('button', { name: 'Ga verder' }).click()
    await page.getByText('Deze code klopt niet.').waitFor()
    await look('wrong code')
    await openByLetter(page, given)
    await look('list')
    await page
      .getByRole('link', { name: /^Bekijken/ })
      .first()
      .click()
    await pictureIsShown(page)
    await look('viewer')
    await page.getByRole('link', { name: /Terug naar de lijst/ }).click()
    await page
      .getByRole('link', { name: /^Verslag lezen/ })
      .first()
      .click()
    await page.locator('.report-text').waitFor()
    await look('report')
    await page.getByRole('link', { name: /Terug naar de lijst/ }).click()
    await page.getByRole('link', { name: 'Wie heeft dit gezien?' }).first().click()
    await page.getByRole('heading', { name: 'Wie heeft dit gezien?' }).waitFor()
    await look('seen')
    expect(found).toEqual([])
    await context.close()
  })

  test('two minutes before the session ends it says so, and goes on when asked', async () => {
    const given = await shareStudies(api, { studyInstanceUids: studies.slice(0, 1) })
    const { context, page } = await phonePage()
    await page.clock.install()
    await openByLetter(page, given)
    await page.clock.fastForward('13:05')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    expect(await violations(page)).toEqual([])
    await dialog.getByRole('button').click()
    await dialog.waitFor({ state: 'detached' })
    await page.clock.fastForward('15:05')
    await page
      .getByRole('link', { name: /^Bekijken/ })
      .first()
      .waitFor({ state: 'detached' })
    await context.close()
  })

  test('without script: the whole link is pasted, pictures are seen, and the zip is the same', async () => {
    const given = await shareStudies(api, { studyInstanceUids: studies })
    const { context, page, watched } = await phonePage({ javaScriptEnabled: false })
    await page.goto(given.url)
    await page.getByLabel('Code', { exact: true }).fill(given.code ?? '')
    await page.getByRole('button', { name: 'Ga verder' }).click()
    await page.getByLabel('De hele link').fill(given.url)
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await page.getByRole('link', { name: /^Bekijken: CT/ }).click()
    await page.getByRole('link', { name: /^Volgende/ }).click()
    await page.getByText('Beeld 2 van').first().waitFor()
    await page.getByRole('link', { name: /Terug naar de lijst/ }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[data-download="zip"]').click(),
    ])
    const zip = join(dir, 'without-script.zip')
    await download.saveAs(zip)
    await zipIsGood(zip)
    expect(watched.complaints).toEqual([])
    await context.close()
  })

  test('what was unpacked opens from the disk, without a network', async () => {
    const unpacked = join(dir, 'unpacked')
    execFileSync('unzip', ['-q', '-o', join(dir, 'share.zip'), '-d', unpacked])
    const context: BrowserContext = await browser.newContext({
      offline: true,
      viewport: phone,
      locale: 'nl-NL',
    })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(request.url())
    })
    await page.goto(pathToFileURL(join(unpacked, 'BEKIJKEN.HTM')).href)
    const shown = page.locator('img:visible').first()
    if (!(await shown.isVisible())) await page.getByRole('button').or(page.getByRole('link')).first().click()
    await shown.waitFor()
    await until(
      () => page.evaluate<boolean>('[...document.images].some((image) => image.naturalWidth > 50)'),
      { timeoutMs: 20_000, what: 'a picture of the disk is shown' },
    )
    expect(complaints).toEqual([])
    expect(await violations(page)).toEqual([])
    await context.close()
  })

  test('blocked by its recipient it is over for everybody, and staff see it', async () => {
    const given = await shareStudies(api, { studyInstanceUids: studies.slice(0, 1) })
    const { context, page } = await phonePage()
    await openByLetter(page, given)
    await page.getByRole('link', { name: 'Link blokkeren' }).first().click()
    await page.getByRole('button', { name: 'Ja, blokkeer de link' }).click()
    await page.getByText('De link is geblokkeerd').first().waitFor()
    await shareIs('blocked', given.id, api.as('radiologist'))
    await page.goto(given.url)
    await page.getByLabel('Code', { exact: true }).fill(given.code ?? '')
    await page.getByRole('button', { name: 'Ga verder' }).click()
    await page.getByText('Deze link is geblokkeerd.').waitFor()
    await context.close()
  })

  async function pdfOf(id: string, body: object): Promise<Buffer> {
    const { url, caFile, tokens } = hospital.web
    const { readFile } = await import('node:fs/promises')
    const { request } = await import('node:https')
    const ca = await readFile(caFile, 'utf8')
    return new Promise((resolve, reject) => {
      const asked = request(
        new URL(`/api/v1/shares/${id}/letter`, url),
        {
          ...{ method: 'POST', ca },
          headers: { authorization: `Bearer ${tokens.radiologist}`, 'content-type': 'application/json' },
        },
        (answer) => void answer.toArray().then((pieces) => resolve(Buffer.concat(pieces)), reject),
      )
      asked.on('error', reject)
      asked.end(JSON.stringify(body))
    })
  }

  async function zipIsGood(zip: string): Promise<void> {
    execFileSync('unzip', ['-tq', zip])
    const unpacked = await mkdtemp(join(dir, 'zip-'))
    execFileSync('unzip', ['-q', zip, '-d', unpacked])
    const dump = execFileSync('dcmdump', ['-q', '+L', join(unpacked, 'DICOMDIR')], { encoding: 'utf8' })
    expect(dump.match(/\[STUDY\]/g)).toHaveLength(studies.length)
    const images = dump.match(/\[(IMAGE|SR DOCUMENT|ENCAP DOC)\]/g)?.length ?? 0
    expect(images).toBeGreaterThan(0)
    // DCMTK makes a directory of its own over the same files, and finds every one of them fit for it.
    const again = spawnSync(
      'dcmmkdir',
      ['+r', '+id', unpacked, '+D', join(unpacked, 'AGAIN'), '-Pgp', 'DICOM'],
      {
        cwd: unpacked,
        encoding: 'utf8',
      },
    )
    expect(`${again.status} ${again.stderr}`).toMatch(/^0 /)
    const other = execFileSync('dcmdump', ['-q', '+L', join(unpacked, 'AGAIN')], { encoding: 'utf8' })
    expect(other.match(/\[(IMAGE|SR DOCUMENT|ENCAP DOC)\]/g)).toHaveLength(images)
    // Another reader: pydicom walks our directory to every file.
    const count = execFileSync('/usr/bin/python3', [
      '-c',
      'import sys; from pydicom.fileset import FileSet; print(sum(1 for i in FileSet(sys.argv[1]) if i.load().SOPInstanceUID))',
      join(unpacked, 'DICOMDIR'),
    ])
    expect(Number(count.toString())).toBe(images)
  }
})

/** Asked from outside: the page's own policy forbids the script by which Playwright would wait inside it. */
async function pictureIsShown(page: Page): Promise<void> {
  const isShown = `(() => { const image = document.querySelector('#picture'); return !!image && image.complete && image.naturalWidth > 50 })()`
  await until(() => page.evaluate<boolean>(isShown), { timeoutMs: 20_000, what: 'the picture is shown' })
}

/** Buttons, links and fields under 44 by 44 CSS pixels; links within a sentence apart (WCAG 2.5.5). */
const under44 = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll('button, a, input, select')]
    .filter((element) => element.tabIndex >= 0 && !element.matches('.skip') && element.type !== 'hidden')
    .map((element) => [element, (element.closest('label') ?? element).getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
    .map(([element, box]) => Math.round(box.width) + '×' + Math.round(box.height) + ' ' + element.outerHTML.slice(0, 120))`)
