import { PackageReader, PackageWriter } from '../index.ts'
import type { EntryToAdd, Manifest, ManifestContent, PackageSource } from '../index.ts'

export const key = Uint8Array.from({ length: 32 }, (_, index) => index)
export const salt = Uint8Array.from({ length: 16 }, (_, index) => 128 + index)

export const content: ManifestContent = {
  ...{ hospital: 'Ziekenhuis Elders (fictief)', madeAt: '2026-11-26T10:20:30Z', language: 'nl', patient: '' },
  ...{ downloads: true, studies: [] },
}

/** Byte *i* is *i* modulo 251: no power of two, so that no chunk is like another. */
export const counting = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => index % 251))

export async function packageOf(
  entries: readonly (EntryToAdd & { bytes: Uint8Array })[],
  of: Partial<ManifestContent> = {},
): Promise<{ file: Buffer; manifest: Manifest; writes: number[] }> {
  const written: Uint8Array[] = []
  const write = async (bytes: Uint8Array) => void written.push(bytes.slice())
  const writer = new PackageWriter({ key, salt }, { write })
  for (const { bytes, ...entry } of entries) await writer.add(entry, [bytes])
  const { bytes, manifest } = await writer.finish({ ...content, ...of })
  const file = Buffer.concat(written)
  if (file.length !== bytes) throw new Error('the writer counts otherwise')
  return { file, manifest, writes: written.map(({ length }) => length) }
}

/** Notes what was asked. */
export class FileInMemory implements PackageSource {
  readonly size: number
  readonly reads: { offset: number; length: number }[] = []
  readonly #file: Buffer

  constructor(file: Buffer) {
    this.#file = file
    this.size = file.length
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.reads.push({ offset, length })
    return this.#file.subarray(offset, offset + length)
  }
}

export const readerOf = (file: Buffer, of: Uint8Array = key) =>
  new PackageReader({ key: of }, { source: new FileInMemory(file) })

export async function collected(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

/** Everything in a package. */
export async function contentsOf(reader: PackageReader): Promise<Buffer[]> {
  const { entries } = await reader.manifest()
  const contents: Buffer[] = []
  for (const index of entries.keys()) contents.push(await collected(reader.entry(index + 1)))
  return contents
}
