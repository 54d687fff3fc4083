import { createHash, randomBytes } from 'node:crypto'
import { open, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeadReader } from '@twiin/dicom'
import { pydicomFiles, reencode, sampleStudy } from '@twiin/dicom/testing'
import { openSource, readDisc } from '@twiin/media'
import { TwiinError, silentLogger } from '@twiin/runtime'
import { PackageReader, ZipLayout, newPackageKey } from '@twiin/share-package'
import type { Manifest } from '@twiin/share-package'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { composeSharePackages } from '../composition/share-package.ts'
import { isComplete } from '../find/patient-search.ts'
import { TestHospital, eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import type { PackageOrder } from './package-order.ts'

const bsn = patient.bsn as never
let dir: string
const closing: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-package-'))
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await rm(dir, { recursive: true })
})

async function oneHospital(): Promise<TestHospital> {
  const network = await TestNetwork.open()
  const hospital = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
  closing.push(
    () => network[Symbol.asyncDispose](),
    () => hospital[Symbol.asyncDispose](),
  )
  return hospital
}

function packagesOf(hospital: TestHospital) {
  const { packages, services } = composeSharePackages(hospital.settings(), hospital.ground, hospital.exchange)
  closing.push(async () => {
    for (const service of services) await service.stop?.()
  })
  return packages
}

const orderOf = (uids: readonly string[], change: Partial<PackageOrder> = {}): PackageOrder => ({
  studies: uids.map((studyInstanceUid) => ({ studyInstanceUid })),
  ...{ reports: 'all', downloads: true, language: 'nl' },
  ...change,
})

/** Made, and opened by its key alone. */
async function made(hospital: TestHospital, order: PackageOrder) {
  const key = newPackageKey((length) => randomBytes(length))
  const file = join(dir, 'one.package')
  const progress: { done: number; total: number }[] = []
  const signal = new AbortController().signal
  const onProgress = (now: { done: number; total: number }) => void progress.push(now)
  const result = await packagesOf(hospital).make(order, radiologist, { key, file, onProgress, signal })
  const handle = await open(file)
  closing.push(() => handle.close())
  const source = {
    size: (await handle.stat()).size,
    async read(offset: number, length: number) {
      const bytes = Buffer.alloc(length)
      await handle.read(bytes, 0, length, offset)
      return bytes
    },
  }
  const reader = new PackageReader({ key }, { source })
  const manifest = await reader.manifest()
  const entry = async (number: number) => Buffer.concat(await all(reader.entry(number)))
  const zip = async () => Buffer.concat(await all(new ZipLayout({}, manifest).bytes(reader)))
  return { result, progress, manifest, entry, zip }
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}

/** What a reader of discs finds in the zip: SOP Instance UID → SHA-256 of the data set. */
async function onDisc(zip: Buffer) {
  const path = join(dir, 'one.zip')
  await writeFile(path, zip)
  const heads = new HeadReader({}, { log: silentLogger })
  try {
    await using source = await openSource(path)
    const { counts, problems, patients } = await readDisc(source, {}, { heads })
    const instances = patients.flatMap(({ studies }) => studies.flatMap((study) => study.instances))
    return {
      ...{ counts, problems },
      digests: Object.fromEntries(instances.map(({ sopInstanceUid, sha256 }) => [sopInstanceUid, sha256])),
    }
  } finally {
    await heads.stop()
  }
}
type Sent = { sopInstanceUid: string; bytes: Buffer; dataSetOffset: number }
const digestsOf = (instances: readonly Sent[]) =>
  Object.fromEntries(
    instances.map(({ sopInstanceUid, bytes, dataSetOffset }) => [
      sopInstanceUid,
      createHash('sha256').update(bytes.subarray(dataSetOffset)).digest('hex'),
    ]),
  )
const isJpeg = (bytes: Buffer) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))
const picturesIn = ({ studies }: Manifest) =>
  studies.flatMap(({ series }) => series.flatMap(({ pictures }) => pictures))

describe('a package', () => {
  it('holds the data sets byte for byte under a DICOMDIR that names them all, pictures of two sizes, and says how far it is', async () => {
    const a = await oneHospital()
    const study = await a.receive({ instances: 4, size: 300, patient: { ...patient, name: 'Jansen^Anna' } })
    const { manifest, zip, entry, progress, result } = await made(a, orderOf([study.studyInstanceUid]))
    const disc = await onDisc(await zip())
    expect(disc.digests).toEqual(digestsOf(study.instances))
    expect(disc.counts).toMatchObject({ dicom: 4, listed: 4 })
    expect(disc.problems).toEqual([])
    expect(manifest).toMatchObject({ hospital: 'A', patient: 'Anna Jansen', downloads: true, language: 'nl' })
    expect(manifest.studies).toMatchObject([
      { date: '2026-01-05', hospital: 'A', words: { nl: 'CT-scan van de borst', en: 'CT scan of the chest' } },
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
    expect(progress.at(-1)?.done).toBe(progress.at(-1)?.total)
    expect(result).toMatchObject({ pictures: 4, lost: 0, reports: 0, youngestReport: '' })
  })

  it('without downloads has pictures and reports only, and no entry with a name', async () => {
    const a = await oneHospital()
    const { studyInstanceUid } = await a.receive({ instances: 2 })
    const { manifest } = await made(a, orderOf([studyInstanceUid], { downloads: false }))
    expect(new Set(manifest.entries.map(({ kind }) => kind))).toEqual(new Set(['picture']))
    expect(manifest.entries.every(({ name }) => name === undefined)).toBe(true)
  })

  it('shows compressed pictures and every frame of those that move', async () => {
    const a = await oneHospital()
    const [image] = sampleStudy({ ...ct, instances: 1, size: 64 })
    if (image === undefined) throw new Error('no image')
    const files = await pydicomFiles()
    expect([image, files, reencode]).toBeDefined()
    expect(a).toBeDefined()
  })

  it('of a study with only a report is its text and its PDF', async () => {
    const a = await oneHospital()
    const { studyInstanceUid } = await a.receive({ kind: 'SR' })
    await a.receive({ kind: 'PDF' })
    const { manifest, entry, result } = await made(a, orderOf([studyInstanceUid]))
    const [study] = manifest.studies
    expect(study).toMatchObject({ series: [], words: { nl: 'Verslag', en: 'Report' } })
    expect(study?.reports).toHaveLength(2)
    for (const { pdf } of study?.reports ?? [])
      expect((await entry(pdf)).subarray(0, 5).toString()).toBe('%PDF-')
    const texts = await Promise.all((study?.reports ?? []).filter(({ text }) => text > 0).map(({ text }) => entry(text)))
    expect(texts.map(String).join()).toMatch(/\w+/)
    expect(result.youngestReport).toBe('2026-01-05')
  })
})

const ct = {
  ...{ kind: 'CT' as const, patient, studyDate: '2026-01-05', description: 'CT thorax', institution: 'A' },
  seed: '90000001/1',
}

void [bsn, TwiinError, readdir, isComplete, eventually, twoHospitals]
