import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestPages } from './testing.ts'

let pages: TestPages
beforeEach(async () => {
  pages = await TestPages.start({ oidc: { label: 'DigiD', simulator: true } })
})
afterEach(() => pages[Symbol.asyncDispose]())

const asPage = { accept: 'text/html' }
const unknownLink = (kind = 'l') => kind + randomBytes(16).toString('base64url')

describe('before the second factor', () => {
  test('each kind of link has its own page, and what no link looks like none', async () => {
    for (const [kind, field] of [
      ['s', 'one-time-code'],
      ['l', 'name="code"'],
      ['d', 'DigiD'],
    ] as const) {
      const { status, text } = await pages.call('GET', `/z/${unknownLink(kind)}?lang=nl`)
      expect([status, text.includes(field)], kind).toEqual([200, true])
    }
    for (const link of ['x', unknownLink('x'), `${unknownLink()}a`, '%3Cb%3E'])
      expect((await pages.call('GET', `/z/${link}`)).status, link).toBe(404)
  })

  test('an unknown link is answered like a known one, byte for byte', async () => {
    for (const kind of ['s', 'l', 'd'] as const) {
      const { link } = await pages.share({ kind })
      const nobodys = unknownLink(kind)
      const ask = async (method: string, path: string, of: string, form?: Record<string, string>) => {
        const { status, headers, text } = await pages.call(method, `/z/${of}${path}`, asPage, form)
        const { date: _date, ...others } = headers
        return JSON.stringify([status, others, text]).replaceAll(of, 'LINK')
      }
      for (const [method, path, form] of [
        ['GET', '', undefined],
        ['GET', '?sent=1', undefined],
        ['POST', '/code', {}],
        ...Array.from({ length: 7 }, () => ['POST', '', { code: 'WRONG' }] as const),
        ['POST', '', { code: '' }],
        ...[
          'open',
          'seen',
          'block',
          'package',
          'zip',
          'pictures.zip',
          'picture/1',
          'report/1',
          'study/0/0/0',
        ].map((page) => ['GET', `/${page}`, undefined] as const),
        ...['key', 'stay', 'block', 'end'].map((act) => ['POST', `/${act}`, {}] as const),
      ] as const)
        expect(await ask(method, path, link, form), `${method} ${path}`).toBe(
          await ask(method, path, nobodys, form),
        )
    }
  })

  test('GET uses nothing up, asks for no code and lets nobody in', async () => {
    const share = await pages.share({ kind: 's' })
    for (let i = 0; i < 30; i++) await pages.call('GET', `/z/${share.link}?code=${share.code}`)
    for (const path of ['code', 'key', 'stay', 'end', 'login'])
      expect((await pages.call('GET', `/z/${share.link}/${path}`)).status, path).toBe(404)
    expect([pages.door.asked, pages.door.shares.get(share.link)?.left]).toEqual([[], 5])
  })

  test('every answer to a code has its page and its status', async () => {
    const share = await pages.share()
    const kept = pages.door.shares.get(share.link)!
    const answers = [
      [{ outcome: 'wrong', left: 3 }, 422, 'nog 3 keer'],
      [{ outcome: 'code-spent' }, 422, 'nieuwe code'],
      [{ outcome: 'locked' }, 429, 'op slot'],
      [{ outcome: 'early', opensAt: Date.UTC(2026, 11, 1, 9) }, 200, '1 december 2026'],
      [{ outcome: 'preparing' }, 200, 'Bijna klaar'],
      [{ outcome: 'over', reason: 'revoked' }, 410, 'gestopt'],
      [{ outcome: 'over', reason: 'expired' }, 410, 'voorbij'],
      [{ outcome: 'over', reason: 'blocked' }, 410, 'geblokkeerd'],
      [{ outcome: 'over', reason: 'failed' }, 410, 'niet gelukt'],
      [{ outcome: 'busy' }, 503, 'druk'],
    ] as const
    for (const [instead, status, said] of answers) {
      kept.instead = instead
      const answer = await pages.call('POST', `/z/${share.link}?lang=nl`, {}, { code: share.code })
      expect([answer.status, answer.text.includes(said), answer.cookie], instead.outcome).toEqual([
        ...[status, true, undefined],
      ])
    }
  })

  test('the language is the one asked for, else the one the browser prefers, else Dutch', async () => {
    const link = unknownLink()
    const languageOf = async (path: string, accept?: string) => {
      const { text } = await pages.call(
        'GET',
        path,
        accept === undefined ? {} : { 'accept-language': accept },
      )
      return /<html lang="(..)"/.exec(text)?.[1]
    }
    expect(await languageOf(`/z/${link}`)).toBe('nl')
    expect(await languageOf(`/z/${link}`, 'de, en;q=0.8, nl;q=0.3')).toBe('en')
    expect(await languageOf(`/z/${link}`, 'en;q=0.5, nl-BE;q=0.9')).toBe('nl')
    expect(await languageOf(`/z/${link}?lang=en`, 'nl')).toBe('en')
    expect(await languageOf(`/z/${link}?lang=<b>`, 'nl')).toBe('nl')
  })
})

test('pages say nothing to caches, search machines, frames and other sites', async () => {
  const { headers } = await pages.call('GET', `/z/${unknownLink()}`)
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex, nofollow',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'strict-transport-security': expect.stringContaining('max-age=31536000') as unknown,
  })
  const policy = String(headers['content-security-policy'])
  expect(
    policy
      .split(';')
      .map((part) => part.trim())
      .sort(),
  ).toEqual([
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self' blob:",
    "script-src 'self'",
    "style-src 'self'",
    "worker-src 'self'",
  ])
  expect(Object.keys(headers).filter((name) => name.startsWith('x-ratelimit'))).toEqual([])
})

test('style and script are kept for good by their own address, and no folder is listed', async () => {
  const { text } = await pages.call('GET', `/z/${unknownLink()}`)
  const [style = ''] = /\/assets\/style\.css\?v=[\w-]+/.exec(text) ?? []
  const [script = ''] = /\/assets\/page\.js\?v=[\w-]+/.exec(text) ?? []
  for (const address of [style, script]) {
    const { status, headers } = await pages.call('GET', address, { 'accept-encoding': 'gzip' })
    expect([status, headers['cache-control'], headers['content-encoding']]).toEqual([
      ...[200, 'public, max-age=31536000, immutable', 'gzip'],
    ])
  }
  expect((await pages.call('GET', '/assets/page.js?v=old')).headers['cache-control']).toBe('no-store')
  expect((await pages.call('GET', '/z/worker.js')).headers['content-type']).toContain('text/javascript')
  for (const path of ['/', '/assets/', '/assets/built', '/z/', '/z'])
    expect((await pages.call('GET', path)).status, path).toBe(404)
})

test('a form of another site changes nothing', async () => {
  const share = await pages.share({ kind: 's' })
  const { cookie } = await pages.enter(share)
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': '', origin: 'https://elders.example' },
  ]
  for (const headers of foreign)
    for (const path of ['', '/code', '/key', '/stay', '/end', '/block']) {
      const { status } = await pages.call(
        'POST',
        `/z/${share.link}${path}`,
        { ...headers, cookie },
        {
          code: share.code,
        },
      )
      expect(status, `${path} ${JSON.stringify(headers)}`).toBe(403)
    }
  expect([pages.door.asked, pages.door.blocked]).toEqual([[], []])
  expect((await pages.call('GET', `/z/${share.link}/open`, { cookie })).status).toBe(200)
})

test('a browser that does not tell which page a form is of may show a code and ask for one, and no more', async () => {
  const share = await pages.share({ kind: 's' })
  const entered = await pages.silent(`/z/${share.link}`, {}, { code: share.code })
  expect([entered.status, (await pages.silent(`/z/${share.link}/code`, {}, {})).status]).toEqual([303, 303])
  const { cookie = '' } = entered
  for (const path of ['/key', '/stay', '/end', '/block'])
    expect((await pages.silent(`/z/${share.link}${path}`, { cookie }, {})).status, path).toBe(403)
  expect(pages.door.blocked).toEqual([])
})

test('a form that is too long, or is none, is refused with a page', async () => {
  const { link } = await pages.share()
  const long = await pages.call('POST', `/z/${link}`, {}, { code: 'A'.repeat(17_000) })
  const json = await pages.call('POST', `/z/${link}`, { 'content-type': 'application/json' }, { code: 'A' })
  expect([long.status, json.status]).toEqual([413, 415])
  expect(long.text).toContain('<h1>')
})
