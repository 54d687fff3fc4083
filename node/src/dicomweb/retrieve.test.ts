import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { part10Header, readPart10Meta, transferSyntax } from '@twiin/dicom'
import { pydicomFiles, reencode } from '@twiin/dicom/testing'
import type { SampleInstance } from '@twiin/dicom/testing'
import { storeFile } from '../testing/store-file.ts'
import type { StoredFile } from '../testing/store-file.ts'
import { twoHospitals } from '../testing/test-hospital.ts'
import { readParts } from '../testing/read-parts.ts'
import { TestWeb } from '../testing/test-web.ts'

let net: Awaited<ReturnType<typeof twoHospitals>>
let web: TestWeb
const stored: (StoredFile & { name: string; study: string; series: string })[] = []
let ct: Awaited<ReturnType<typeof net.a.receive>>

beforeAll(async () => {
  net = await twoHospitals()
  for (const { name, bytes } of pydicomFiles('test_files')) {
    try {
      readPart10Meta(bytes)
    } catch {
      continue
    }
    // Many of these files are one instance in several forms: here each is its own.
    const file = await storeFile(net.a, withOwnUid(bytes, stored.length))
    if (file.status !== 0) continue
    const { holdings } = net.a.ground
    const record = await holdings.instanceByUid(file.sopInstanceUid)
    const study = await holdings.studyByHandle(record?.study ?? '')
    if (record === undefined || study === undefined) throw new Error('not stored')
    stored.push({ ...file, name, study: study.studyInstanceUid, series: record.seriesInstanceUid })
  }
  ct = await net.a.receive()
  web = await TestWeb.start(net.a)
}, 60_000)
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  await net[Symbol.asyncDispose]()
})

/** The same file under another UID of the same length. */
function withOwnUid(file: Buffer, number: number): Buffer {
  const { sopInstanceUid, transferSyntaxUid } = readPart10Meta(file)
  if (transferSyntaxUid === transferSyntax.deflatedExplicitLittleEndian) return file
  const own = `${sopInstanceUid.slice(0, -3)}${100 + number}`
  return Buffer.from(file.toString('latin1').replaceAll(sopInstanceUid, own), 'latin1')
}

const inSyntax = (transferSyntaxUid: string) => (instance: SampleInstance) => ({
  ...instance,
  ...{ transferSyntaxUid, dataSetOffset: 0 },
  bytes: reencode(instance.bytes.subarray(instance.dataSetOffset), transferSyntaxUid),
})
const pathOf = ({ study, series, sopInstanceUid }: (typeof stored)[number]) =>
  `/dicom-web/studies/${study}/series/${series}/instances/${sopInstanceUid}`
const ctPath = () => {
  const [first] = ct.instances
  if (first === undefined) throw new Error('no instance')
  return `/dicom-web/studies/${ct.studyInstanceUid}/series/${first.seriesInstanceUid}/instances/${first.sopInstanceUid}`
}
/** What is deflated comes over DIMSE with a byte of padding when it is odd. */
const isFile = (bytes: Buffer, { dataSet, ...meta }: StoredFile) =>
  bytes.subarray(0, bytes.length - (dataSet.length % 2)).equals(Buffer.concat([part10Header(meta), dataSet]))

describe('WADO-RS of what is held here', () => {
  it('gives every instance as it was stored, alone and in parts', async () => {
    expect(stored.length).toBeGreaterThan(pydicomFiles('test_files').length === 0 ? -1 : 40)
    for (const file of stored) {
      const alone = await web.call(pathOf(file), { headers: { accept: 'application/dicom' } })
      expect([file.name, alone.status, alone.headers['content-type']]).toEqual([
        file.name,
        200,
        `application/dicom; transfer-syntax=${file.transferSyntaxUid}`,
      ])
      expect(isFile(alone.body, file), file.name).toBe(true)
      const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
      const [part, ...none] = readParts(await web.call(pathOf(file), { headers: { accept } }))
      expect(none).toEqual([])
      expect(part !== undefined && isFile(part.body, file), file.name).toBe(true)
    }
  })

  it('gives a study and a series in parts, each instance once', async () => {
    const study = await web.call(`/dicom-web/studies/${ct.studyInstanceUid}`)
    const series = await web.call(ctPath().split('/instances')[0] ?? '')
    for (const answer of [study, series]) {
      expect(answer.headers['content-type']).toMatch(
        /^multipart\/related; type="application\/dicom"; boundary=/,
      )
      expect(readParts(answer).map(({ body }) => body)).toEqual(
        ct.instances.map((instance) =>
          Buffer.concat([part10Header(instance), instance.bytes.subarray(instance.dataSetOffset)]),
        ),
      )
    }
  })

  it('gives a study and a series only when all of it is in a transfer syntax that was asked for', async () => {
    const { explicitLittleEndian: explicit, implicitLittleEndian: implicit } = transferSyntax
    const patient = {
      id: '4799',
      name: 'Pietersen^Bea',
      bsn: '999990408',
      birthDate: '1970-01-02',
      sex: 'F',
    } as const
    const images = await net.a.receive({
      patient,
      studyDate: '2025-12-01',
      seed: 'two syntaxes',
      instances: 2,
    })
    const { studyInstanceUid } = images
    const report = await net.a.receive(
      {
        patient,
        kind: 'SR',
        studyDate: '2025-12-01',
        instances: 1,
        seed: 'in another syntax',
        studyInstanceUid,
      },
      { change: inSyntax(implicit) },
    )
    expect([...images.statuses, ...report.statuses]).toEqual([0, 0, 0])
    const study = `/dicom-web/studies/${studyInstanceUid}`
    const series = `${study}/series/${images.instances[0]?.seriesInstanceUid}`
    const jpeg = '1.2.840.10008.1.2.4.50'
    for (const [path, asked, expected] of [
      [study, [jpeg], 406],
      [series, [jpeg], 406],
      [study, [explicit], 406],
      [study, [explicit, implicit], 3],
      [study, [jpeg, '*'], 3],
      [series, [jpeg, explicit], 2],
    ] as const) {
      const accept = asked
        .map((uid) => `multipart/related; type="application/dicom"; transfer-syntax=${uid}`)
        .join(', ')
      const answer = await web.call(path, { headers: { accept } })
      const got = answer.status === 200 ? readParts(answer).length : answer.status
      expect([path, asked, got]).toEqual([path, asked, expected])
    }
    const nowhere = {
      headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=1.2' },
    }
    expect((await web.call(`${study}/series/1.2.3`, nowhere)).status).toBe(404)
  })

  it('says with the metadata how an instance is stored, which its data set cannot', async () => {
    for (const file of stored.slice(0, 20)) {
      const [described] = (await web.call(`${pathOf(file)}/metadata`)).json() as Record<
        string,
        { vr: string; Value?: unknown[] }
      >[]
      expect(described?.['00083002']).toEqual({ vr: 'UI', Value: [file.transferSyntaxUid] })
      const tags = Object.keys(described ?? {}).filter((tag) => tag.startsWith('0'))
      expect(tags).toEqual([...tags].sort())
    }
  })

  it('gives every frame of every transfer syntax, byte for byte what the file has', async () => {
    const seen = new Set<string>()
    for (const file of stored) {
      const [described] = (await web.call(`${pathOf(file)}/metadata`)).json() as Record<
        string,
        { Value?: unknown[] }
      >[]
      const count = Number(described?.['00280008']?.Value?.[0] ?? 1)
      const wanted = Array.from({ length: Math.min(count, 5) }, (_, i) => i + 1).join(',')
      const accept = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
      const answer = await web.call(`${pathOf(file)}/frames/${wanted}`, { headers: { accept } })
      if (described?.['7FE00010'] === undefined) {
        expect([404, 422]).toContain(answer.status)
        continue
      }
      if (answer.status !== 200) {
        // Made so: no pixels, or frames that nobody can tell apart.
        expect([file.name, answer.status]).toEqual([
          expect.stringMatching(/no_?pixel|no_meta|bad|meta_missing|mismatch|empty|truncated|PI_/i),
          answer.status,
        ])
        continue
      }
      const parts = readParts(answer)
      expect(parts.length).toBe(Math.min(count, 5))
      for (const { body } of parts) {
        const isTurned = file.transferSyntaxUid === transferSyntax.explicitBigEndian
        const isInflated = file.transferSyntaxUid === transferSyntax.deflatedExplicitLittleEndian
        if (!isTurned && !isInflated && described['00280100']?.Value?.[0] !== 1)
          expect(
            file.dataSet.includes(body.length > 200_000 ? body.subarray(0, 200_000) : body),
            file.name,
          ).toBe(true)
      }
      seen.add(file.transferSyntaxUid)
    }
    if (stored.length > 0) expect(seen.size).toBeGreaterThan(10)
  })

  it('makes a picture of every image it can decode, and says so of the others', async () => {
    const made = new Map<string, number>()
    for (const [i, file] of stored.entries()) {
      // Two of each transfer syntax.
      if ((made.get(file.transferSyntaxUid) ?? 0) >= 2) continue
      const type = i % 2 === 0 ? 'image/jpeg' : 'image/png'
      const answer = await web.call(`${pathOf(file)}/thumbnail`, { headers: { accept: type } })
      if (answer.status === 200) {
        expect(answer.headers['content-type']).toBe(type)
        const magic = type === 'image/png' ? '89504e47' : 'ffd8ff'
        expect(answer.body.toString('hex').startsWith(magic), file.name).toBe(true)
        made.set(file.transferSyntaxUid, (made.get(file.transferSyntaxUid) ?? 0) + 1)
      } else expect([404, 406, 422], file.name).toContain(answer.status)
    }
    if (stored.length > 0) expect(made.size).toBeGreaterThan(8)
  })

  it('shows the window and the size that were asked for', async () => {
    const png = { headers: { accept: 'image/png' } }
    const shown = await web.call(`${ctPath()}/rendered?window=40,400&viewport=64,64`, png)
    expect([shown.body.readUInt32BE(16), shown.body.readUInt32BE(20)]).toEqual([64, 64])
    const other = await web.call(`${ctPath()}/rendered?window=4000,10&viewport=64,64`, png)
    expect(other.body.equals(shown.body)).toBe(false)
    for (const bad of [
      'viewport=0,5',
      'viewport=99999,99999',
      'window=1',
      'window=1,-5',
      'quality=1000',
      'viewport=a,b',
    ])
      expect([bad, (await web.call(`${ctPath()}/rendered?${bad}`, png)).status]).toEqual([bad, 400])
  })

  it.each([
    ['0', 404],
    ['-1', 404],
    ['2', 404],
    ['1,2', 404],
    ['99999999999', 404],
    ['1;2', 404],
    ['1/rendered/x', 404],
    [Array.from({ length: 2000 }, () => '1').join(','), 400],
  ])('answers frames that are not there with a problem: %#', async (list, status) => {
    const answer = await web.call(`${ctPath()}/frames/${list}`)
    expect([answer.status, answer.headers['content-type']]).toEqual([
      status,
      expect.stringContaining('problem'),
    ])
  })

  it('answers what it cannot give in the form asked for with 406, however long the wish', async () => {
    for (const accept of [
      'text/html',
      'image/jpeg',
      'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50',
      'x',
      `${'a/b,'.repeat(1500)}*/*`,
    ])
      expect([accept.slice(0, 20), (await web.call(ctPath(), { headers: { accept } })).status]).toEqual([
        accept.slice(0, 20),
        406,
      ])
    expect(
      (await web.call(`${ctPath()}/metadata`, { headers: { accept: 'application/dicom+xml' } })).status,
    ).toBe(406)
    expect((await web.call(`${ctPath()}/frames/1`, { headers: { accept: 'image/jp2' } })).status).toBe(406)
  })

  it('gives ranges of a single body, and refuses those past its end', async () => {
    const accept = 'application/dicom'
    const whole = await web.call(ctPath(), { headers: { accept } })
    const size = whole.body.length
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      ['bytes=100-900', 100, 901],
      [`bytes=${size - 10}-`, size - 10, size],
      ['bytes=-5', size - 5, size],
      [`bytes=5-${size + 1000}`, 5, size],
    ] as const) {
      const part = await web.call(ctPath(), { headers: { accept, range } })
      expect([range, part.status, part.headers['content-range']]).toEqual([
        range,
        206,
        `bytes ${from}-${to - 1}/${size}`,
      ])
      expect(part.body.equals(whole.body.subarray(from, to))).toBe(true)
    }
    const past = await web.call(ctPath(), { headers: { accept, range: `bytes=${size}-` } })
    expect([past.status, past.headers['content-range']]).toEqual([416, `bytes */${size}`])
    for (const range of ['bytes=9-3', 'lines=1-2', 'bytes=1-2,4-5', 'bytes=x-'])
      expect([range, (await web.call(ctPath(), { headers: { accept, range } })).status]).toEqual([range, 200])
    const etag = String(whole.headers.etag)
    expect((await web.call(ctPath(), { headers: { accept, 'if-none-match': etag } })).status).toBe(304)
    expect(whole.headers['cache-control']).toBe('private, no-cache')
  })

  it('takes no BSN in an address, and asks who comes', async () => {
    for (const query of [
      'PatientID=999990019&IssuerOfPatientID=NLMINBIZA',
      'IssuerOfPatientID=nlminbiza',
      '00100020=999990019&00100021=NLMINBIZA',
      'OtherPatientIDs=999990019',
      'PatientID=999990019%5E%5E%5ENLMINBIZA',
      'IssuerOfPatientIDQualifiersSequence.UniversalEntityID=2.16.840.1.113883.2.4.6.3',
    ]) {
      const answer = await web.call(`/dicom-web/studies?${query}`)
      expect([query, answer.status, (answer.json() as { code: string }).code]).toEqual([
        query,
        400,
        'BSN_IN_URL',
      ])
    }
    expect((await web.call('/dicom-web/studies', { as: 'auditor' })).status).toBe(403)
    expect((await web.call(ctPath(), { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
    expect((await web.call('/dicom-web/nothing', { headers: { accept: 'text/html' } })).status).toBe(404)
  })

  it('finds by what QIDO-RS can match, and says what it did not do', async () => {
    const find = async (query: string) => {
      const answer = await web.call(`/dicom-web/studies?${query}`)
      return { ...answer, list: answer.json() as Record<string, { Value?: unknown[] }>[] }
    }
    const uid = ct.studyInstanceUid
    const matching = [
      'PatientName=jans*',
      'StudyDate=20260101-20260110',
      'PatientID=4711',
      `StudyInstanceUID=1.2.3,${uid}`,
    ]
    for (const query of matching)
      expect([query, (await find(query)).list.map((one) => one['0020000D']?.Value?.[0])]).toEqual([
        query,
        [uid],
      ])
    expect((await find('PatientName=nobody&limit=5')).list).toEqual([])
    const vague = await find('fuzzymatching=true&limit=1&whatever=1')
    expect(vague.list).toHaveLength(1)
    expect(vague.headers['warning']).toMatch(/fuzzymatching parameter is not supported.*ignored/)
    expect((await find('limit=-1')).status).toBe(400)
  })
})
