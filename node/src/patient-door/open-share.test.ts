import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { PackageReader, ZipLayout } from '@twiin/share-package'
import { pictureKinds } from '@twiin/share-pages'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileSource } from './package-file.ts'
import { idleMs, longestMs } from './sessions.ts'
import { TestPages } from './testing.ts'

let pages: TestPages
beforeEach(async () => {
  pages = await TestPages.start()
})
afterEach(() => pages[Symbol.asyncDispose]())

const asPage = { accept: 'text/html' }

describe('a session', () => {
  test('begins with the right code, in a cookie that no script and no other site gets', async () => {
    const share = await pages.share()
    const { status, headers } = await pages.call('POST', `/z/${share.link}?lang=en`, {}, { code: share.code })
    expect([status, headers.location]).toEqual([303, `/z/${share.link}/open?lang=en`])
    expect(headers['set-cookie']?.[0]).toMatch(
      /^__Host-twiin_share=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
  })

  test('is of one link', async () => {
    const [one, other] = [await pages.share(), await pages.share()]
    const headers = { ...(await pages.enter(one)), ...asPage }
    const { status } = await pages.call('GET', `/z/${other.link}/open`, headers)
    expect([status, (await pages.call('GET', `/z/${one.link}/open`, headers)).status]).toEqual([303, 200])
  })

  test('ends where the same browser begins another', async () => {
    const share = await pages.share()
    const first = await pages.enter(share)
    const { cookie = '' } = await pages.call('POST', `/z/${share.link}`, first, { code: share.code })
    const status = async (of: string) =>
      (await pages.call('GET', `/z/${share.link}/open`, { cookie: of })).status
    expect([await status(first.cookie), await status(cookie)]).toEqual([401, 200])
  })

  test('ends after fifteen minutes without use, and after two hours whatever is done', async () => {
    const share = await pages.share()
    const headers = await pages.enter(share)
    const stay = () => pages.call('POST', `/z/${share.link}/stay`, headers, {})
    pages.clock.moveOn(idleMs - 1_000)
    expect((await stay()).status).toBe(204)
    pages.clock.moveOn(idleMs - 1_000)
    expect((await stay()).status).toBe(204)
    pages.clock.moveOn(idleMs + 1)
    expect((await stay()).status).toBe(401)
    const again = await pages.enter(share)
    for (let at = 0; at < longestMs; at += idleMs / 2) {
      await pages.call('POST', `/z/${share.link}/stay`, again, {})
      pages.clock.moveOn(idleMs / 2)
    }
    expect((await pages.call('POST', `/z/${share.link}/stay`, again, {})).status).toBe(401)
  })

  test('ends by its own button, and the browser forgets what it kept', async () => {
    const share = await pages.share()
    const headers = await pages.enter(share)
    const { status, headers: answered } = await pages.call('POST', `/z/${share.link}/end`, headers, {})
    expect([status, answered['clear-site-data']]).toEqual([200, '"cache", "storage"'])
    expect((await pages.call('GET', `/z/${share.link}/package`, headers)).status).toBe(401)
  })

  test('ends with the share, in the middle of a download too', async () => {
    const share = await pages.share()
    const headers = await pages.enter(share)
    const answer = await pages.ask('GET', `/z/${share.link}/package?for=zip`, headers)
    const broken = new Promise((resolve) => answer.once('error', resolve))
    answer.pause()
    pages.door.end(share.open.id)
    answer.resume()
    await expect(broken).resolves.toMatchObject({ code: 'ECONNRESET' })
    expect((await pages.call('GET', `/z/${share.link}/package`, headers)).status).toBe(401)
  })

  test('asks before it blocks the link, which is then over for everybody', async () => {
    const share = await pages.share()
    const [mine, other] = [await pages.enter(share), await pages.enter(share)]
    expect((await pages.call('GET', `/z/${share.link}/block`, mine)).text).toContain('<form method="post"')
    expect(pages.door.blocked).toEqual([])
    expect((await pages.call('POST', `/z/${share.link}/block`, mine, {})).status).toBe(200)
    expect(pages.door.blocked).toEqual([share.open.id])
    expect((await pages.call('GET', `/z/${share.link}/package`, other)).status).toBe(401)
  })

  test('shows who has seen it', async () => {
    const share = await pages.share()
    const { text } = await pages.call('GET', `/z/${share.link}/seen?lang=nl`, await pages.enter(share))
    expect(text).toContain('Iemand opende dit, met de link en de tweede stap')
  })
})

describe('the package', () => {
  test('comes in ranges as it lies on the disk', async () => {
    const share = await pages.share()
    const headers = await pages.enter(share)
    const file = await readFile(share.open.packageFile)
    const ask = (range?: string, more: Record<string, string> = {}) =>
      pages.call('GET', `/z/${share.link}/package?for=view`, { ...headers, ...more, ...(range && { range }) })
    const whole = await ask()
    expect([whole.status, whole.bytes.equals(file)]).toEqual([200, true])
    const size = file.length
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=100-199', 100, 200],
      [`bytes=${size - 5}-`, size - 5, size],
      ['bytes=-8', size - 8, size],
      [`bytes=10-${size * 2}`, 10, size],
    ] as const) {
      const { status, bytes, headers: answered } = await ask(range)
      expect([status, answered['content-range']], range).toEqual([206, `bytes ${start}-${end - 1}/${size}`])
      expect(bytes.equals(file.subarray(start, end)), range).toBe(true)
    }
    for (const range of [`bytes=${size}-`, 'bytes=-0', 'bytes=0-1,5-9']) {
      const { status, headers: answered } = await ask(range)
      expect([status, answered['content-range']], range).toEqual([416, `bytes */${size}`])
    }
    for (const range of ['bytes=5-2', 'lines=0-1', 'bytes=a-b']) expect((await ask(range)).status).toBe(200)
    const tag = String(whole.headers.etag)
    expect((await ask('bytes=0-9', { 'if-range': tag })).status).toBe(206)
    expect((await ask('bytes=0-9', { 'if-range': '"other"' })).status).toBe(200)
  })

  test('is on record once a session as viewed and as downloaded, and not for the list alone', async () => {
    const share = await pages.share()
    const headers = await pages.enter(share)
    const read = (range: string, what: string) =>
      pages.call('GET', `/z/${share.link}/package?for=${what}`, { ...headers, range })
    const { entries } = share.manifest
    const last = entries.at(-1)!
    await read('bytes=0-29', 'view')
    await read(`bytes=${last.offset + last.size + 16}-`, 'view')
    expect(pages.door.notes).toEqual([])
    for (let i = 0; i < 3; i++) await read('bytes=30-99', 'view')
    expect(pages.door.notes).toEqual([`${share.open.id} viewed`])
    for (let i = 0; i < 3; i++) await read('bytes=30-99', 'zip')
    expect(pages.door.notes).toEqual([`${share.open.id} viewed`, `${share.open.id} downloaded`])
  })

  test('is given to so many at once, and others are asked to come back', async () => {
    await using few = await TestPages.start({ downloads: { most: 2 } })
    const share = await few.share({ picture: (_, size) => randomBytes(size === 'small' ? 10 : 400_000) })
    const headers = await few.enter(share)
    const path = `/z/${share.link}/package`
    const held = await Promise.all([few.ask('GET', path, headers), few.ask('GET', path, headers)])
    expect((await few.call('GET', path, headers)).status).toBe(503)
    for (const answer of held) answer.destroy()
    const short = { ...headers, range: 'bytes=0-99' }
    const again = async () => (await few.call('GET', path, short)).status
    await expect.poll(again, { timeout: 20_000 }).toBe(206)
  })
})

describe('files on their way', () => {
  const large = { picture: (_: number, size: string) => randomBytes(size === 'small' ? 10 : 400_000) }

  test('are so many of one session, and others have theirs', async () => {
    await using few = await TestPages.start({ downloads: { mostOfSession: 2 } })
    const share = await few.share(large)
    const [one, other] = [await few.enter(share), await few.enter(share)]
    const path = `/z/${share.link}/package`
    const held = await Promise.all([few.ask('GET', path, one), few.ask('GET', path, one)])
    expect((await few.call('GET', path, one)).status).toBe(503)
    expect((await few.call('GET', path, { ...other, range: 'bytes=0-99' })).status).toBe(206)
    for (const answer of held) answer.destroy()
    const again = async () => (await few.call('GET', path, { ...one, range: 'bytes=0-99' })).status
    await expect.poll(again, { timeout: 20_000 }).toBe(206)
  })
})

describe('without script', () => {
  test('the whole link opens the list, and a wrong one is told so', async () => {
    const share = await pages.share()
    const headers = { ...(await pages.enter(share)), ...asPage }
    const post = (link: string) => pages.call('POST', `/z/${share.link}/key?lang=nl`, headers, { link })
    const other = await pages.share()
    const [, otherKey = ''] = other.url.split('#')
    for (const wrong of [
      '',
      share.url.split('#')[0]!,
      other.url,
      `https://zien.example/z/${share.link}#${otherKey}`,
    ])
      expect((await post(wrong)).status, wrong).toBe(422)
    const right = await post(` ${share.url}\n`)
    expect([right.status, right.headers.location]).toEqual([303, `/z/${share.link}/open?lang=nl`])
    const { text } = await pages.call('GET', `/z/${share.link}/open?lang=nl`, headers)
    expect(text).toContain('CT-scan van het hoofd')
    expect(text).not.toContain('<script')
    expect(text).not.toContain(share.url.split('#')[1]!)
  })

  test('pictures, reports and pages come decrypted', async () => {
    const share = await pages.share()
    const headers = await withKey(share)
    const get = (path: string) => pages.call('GET', `/z/${share.link}/${path}`, headers)
    const viewer = await get('study/0/0/3?lang=nl')
    expect([viewer.status, viewer.text.includes('Beeld 4 van 24')]).toEqual([200, true])
    const number = share.manifest.studies[0]!.series[0]!.pictures[3]!.large
    expect(viewer.text).toContain(`/z/${share.link}/picture/${number}"`)
    const picture = await get(`picture/${number}`)
    expect(picture.headers['content-type']).toBe('image/jpeg')
    expect(picture.bytes.equals(await plain(share, number))).toBe(true)
    const report = share.manifest.studies[0]!.reports[0]!
    expect((await get(`report/${report.text}`)).text).toContain('Normaal onderzoek.')
    expect((await get(`report/${report.pdf}`)).headers['content-type']).toBe('application/pdf')
    for (const path of [
      'picture/0',
      'picture/9999',
      `picture/${report.text}`,
      'report/1',
      'study/9/0/0',
      'study/0/0/24',
    ])
      expect((await get(path)).status, path).toBe(404)
    expect(pages.door.notes).toEqual([`${share.open.id} viewed`])
  })

  test('the zips are those of the layout, in ranges', async () => {
    const share = await pages.share()
    const headers = await withKey(share)
    const reader = readerOf(share)
    for (const [name, layout] of [
      ['zip', new ZipLayout({}, share.manifest)],
      ['pictures.zip', new ZipLayout({ kinds: pictureKinds }, share.manifest)],
    ] as const) {
      const expected = await buffer(layout.bytes(reader))
      const whole = await pages.call('GET', `/z/${share.link}/${name}`, headers)
      expect([whole.status, whole.bytes.equals(expected)], name).toEqual([200, true])
      const tag = String(whole.headers.etag)
      const from = Math.floor(layout.size / 3)
      const rest = await pages.call('GET', `/z/${share.link}/${name}`, {
        ...{ ...headers, range: `bytes=${from}-`, 'if-range': tag },
      })
      expect([rest.status, rest.bytes.equals(expected.subarray(from))], name).toEqual([206, true])
    }
    expect(pages.door.notes).toEqual([`${share.open.id} downloaded`])
  })

  test('nothing is decrypted without the key, and a download goes on with no page in it', async () => {
    const share = await pages.share()
    const headers = { ...(await pages.enter(share)), ...asPage }
    for (const path of ['zip', 'pictures.zip', 'picture/1', 'report/1', 'study/0/0/0'])
      expect((await pages.call('GET', `/z/${share.link}/${path}`, headers)).headers.location, path).toContain(
        '/open',
      )
    const { status } = await pages.call('GET', `/z/${share.link}/zip`, { ...headers, range: 'bytes=5-' })
    expect(status).toBe(409)
  })

  test('what a hostile package says stays text', async () => {
    const markup = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`
    const share = await pages.share({
      change: (content) => ({
        ...{ ...content, patient: markup, hospital: markup },
        studies: content.studies.map((study) => ({
          ...{ ...study, hospital: markup, words: { nl: markup, en: markup } },
          series: study.series.map((one) => ({ ...one, words: { nl: markup, en: markup } })),
          reports: [...study.reports, ...study.reports].map((report) => ({ ...report, title: markup })),
        })),
      }),
    })
    const headers = await withKey(share)
    const [report] = share.manifest.studies[0]!.reports
    for (const path of ['open', 'study/0/0/0', `report/${report!.text}`]) {
      const { text } = await pages.call('GET', `/z/${share.link}/${path}`, headers)
      expect(text).toContain('&lt;script&gt;')
      expect(text).not.toMatch(/<script>|<img src=x/)
    }
  })
})

type Share = Awaited<ReturnType<TestPages['share']>>

async function withKey(share: Share) {
  const headers = { ...(await pages.enter(share)), ...asPage }
  await pages.call('POST', `/z/${share.link}/key`, headers, { link: share.url })
  return headers
}

const readerOf = ({ key, open }: Share) =>
  new PackageReader({ key }, { source: fileSource(open.packageFile, open.packageBytes) })

const plain = async (share: Share, entry: number) => buffer(readerOf(share).entry(entry))
