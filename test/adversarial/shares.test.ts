/** Strangers at the door for patients: who guesses, who measures, who has the disk, who reads the logs (spec 25). */
import { randomBytes } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PackageReader } from '@twiin/share-package'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NetworkHospital } from '../../scripts/demo-network/network-file.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newestCode } from '../support/mailbox.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { PatientClient, partsOf } from '../support/patient-client.ts'
import { filesWith } from '../support/patient-data.ts'
import { differs } from '../support/ranks.ts'
import { shareIs, shareStudies } from '../support/share-api.ts'
import type { GivenShare } from '../support/share-api.ts'

const email = 'anna.voorbeeld@patient.example'
const phone = '+31600000019'
let demo: Demo
let hospital: NetworkHospital
let api: NodeApi
let studies: string[]

beforeAll(async () => {
  demo = await startDemo({ hospitals: 2 })
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
  expect(studies.length).toBeGreaterThan(0)
})
afterAll(() => demo[Symbol.asyncDispose]())

const client = (sockets = 4, from = '127.0.0.1') =>
  new PatientClient({ url: hospital.share?.url ?? '', caFile: hospital.web.caFile, sockets, from })
const unknownLink = (kind: string) => kind + randomBytes(16).toString('base64url')
const wrongCode = () =>
  Array.from(randomBytes(10), (byte) => '23456789ABCDEFGHJKMNPQRSTVWXYZ'[byte % 30]).join('')

test('ten thousand codes in parallel open nothing, and lock the link until staff give a new code', async () => {
  const share = await shareStudies(api, { studyInstanceUids: studies })
  const { link } = partsOf(share.url)
  // From forty networks, so that it is not the bound on one of them that holds.
  const crowd = Array.from({ length: 40 }, (_, i) => client(5, `127.0.1.${i + 1}`))
  const each = crowd.map((stranger) =>
    Promise.all(Array.from({ length: 250 }, () => stranger.enter(link, wrongCode()))),
  )
  const answers = (await Promise.all(each)).flat()
  for (const one of crowd) one[Symbol.dispose]()
  const opened = answers.filter(
    ({ status, headers }) => status === 303 || headers['set-cookie'] !== undefined,
  )
  expect(opened).toHaveLength(0)
  expect((await shareIs('locked', share.id, api.as('radiologist'))).triesLeft).toBe(0)
  // Not even the right one, until staff give a new code.
  using patient = client()
  expect((await patient.enter(link, share.code ?? '')).status).not.toBe(303)
  const { code } = await api
    .as('radiologist')
    .call<{ code: string }>('POST', `/api/v1/shares/${share.id}/code`, {})
  expect((await patient.enter(link, code)).status).toBe(303)
})

test('the right code among many does not slip in beyond the fifth try', async () => {
  const share = await shareStudies(api, { studyInstanceUids: studies })
  const { link } = partsOf(share.url)
  using many = client(50, '127.0.2.1')
  for (let i = 0; i < 5; i++) await many.enter(link, wrongCode())
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, i) => many.enter(link, i % 2 === 0 ? (share.code ?? '') : wrongCode())),
  )
  expect(answers.filter(({ status }) => status === 303)).toHaveLength(0)
})

test('pages and answers of an unknown link are those of a known one, word for word', async () => {
  const share = await shareStudies(api, { studyInstanceUids: studies })
  const { link } = partsOf(share.url)
  const nobodys = unknownLink('l')
  using patient = client()
  const plain = ({ status, text, headers }: Awaited<ReturnType<PatientClient['get']>>, of: string) => {
    const { date: _date, ...others } = headers
    return { status, text: text.replaceAll(of, 'LINK'), headers: { ...others, 'content-length': '' } }
  }
  expect(plain(await patient.get(`/z/${link}`), link)).toEqual(
    plain(await patient.get(`/z/${nobodys}`), nobodys),
  )
  for (let tries = 0; tries < 12; tries++) {
    const [known, unknown] = [
      await patient.enter(link, wrongCode()),
      await patient.enter(nobodys, wrongCode()),
    ]
    expect(plain(known, link)).toEqual(plain(unknown, nobodys))
  }
})

test('how long an answer takes does not tell a known link from an unknown one', async () => {
  // Mann–Whitney U over interleaved tries, two-sided at 0.001: one run in a thousand is a false alarm.
  const shares: GivenShare[] = []
  for (let i = 0; i < 8; i++) shares.push(await shareStudies(api, { studyInstanceUids: studies.slice(0, 1) }))
  using patient = client(1)
  const times = { known: [] as number[], unknown: [] as number[] }
  const timed = async (ask: () => Promise<unknown>) => {
    const began = performance.now()
    await ask()
    return performance.now() - began
  }
  const pages = { known: [] as number[], unknown: [] as number[] }
  for (const [i, { url }] of shares.entries()) {
    const { link } = partsOf(url)
    const nobodys = unknownLink('l')
    for (let tries = 0; tries < 5; tries++) {
      const both = [
        ['known', link],
        ['unknown', nobodys],
      ] as const
      for (const [kind, asked] of (i + tries) % 2 === 0 ? both : both.toReversed()) {
        pages[kind].push(await timed(() => patient.get(`/z/${asked}`)))
        times[kind].push(await timed(() => patient.enter(asked, wrongCode())))
      }
    }
  }
  const tries = differs(times.known, times.unknown)
  const gets = differs(pages.known, pages.unknown)
  console.log(
    `wrong codes: known ${tries.medians[0].toFixed(1)} ms, unknown ${tries.medians[1].toFixed(1)} ms, p = ${tries.p.toFixed(3)}; pages: ${gets.medians[0].toFixed(1)} and ${gets.medians[1].toFixed(1)} ms, p = ${gets.p.toFixed(3)}; n = ${times.known.length} each`,
  )
  expect(tries.p).toBeGreaterThan(0.001)
  expect(gets.p).toBeGreaterThan(0.001)
})

test('what the mail scanner follows uses nothing up', async () => {
  const share = await shareStudies(api, { studyInstanceUids: studies })
  const { link } = partsOf(share.url)
  using scanner = client()
  for (let i = 0; i < 20; i++) expect((await scanner.get(`/z/${link}`)).status).toBe(200)
  for (const path of ['open', 'package', 'zip', 'seen', 'picture/1', 'study/0/0/0'])
    expect((await scanner.get(`/z/${link}/${path}`)).status).not.toBe(200)
  using patient = client()
  expect((await patient.enter(link, share.code ?? '')).status).toBe(303)
})

test('a share that is revoked is over at once, for who is looking too, and its package is gone', async () => {
  const share = await shareStudies(api, { studyInstanceUids: studies })
  const { link, key } = partsOf(share.url)
  using patient = client()
  await patient.enter(link, share.code ?? '')
  await patient.package(link, key)
  await api.as('radiologist').call('POST', `/api/v1/shares/${share.id}/revocation`, {})
  expect((await patient.get(`/z/${link}/package?for=view`)).status).not.toBe(200)
  expect(await readdir(join(hospital.dataDir, 'shares'))).not.toContain(`${share.id}.package`)
})

test('no log, audit entry, mail header or file holds a key, link, code, address or number', async () => {
  const { id } = await shareStudies(api, { studyInstanceUids: studies })
  const mailed = await shareStudies(api, {
    studyInstanceUids: studies,
    recipient: { kind: 'patient', email },
    secondFactor: { kind: 'sms', phone },
  })
  const { link, fragment, key } = partsOf(mailed.url)
  using patient = client()
  await patient.post(`/z/${link}/code`)
  const code = await newestCode(hospital.share?.smsDir ?? '')
  expect((await patient.enter(link, '000000' === code ? '111111' : '000000')).status).toBe(422)
  expect((await patient.enter(link, code)).status).toBe(303)
  await patient.package(link, key)
  await patient.post(`/z/${link}/key`, { link: mailed.url })
  await patient.get(`/z/${link}/zip`)
  await until(async () => (await shareIs('open', mailed.id, api.as('radiologist'))).mail === 'sent', {
    timeoutMs: 20_000,
    what: 'mail is sent',
  })
  const secrets = [fragment, key.toString(), Buffer.from(key).toString('hex'), link, email, phone, code]
  // Digits alone stand in times and sizes too.
  const apart = secrets.filter((secret) => secret !== code)
  expect(await filesWith(join(demo.dir, 'logs'), apart)).toEqual([])
  expect(await filesWith(hospital.dataDir, apart)).toEqual([])
  const events = await api.as('auditor').call<{ events: object[] }>('GET', '/api/v1/audit-events')
  const entries = JSON.stringify(events)
  expect(apart.filter((secret) => entries.includes(secret))).toEqual([])
  expect(entries).toContain('share-opened')
  expect(id).not.toBe('')
})

test('who has the whole disk of the node, its keys included, opens no package', async () => {
  const share = await shareStudies(api, { studyInstanceUids: studies })
  const { key } = partsOf(share.url)
  const file = await readFile(join(hospital.dataDir, 'shares', `${share.id}.package`))
  const source = {
    size: file.length,
    read: async (offset: number, length: number) => file.subarray(offset, offset + length),
  }
  const tried: string[] = []
  for (const candidate of await keysOn(dirname(hospital.configFile))) {
    const reader = new PackageReader({ key: candidate }, { source })
    const opened = await reader.manifest().then(
      () => true,
      () => false,
    )
    tried.push(opened ? 'opened' : 'closed')
  }
  expect(tried.length).toBeGreaterThan(100)
  expect(tried).not.toContain('opened')
  // The same file opens with the fragment: the trial tells something.
  const manifest = await new PackageReader({ key }, { source }).manifest()
  expect(manifest.studies.length).toBeGreaterThan(0)
  expect(file.includes('DICM')).toBe(false)
})

/** Every 32 bytes that a file on the disk could mean as a key: small files whole, at each offset; texts as base64 and hexadecimal. */
async function keysOn(folder: string): Promise<Uint8Array[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const keys: Uint8Array[] = []
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0))
    if (bytes.length >= 32 && bytes.length <= 256)
      for (let at = 0; at + 32 <= bytes.length; at++) keys.push(bytes.subarray(at, at + 32))
    for (const [text] of bytes
      .toString('latin1')
      .slice(0, 1_000_000)
      .matchAll(/[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g))
      keys.push(Buffer.from(text, 'base64url'))
    for (const [text] of bytes
      .toString('latin1')
      .slice(0, 1_000_000)
      .matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g))
      keys.push(Buffer.from(text, 'hex'))
  }
  return keys
}
