import { part10Header } from '@twiin/dicom'
import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance } from '@twiin/dicom/testing'
import { TwiinError } from '@twiin/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { storeFile } from '../testing/store-file.ts'
import { TestHospital, patient, radiologist } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { TestPackages, digestsOf, orderOf, picturesIn } from '../testing/test-packages.ts'

let network: TestNetwork
let a: TestHospital
let packages: TestPackages
beforeEach(async () => {
  network = await TestNetwork.open()
  a = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
  packages = await TestPackages.of(a)
})
afterEach(async () => {
  await packages[Symbol.asyncDispose]()
  await a[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
})

const isJpeg = (bytes: Buffer) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))
const ct = {
  ...{ kind: 'CT' as const, patient, studyDate: '2026-01-05', description: 'CT thorax', institution: 'A' },
  ...{ seed: '90000001/1', size: 16 },
}

describe('a package', () => {
  it('holds the data sets byte for byte under a DICOMDIR that names them all, and pictures of two sizes', async () => {
    const study = await a.receive({ instances: 4, size: 300 })
    const { manifest, onDisc, entry, result } = await packages.make(orderOf([study.studyInstanceUid]))
    const disc = await onDisc()
    expect(disc.digests).toEqual(digestsOf(study.instances))
    expect(disc.counts).toMatchObject({ dicom: 4, listed: 4 })
    expect(disc.problems).toEqual([])
    expect(manifest).toMatchObject({ hospital: 'A', patient: 'Anna Jansen', downloads: true, language: 'nl' })
    const words = { nl: 'CT-scan van de borst', en: 'CT scan of the chest' }
    expect(manifest.studies).toMatchObject([
      { date: '2026-01-05', hospital: 'A', words, series: [{ words }] },
    ])
    const pictures = picturesIn(manifest)
    expect(pictures).toHaveLength(4)
    for (const { small, large, width, height } of pictures) {
      expect([width, height]).toEqual([300, 300])
      expect(isJpeg(await entry(small)) && isJpeg(await entry(large))).toBe(true)
      expect(manifest.entries[small - 1]).not.toHaveProperty('name')
      expect(manifest.entries[large - 1]?.name).toMatch(/^PICTURES\/ST000001\/SE000001\/IM00000\d\.JPG$/)
    }
    expect(manifest.entries.find(({ kind }) => kind === 'dicom')?.name).toBe('DICOMDIR')
    expect(result).toMatchObject({ pictures: 4, lost: 0, reports: 0, youngestReport: '' })
  })

  it('shows large pictures smaller, in proportion, and small ones as they are', async () => {
    const large = await a.receive({ kind: 'CR', size: 1500, instances: 1 })
    const small = await a.receive({ seed: 'small', instances: 1, size: 16 })
    const uids = [large.studyInstanceUid, small.studyInstanceUid]
    const { manifest } = await packages.make(orderOf(uids, { downloads: false }))
    expect(picturesIn(manifest).map(({ width, height }) => [width, height])).toEqual([
      [1024, 1024],
      [16, 16],
    ])
  })

  it('lists its studies newest first and one without a date last, in whatever order they were chosen', async () => {
    const dates = ['', '2018-03-02', '2024-05-14', '2021-01-20']
    const studies = []
    for (const studyDate of dates)
      studies.push(await a.receive({ seed: studyDate, studyDate, instances: 1, size: 16 }))
    const uids = studies.map(({ studyInstanceUid }) => studyInstanceUid)
    const { manifest } = await packages.make(orderOf(uids, { downloads: false }))
    expect(manifest.studies.map(({ date }) => date)).toEqual(['2024-05-14', '2021-01-20', '2018-03-02', ''])
  })

  it('without downloads has pictures and reports only, and no entry with a name', async () => {
    const { studyInstanceUid } = await a.receive({ instances: 2 })
    const { manifest } = await packages.make(orderOf([studyInstanceUid], { downloads: false }))
    expect(new Set(manifest.entries.map(({ kind }) => kind))).toEqual(new Set(['picture']))
    expect(manifest.entries.every(({ name }) => name === undefined)).toBe(true)
  })

  it('shows every frame of pictures that move, in colour', async () => {
    const { studyInstanceUid, instances } = await a.receive({ kind: 'US', size: 64, instances: 1 })
    const { manifest, onDisc } = await packages.make(orderOf([studyInstanceUid]))
    expect(picturesIn(manifest)).toHaveLength(5)
    expect((await onDisc()).digests).toEqual(digestsOf(instances))
  })

  it('shows compressed pictures, leaves out those that cannot be read, and holds both as they are', async () => {
    const [good, bad] = sampleStudy({ ...ct, instances: 2 })
    if (good === undefined || bad === undefined) throw new Error('no images')
    const files = [compressed(good, rle), compressed(bad, () => Buffer.from('no frame at all'))]
    for (const file of files) expect(await storeFile(a, file.bytes)).toMatchObject({ status: 0 })
    const { manifest, onDisc, result } = await packages.make(orderOf([good.studyInstanceUid]))
    expect(picturesIn(manifest)).toHaveLength(1)
    expect(result).toMatchObject({ pictures: 1, lost: 1 })
    expect((await onDisc()).digests).toEqual(digestsOf(files))
  })

  it('of a study with only a report is its text and its PDF', async () => {
    const { studyInstanceUid } = await a.receive({ kind: 'SR', instances: 1 })
    await a.receive({ kind: 'PDF', instances: 1 })
    const { manifest, entry, result } = await packages.make(orderOf([studyInstanceUid]))
    const [study] = manifest.studies
    expect(study).toMatchObject({ series: [], words: { nl: 'Verslag', en: 'Report' } })
    const reports = study?.reports ?? []
    expect(reports).toHaveLength(2)
    for (const { pdf } of reports) expect((await entry(pdf)).subarray(0, 5).toString()).toBe('%PDF-')
    const texts = await Promise.all(reports.filter(({ text }) => text > 0).map(({ text }) => entry(text)))
    expect(texts.map(String).join()).toMatch(/[a-z]{4}/)
    expect(result).toMatchObject({ reports: 2, youngestReport: '2026-01-05' })
  })

  it('without reports has none, not among the DICOM files either', async () => {
    const { studyInstanceUid, instances } = await a.receive({ instances: 1 })
    await a.receive({ kind: 'SR', instances: 1 })
    const order = orderOf([studyInstanceUid], { reports: 'none' })
    expect((await packages.packages.choose(order, radiologist)).studies).toMatchObject([
      { reports: 0, youngestReport: '', instances: 1 },
    ])
    const { manifest, onDisc } = await packages.make(order)
    expect(manifest.studies[0]?.reports).toEqual([])
    expect((await onDisc()).digests).toEqual(digestsOf(instances))
  })

  it('with nothing to show is none', async () => {
    const [image] = sampleStudy({ ...ct, instances: 1 })
    if (image === undefined) throw new Error('no image')
    await storeFile(a, compressed(image, () => Buffer.from('no frame at all')).bytes)
    await expect(packages.make(orderOf([image.studyInstanceUid]))).rejects.toThrow('NOTHING_TO_SHARE')
    expect(await packages.left()).toEqual([])
  })

  it('that is given up while it is made leaves nothing', async () => {
    const { studyInstanceUid } = await a.receive({ instances: 5 })
    const stop = new AbortController()
    const making = packages.make(orderOf([studyInstanceUid]), {
      signal: stop.signal,
      onProgress: ({ done }) => done === 2 && stop.abort(new TwiinError('SHARE_OVER')),
    })
    await expect(making).rejects.toThrow('SHARE_OVER')
    expect(await packages.left()).toEqual([])
  })
})

describe('what is shared together', () => {
  const of = (change: object) => ({ ...patient, ...change })
  const uidOf = async (seed: string, change: object) =>
    (await a.receive({ seed, instances: 1, patient: of(change) })).studyInstanceUid
  const choose = (uids: string[]) => packages.packages.choose(orderOf(uids), radiologist)

  it('is one person’s: by citizen number under two numbers, or by number with and without one', async () => {
    const uids = [
      await uidOf('1', {}),
      await uidOf('2', { id: '4712' }),
      await uidOf('3', { id: '4712', bsn: undefined }),
    ]
    expect(await choose(uids)).toMatchObject({ name: 'Anna Jansen', bsn: patient.bsn })
  })

  it.each([
    ['another citizen number', { id: '1', bsn: '999991772' }],
    ['another birth date', { id: '1', birthDate: '1961-02-03' }],
    ['nothing that ties them', { id: '1', bsn: undefined }],
  ])('is refused with %s', async (_what, change) => {
    const uids = [await uidOf('1', {}), await uidOf('2', change)]
    await expect(choose(uids)).rejects.toThrow('IDENTITY_MISMATCH')
    expect((await choose(uids.slice(0, 1))).studies).toHaveLength(1)
  })

  it('is known here', async () => {
    await expect(choose(['1.2.3'])).rejects.toThrow('STUDY_UNKNOWN')
  })
})

/** The same image with its one frame in RLE Lossless (PS3.5 annex G), or what is said to be that. */
function compressed(image: SampleInstance, frameOf: (pixels: Buffer) => Buffer) {
  const dataSet = image.bytes.subarray(image.dataSetOffset)
  const at = dataSet.lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00]))
  const frame = frameOf(dataSet.subarray(at + 12))
  const even = Buffer.concat([frame, Buffer.alloc(frame.length % 2)])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(even.length)
  const [element, offsets, item, end] = [
    'e07f10004f420000ffffffff',
    'feff00e000000000',
    'feff00e0',
    'feffdde000000000',
  ].map((hex) => Buffer.from(hex, 'hex'))
  const { sopClassUid, sopInstanceUid, studyInstanceUid } = image
  const header = part10Header({ sopClassUid, sopInstanceUid, transferSyntaxUid: '1.2.840.10008.1.2.5' })
  const parts = [header, dataSet.subarray(0, at), element, offsets, item, length, even, end]
  const bytes = Buffer.concat(parts.filter((part) => part !== undefined))
  return { bytes, sopInstanceUid, studyInstanceUid, dataSetOffset: header.length }
}

/** Sixteen bits: the higher bytes, then the lower ones, each in literal runs. */
function rle(pixels: Buffer): Buffer {
  const segments = [1, 0].map((place) => {
    const plane = Buffer.from(pixels.filter((_, i) => i % 2 === place))
    const runs: Buffer[] = []
    for (let at = 0; at < plane.length; at += 128) {
      const run = plane.subarray(at, at + 128)
      runs.push(Buffer.from([run.length - 1]), run)
    }
    const segment = Buffer.concat(runs)
    return Buffer.concat([segment, Buffer.alloc(segment.length % 2)])
  })
  const header = Buffer.alloc(64)
  header.writeUInt32LE(2, 0)
  header.writeUInt32LE(64, 4)
  header.writeUInt32LE(64 + (segments[0]?.length ?? 0), 8)
  return Buffer.concat([header, ...segments])
}
