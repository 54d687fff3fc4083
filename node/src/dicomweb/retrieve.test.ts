import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { part10Header, readPart10Meta, transferSyntax } from '@twiin/dicom'
import { pydicomFiles } from '@twiin/dicom/testing'
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
})
