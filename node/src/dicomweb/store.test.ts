import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { part10Header } from '@twiin/dicom'
import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance } from '@twiin/dicom/testing'
import { patient, twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'
import type { WebAnswer } from '../testing/test-web.ts'

let net: Awaited<ReturnType<typeof twoHospitals>>
let web: TestWeb
beforeAll(async () => {
  net = await twoHospitals()
  web = await TestWeb.start(net.a)
}, 60_000)
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  await net[Symbol.asyncDispose]()
})

const contentType = 'multipart/related; type="application/dicom"; boundary=grens'
const study = (seed: string, instances = 2) =>
  sampleStudy({
    ...{
      kind: 'CT' as const,
      patient,
      studyDate: '2026-01-05',
      description: 'CT',
      institution: 'A',
      size: 16,
    },
    ...{ seed, instances },
  })
const body = (files: readonly Buffer[], { end = '\r\n--grens--\r\n', type = 'application/dicom' } = {}) =>
  Buffer.concat([
    ...files.flatMap((file, i) => [
      Buffer.from(`${i === 0 ? '' : '\r\n'}--grens\r\nContent-Type: ${type}\r\n\r\n`),
      file,
    ]),
    Buffer.from(end),
  ])
const post = (
  files: readonly Buffer[],
  { path = '/dicom-web/studies', headers = {}, ...how } = {},
): Promise<WebAnswer> =>
  web.call(path, {
    ...{ method: 'POST', as: 'operator' as const, body: body(files, how) },
    headers: { 'content-type': contentType, ...headers },
  })
const filesOf = (instances: readonly SampleInstance[]) => instances.map(({ bytes }) => bytes)
type Report = Record<string, { Value?: Record<string, { Value?: unknown[] }>[] }>
const listed = (answer: WebAnswer, tag: string) =>
  (answer.json() as Report)[tag]?.Value?.map((one) => one['00081155']?.Value?.[0]) ?? []

describe('STOW-RS', () => {
  it('stores what it says it stored, as it was sent, on record with who stored it', async () => {
    const instances = study('stow')
    const answer = await post(filesOf(instances))
    expect(answer.status).toBe(200)
    expect(listed(answer, '00081199')).toEqual(instances.map(({ sopInstanceUid }) => sopInstanceUid))
    expect(listed(answer, '00081198')).toEqual([])
    const [first] = instances
    const path = `/dicom-web/studies/${first?.studyInstanceUid}/series/${first?.seriesInstanceUid}/instances/${first?.sopInstanceUid}`
    const back = await web.call(path, { headers: { accept: 'application/dicom' } })
    expect(back.body).toEqual(
      Buffer.concat([
        part10Header(first as SampleInstance),
        (first as SampleInstance).bytes.subarray(first?.dataSetOffset),
      ]),
    )
    expect((await net.a.audit('study-stored')).at(-1)).toMatchObject({
      ...{ user: { role: 'operator' }, protocol: 'STOW-RS', objects: { count: 2 } },
      patient: { citizenNumber: patient.bsn },
    })
    // Again: nothing changes, and that is a success.
    expect((await post(filesOf(instances))).status).toBe(200)
  })

  it('refuses what is of another study, is damaged or no DICOM, each with its reason, and keeps the rest', async () => {
    const [good, damaged] = study('mixed')
    const [other] = study('other', 1)
    if (good === undefined || damaged === undefined || other === undefined) throw new Error('no instances')
    const answer = await post(
      [
        good.bytes,
        damaged.bytes.subarray(0, damaged.bytes.length - 100),
        other.bytes,
        Buffer.from('no DICOM'),
      ],
      { path: `/dicom-web/studies/${good.studyInstanceUid}` },
    )
    expect(answer.status).toBe(202)
    expect(listed(answer, '00081199')).toEqual([good.sopInstanceUid])
    expect(listed(answer, '00081198')).toEqual([damaged.sopInstanceUid, other.sopInstanceUid, undefined])
    const reasons = (answer.json() as Report)['00081198']?.Value?.map((one) => one['00081197']?.Value?.[0])
    expect(reasons).toEqual([0xc000, 0xa900, 0xc000])
    expect(await net.a.ground.studies.instanceByUid(other.sopInstanceUid)).toBeUndefined()
    expect((await post([Buffer.from('no DICOM')])).status).toBe(409)
  })

  it('takes other content under a known UID as a conflict', async () => {
    const [first] = study('again', 1)
    if (first === undefined) throw new Error('no instance')
    await post([first.bytes])
    const changed = Buffer.from(first.bytes)
    changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1
    const answer = await post([changed])
    expect(answer.status).toBe(409)
    expect((answer.json() as Report)['00081198']?.Value?.[0]?.['00081197']?.Value).toEqual([0x0111])
  })

  it('is for operators only', async () => {
    const files = filesOf(study('role'))
    for (const as of ['radiologist', 'auditor'] as const) {
      const headers = { 'content-type': contentType }
      const answer = await web.call('/dicom-web/studies', { method: 'POST', as, headers, body: body(files) })
      expect(answer.status).toBe(403)
    }
  })

  it.each([
    ['without an end', contentType, { end: '' }, 400],
    ['with nothing in it', 'multipart/related; type="application/dicom"; boundary=none', {}, 400],
    ['of another type', 'multipart/related; type="application/dicom+json"; boundary=grens', {}, 415],
    ['without a boundary', 'multipart/related; type="application/dicom"', {}, 415],
    [
      'with a boundary of a thousand letters',
      `multipart/related; type="application/dicom"; boundary=${'x'.repeat(2000)}`,
      {},
      415,
    ],
  ])('answers a request %s with a problem', async (_, type, how, status) => {
    const [first] = study('odd', 1)
    const answer = await post([first?.bytes ?? Buffer.alloc(0)], {
      ...how,
      headers: { 'content-type': type },
    })
    expect([answer.status, answer.headers['content-type']]).toEqual([
      status,
      expect.stringContaining('problem+json'),
    ])
  })

  it('reads no headers without end', async () => {
    const request = Buffer.concat([Buffer.from('--grens\r\nContent-Type: '), Buffer.alloc(1 << 20, 0x61)])
    const answer = await web.call('/dicom-web/studies', {
      ...{ method: 'POST', as: 'operator' as const, body: request, headers: { 'content-type': contentType } },
    })
    expect(answer.status).toBe(400)
  })
})

describe('pages of another origin', () => {
  it('may call DICOMweb when they are configured, and nothing else', async () => {
    await using strict = await TestWeb.start(net.b, { corsOrigins: ['https://viewer.example'] })
    const preflight = (origin: string, path: string) =>
      strict.call(path, {
        method: 'OPTIONS',
        headers: { origin, authorization: '', 'access-control-request-method': 'GET' },
      })
    const asked = await preflight('https://viewer.example', '/dicom-web/studies')
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([
      204,
      'https://viewer.example',
    ])
    for (const [origin, path] of [
      ['https://viewer.example.evil', '/dicom-web/studies'],
      ['https://viewer.example', '/api/v1/studies'],
      ['null', '/dicom-web/studies'],
    ] as const)
      expect((await preflight(origin, path)).headers['access-control-allow-origin']).toBeUndefined()
    const answer = await strict.call('/dicom-web/studies', { headers: { origin: 'https://viewer.example' } })
    expect([answer.status, answer.headers['access-control-allow-origin'], answer.headers['vary']]).toEqual([
      200,
      'https://viewer.example',
      'Accept, Origin',
    ])
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
  })
})
