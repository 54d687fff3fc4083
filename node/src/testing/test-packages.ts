import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeadReader } from '@twiin/dicom'
import { openSource, readDisc } from '@twiin/media'
import { silentLogger } from '@twiin/runtime'
import { PackageReader, ZipLayout, newPackageKey } from '@twiin/share-package'
import type { Manifest } from '@twiin/share-package'
import { composeSharePackages } from '../composition/share-package.ts'
import type { PackageOrder } from '../share-package/package-order.ts'
import type { SharePackages } from '../share-package/share-packages.ts'
import { radiologist } from './test-hospital.ts'
import type { TestHospital } from './test-hospital.ts'

export const orderOf = (uids: readonly string[], change: Partial<PackageOrder> = {}): PackageOrder => ({
  studies: uids.map((studyInstanceUid) => ({ studyInstanceUid })),
  ...{ reports: 'all', downloads: true, language: 'nl' },
  ...change,
})

interface Sent {
  sopInstanceUid: string
  bytes: Buffer
  dataSetOffset: number
}
/** SOP Instance UID → SHA-256 of the data set, as it was sent. */
export const digestsOf = (instances: readonly Sent[]): Record<string, string> =>
  Object.fromEntries(
    instances.map(({ sopInstanceUid, bytes, dataSetOffset }) => [
      sopInstanceUid,
      createHash('sha256').update(bytes.subarray(dataSetOffset)).digest('hex'),
    ]),
  )

export const picturesIn = ({ studies }: Manifest) =>
  studies.flatMap(({ series }) => series.flatMap(({ pictures }) => pictures))

/** Packages of a hospital, made into a folder of their own, and read by their key alone. */
export class TestPackages implements AsyncDisposable {
  readonly packages: SharePackages
  readonly dir: string
  readonly #stop: () => Promise<void>

  private constructor(packages: SharePackages, dir: string, stop: () => Promise<void>) {
    this.packages = packages
    this.dir = dir
    this.#stop = stop
  }

  static async of(hospital: TestHospital): Promise<TestPackages> {
    const { packages, services } = composeSharePackages(
      hospital.settings(),
      hospital.ground,
      hospital.exchange,
    )
    const dir = await mkdtemp(join(tmpdir(), 'twiin-package-'))
    return new TestPackages(packages, dir, async () => {
      for (const service of services) await service.stop?.()
    })
  }

  async make(
    order: PackageOrder,
    {
      signal = new AbortController().signal,
      onProgress = (_: { done: number; total: number }) => {},
      person = radiologist,
    } = {},
  ) {
    const key = newPackageKey((length) => randomBytes(length))
    const file = join(this.dir, 'one.package')
    const brought = await this.packages.bring(order, person, signal)
    const result = await this.packages.write(brought, { key, file, onProgress, signal })
    const bytes = await readFile(file)
    const read = (offset: number, length: number) =>
      Promise.resolve(new Uint8Array(bytes.subarray(offset, offset + length)))
    const reader = new PackageReader({ key }, { source: { size: bytes.length, read } })
    const manifest = await reader.manifest()
    return {
      ...{ result, manifest },
      entry: async (number: number) => Buffer.concat(await all(reader.entry(number))),
      /** What a reader of discs finds in the zip. */
      onDisc: async () => {
        const zip = join(this.dir, 'one.zip')
        await writeFile(zip, Buffer.concat(await all(new ZipLayout({}, manifest).bytes(reader))))
        return readAsDisc(zip)
      },
    }
  }

  /** Names of what is there. */
  left(): Promise<string[]> {
    return readdir(this.dir)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    await rm(this.dir, { recursive: true })
  }
}

async function readAsDisc(path: string) {
  const heads = new HeadReader({}, { log: silentLogger })
  try {
    await using source = await openSource(path)
    const { counts, problems, patients } = await readDisc(source, {}, { heads })
    const instances = patients.flatMap(({ studies }) => studies.flatMap((study) => study.instances))
    const digests = Object.fromEntries(
      instances.map(({ sopInstanceUid, sha256 }) => [sopInstanceUid, sha256]),
    )
    return { counts, problems, digests }
  } finally {
    await heads.stop()
  }
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}
