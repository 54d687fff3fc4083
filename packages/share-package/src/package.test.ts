import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PackageReader, PackageWriter, keyFromText, keyToText, newPackageKey } from './index.ts'
import type { ManifestEntry } from './index.ts'
import {
  FileInMemory,
  collected,
  content,
  contentsOf,
  counting,
  key,
  packageOf,
  readerOf,
  salt,
} from './testing/packages.ts'
import { entryKey, sealedFile } from './testing/second-writer.ts'

const chunk = 65_536
/** Around the bounds of a chunk, and of the piece that is read and written at once. */
const sizes = fc.oneof(
  ...[0, chunk, 2 * chunk, 16 * chunk, 17 * chunk].map((bound) =>
    fc.integer({ min: -2, max: 2 }).map((off) => Math.max(0, bound + off)),
  ),
  fc.nat(3 * chunk),
)
const dicom = (bytes: Uint8Array) => ({ kind: 'dicom' as const, bytes })

describe('a package', () => {
  it('gives back what was put in, whatever its size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { maxLength: 4 }), async (lengths) => {
        const plain = lengths.map((length) => counting(length))
        const { file, manifest } = await packageOf(plain.map(dicom))
        const reader = readerOf(file)
        expect(await reader.manifest()).toEqual(manifest)
        expect(manifest.entries.map((entry) => [entry.size, entry.crc32])).toEqual(
          plain.map((bytes) => [bytes.length, crc32(bytes)]),
        )
        const contents = await contentsOf(reader)
        plain.forEach((bytes, index) => expect(bytes.equals(contents[index]!)).toBe(true))
      }),
      { numRuns: 40 },
    )
  })

  it('is the same however the bytes come', async () => {
    const plain = counting(17 * chunk + 5)
    const whole = await packageOf([dicom(plain)])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3 * chunk), { minLength: 1, maxLength: 30 }), async (steps) => {
        const written: Uint8Array[] = []
        const writer = new PackageWriter({ key, salt }, { write: async (bytes) => void written.push(bytes) })
        await writer.add({ kind: 'dicom' }, cutInto(plain, steps))
        await writer.finish(content)
        expect(Buffer.concat(written).equals(whole.file)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it('gives any range, reading only the chunks in which it lies, a piece of about 1 MiB at a time', async () => {
    const plain = counting(40 * chunk + 77)
    const { file, manifest } = await packageOf([dicom(counting(10)), dicom(plain)])
    const [, entry] = manifest.entries
    await fc.assert(
      fc.asyncProperty(fc.nat(plain.length), fc.nat(plain.length), async (one, other) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)]
        const source = new FileInMemory(file)
        const reader = new PackageReader({ key }, { source })
        await reader.manifest()
        source.reads.length = 0
        const read = await collected(reader.entry(2, { start, end }))
        expect(read.equals(plain.subarray(start, end))).toBe(true)
        expectOnlyChunks(source.reads, entry!, start, end)
      }),
      { numRuns: 60 },
    )
    const reader = readerOf(file)
    for (const range of [
      { start: -1, end: 2 },
      { start: 3, end: 2 },
      { start: 0, end: plain.length + 1 },
    ])
      await expect(collected(reader.entry(2, range))).rejects.toThrow(RangeError)
    for (const number of [0, 3, 1.5])
      await expect(collected(reader.entry(number))).rejects.toThrow(RangeError)
  })

  it('is written in pieces of about 1 MiB, each waited for before the next is read', async () => {
    let [given, taken] = [0, 0]
    const write = async (bytes: Uint8Array) => {
      await Promise.resolve()
      taken += bytes.length
    }
    const writer = new PackageWriter({ key, salt }, { write })
    function* gigantic() {
      for (let count = 0; count < 200; count++) {
        expect(given - taken).toBeLessThan(2 * 16 * chunk)
        given += 100_000
        yield counting(100_000)
      }
    }
    await writer.add({ kind: 'dicom' }, gigantic())
    expect(taken).toBeGreaterThan(20_000_000)
  })

  it('holds no more than the piece that is given out and the next one', async () => {
    const { file } = await packageOf([dicom(counting(200 * chunk))])
    const source = new FileInMemory(file)
    const reader = new PackageReader({ key }, { source })
    await reader.manifest()
    let got = 0
    const before = source.reads.length
    for await (const piece of reader.entry(1)) {
      const asked = source.reads.slice(before).reduce((sum, { length }) => sum + length, 0)
      expect(asked - got).toBeLessThan(2.1 * 16 * chunk)
      got += piece.length
    }
    expect(got).toBe(200 * chunk)
  })

  it('is not used after an error, nor by two at once', async () => {
    const writer = new PackageWriter({ key, salt }, { write: async () => {} })
    const adding = writer.add({ kind: 'dicom' }, [counting(5)])
    await expect(writer.add({ kind: 'dicom' }, [])).rejects.toThrow('being written')
    expect(await adding).toBe(1)
    function* broken() {
      yield counting(5)
      throw new Error('no more')
    }
    await expect(writer.add({ kind: 'dicom' }, broken())).rejects.toThrow('no more')
    await expect(writer.finish(content)).rejects.toThrow('over')
  })

  it('is asked anew after a source that failed once', async () => {
    const { file } = await packageOf([dicom(counting(5))])
    const source = new FileInMemory(file)
    let down = true
    const flaky = {
      size: source.size,
      read: (offset: number, length: number) =>
        down ? Promise.reject(new Error('line lost')) : source.read(offset, length),
    }
    const reader = new PackageReader({ key }, { source: flaky })
    await expect(reader.manifest()).rejects.toThrow('line lost')
    down = false
    expect((await reader.manifest()).entries).toHaveLength(1)
  })

  it('uses nothing that only Node has: its sources run in a page and in a service worker', () => {
    const sources = readdirSync(import.meta.dirname).filter((name) => /(?<!\.test)\.ts$/.test(name))
    expect(sources.length).toBeGreaterThan(8)
    for (const name of sources)
      expect(readFileSync(new URL(name, import.meta.url), 'utf8')).not.toMatch(
        /'node:|\bBuffer\b|\bprocess\b/,
      )
  })
})

describe('a key', () => {
  it('is 43 characters in a link, which give the same key and no other text does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const text = keyToText(newPackageKey(() => bytes))
        expect(text).toBe(Buffer.from(bytes).toString('base64url'))
        expect(keyFromText(text)).toEqual(bytes)
      }),
    )
    // The last character carries four bits: two spellings more would decode to the same bytes.
    const text = keyToText(new Uint8Array(32))
    for (const wrong of [
      '',
      text.slice(1),
      `${text}A`,
      `${text.slice(0, -1)}B`,
      ` ${text.slice(1)}`,
      `${text.slice(0, -1)}=`,
    ])
      expect(keyFromText(wrong)).toBeUndefined()
  })
})

describe('the vectors of spec 25', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('../../../docs/spec/vectors/share-package.json', import.meta.url), 'utf8'),
  ) as Vectors
  const { key: vectorKey, salt: vectorSalt, manifest } = vectors
  const secret = { key: Buffer.from(vectorKey, 'hex'), salt: Buffer.from(vectorSalt, 'hex') }
  const plain = vectors.entries.map(({ counting: length }) => counting(length))

  it('are what the writer writes', async () => {
    const written: Uint8Array[] = []
    const writer = new PackageWriter(secret, { write: async (bytes) => void written.push(bytes) })
    for (const [index, { kind, name }] of vectors.entries.entries())
      await writer.add({ kind, ...(name === undefined ? {} : { name }) }, [plain[index]!])
    const {
      entries: _,
      version: __,
      ...rest
    } = JSON.parse(manifest) as { entries: unknown; version: unknown }
    await writer.finish(rest as typeof content)
    const file = Buffer.concat(written)
    expect([file.length, digest(file)]).toEqual([vectors.file.bytes, vectors.file.sha256])
    for (const { offset, bytes } of vectors.file.parts)
      expect(file.toString('hex', offset, offset + bytes.length / 2)).toBe(bytes)
  })

  it('are what a second writer, made of other parts, writes', () => {
    const file = sealedFile({ ...secret, entries: plain, manifest })
    expect([file.length, digest(file)]).toEqual([vectors.file.bytes, vectors.file.sha256])
    expect(vectors.entryKeys.map((_, entry) => entryKey(secret, entry).toString('hex'))).toEqual(
      vectors.entryKeys,
    )
  })
})

interface Vectors {
  key: string
  salt: string
  entries: { kind: ManifestEntry['kind']; name?: string; counting: number }[]
  entryKeys: string[]
  manifest: string
  file: { bytes: number; sha256: string; parts: { offset: number; bytes: string }[] }
}

function expectOnlyChunks(
  reads: readonly { offset: number; length: number }[],
  entry: ManifestEntry,
  start: number,
  end: number,
): void {
  const sealed = chunk + 16
  const from = entry.offset + Math.floor(start / chunk) * sealed
  const to =
    entry.offset + Math.min(Math.ceil(end / chunk) * sealed, entry.size + 16 * Math.ceil(entry.size / chunk))
  for (const { offset, length } of reads) {
    expect(length).toBeLessThanOrEqual(16 * sealed)
    expect(offset).toBeGreaterThanOrEqual(from)
    expect(offset + length).toBeLessThanOrEqual(to)
  }
  expect(reads.reduce((sum, { length }) => sum + length, 0)).toBe(start === end ? 0 : to - from)
}

function* cutInto(plain: Buffer, steps: readonly number[]): Generator<Buffer> {
  let at = 0
  for (const step of steps) {
    yield plain.subarray(at, at + step)
    at += Math.min(step, plain.length - at)
  }
  yield plain.subarray(at)
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
