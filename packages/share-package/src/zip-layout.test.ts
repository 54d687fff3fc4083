import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, closeSync, writeFileSync, writeSync, rmSync, ftruncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { defaultLimits, openSource, sourceOf } from '@twiin/media'
import type { MediaBytes, MediaSource } from '@twiin/media'
import { describe, expect, it } from 'vitest'
import { PackageReader, ZipLayout } from './index.ts'
import type { ByteRange, ManifestEntry } from './index.ts'
import { FileInMemory, collected, counting, key, packageOf, readerOf } from './testing/packages.ts'

const has = (tool: string) => spawnSync('which', [tool]).status === 0
const chunk = 65_536
const files = [
  { kind: 'page' as const, name: 'README.TXT', bytes: counting(100) },
  { kind: 'picture' as const, bytes: counting(50) },
  { kind: 'picture' as const, name: 'PICTURES/ST000001/IM000001.JPG', bytes: counting(3 * chunk + 1) },
  { kind: 'report-pdf' as const, name: 'REPORTS/Verslag één – 検査.PDF', bytes: counting(chunk) },
  { kind: 'dicom' as const, name: 'DICOM/PA000001/EMPTY', bytes: counting(0) },
]
const named = files.filter(({ name }) => name !== undefined)

async function written() {
  const { file, manifest } = await packageOf(files)
  return { file, manifest, layout: new ZipLayout({}, manifest), reader: readerOf(file) }
}

/** As another reader finds it, which checks sizes and CRC. */
async function unpacked(source: MediaSource): Promise<Record<string, Buffer>> {
  const found: Record<string, Buffer> = {}
  for await (const entry of source.entries(defaultLimits)) {
    if (!('file' in entry)) throw new Error(entry.oddity)
    found[entry.file.place.join('/')] = await collected(entry.file.read())
  }
  return found
}

class TemporaryFile implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'twiin-zip-'))
  readonly path = join(this.#folder, 'of-a-share.zip')

  write(bytes: Uint8Array): void {
    writeFileSync(this.path, bytes)
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

describe('the zip of a package', () => {
  it('holds what has a name, byte for byte, for another reader', async () => {
    const { layout, reader } = await written()
    using temporary = new TemporaryFile()
    temporary.write(await collected(layout.bytes(reader)))
    await using source = await openSource(temporary.path)
    expect(await unpacked(source)).toEqual(Object.fromEntries(named.map(({ name, bytes }) => [name, bytes])))
  })

  it.skipIf(!has('unzip'))('is sound to unzip (needs unzip)', async () => {
    const { layout, reader } = await written()
    using temporary = new TemporaryFile()
    temporary.write(await collected(layout.bytes(reader)))
    expect(execFileSync('unzip', ['-t', temporary.path], { encoding: 'utf8' })).toContain(
      'No errors detected',
    )
    const listing = execFileSync('zipinfo', [temporary.path], { encoding: 'utf8' })
    expect(listing).toMatch(/^-rw-r--r--.* stor 26-Nov-26 10:20 README\.TXT$/m)
  })

  it('is of pictures and reports alone, if that was asked', async () => {
    const { manifest, reader } = await written()
    const layout = new ZipLayout({ kinds: ['picture', 'report-pdf'] }, manifest)
    const zip = await collected(layout.bytes(reader))
    expect(zip).toHaveLength(layout.size)
    await using source = await sourceOf(inMemory(zip))
    expect(Object.keys(await unpacked(source))).toEqual([files[2]!.name, files[3]!.name])
  })

  it('is as long as it said, and any part of it is that part of the whole', async () => {
    const { layout, reader } = await written()
    const whole = await collected(layout.bytes(reader))
    expect(whole).toHaveLength(layout.size)
    await fc.assert(
      fc.asyncProperty(fc.nat(layout.size), fc.nat(layout.size), async (one, other) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)]
        const part = await collected(layout.bytes(reader, { start, end }))
        expect(part.equals(whole.subarray(start, end))).toBe(true)
      }),
      { numRuns: 150 },
    )
    for (const range of [
      { start: -1, end: 0 },
      { start: 2, end: 1 },
      { start: 0, end: layout.size + 1 },
    ])
      await expect(collected(layout.bytes(reader, range))).rejects.toThrow(RangeError)
  })

  it('in parts, one after the other, is the whole: at every byte of its records', async () => {
    const { layout, reader } = await written()
    const whole = await collected(layout.bytes(reader))
    const directory = whole.indexOf('PK\x01\x02')
    const bounds = [...range(0, 200), ...range(directory - 300, whole.length)]
    for (let index = 1; index < bounds.length; index++) {
      const part = { start: bounds[index - 1]!, end: bounds[index]! }
      expect((await collected(layout.bytes(reader, part))).equals(whole.subarray(part.start, part.end))).toBe(
        true,
      )
    }
  })

  it('reads nothing of a file that was not asked for', async () => {
    const { file, layout, manifest } = await written()
    const source = new FileInMemory(file)
    const reader = new PackageReader({ key }, { source })
    await reader.manifest()
    source.reads.length = 0
    const end = layout.size
    await collected(layout.bytes(reader, { start: end - 290, end }))
    await collected(layout.bytes(reader, { start: 0, end: 30 }))
    expect(source.reads).toEqual([])
    await collected(layout.bytes(reader, { start: 400 + chunk, end: 410 + chunk }))
    expect(source.reads).toEqual([{ offset: manifest.entries[2]!.offset + chunk + 16, length: chunk + 16 }])
  })

  it('of nothing is an empty zip', async () => {
    const { file, manifest } = await packageOf([])
    const zip = await collected(new ZipLayout({}, manifest).bytes(readerOf(file)))
    expect(zip.toString('hex')).toBe(`504b0506${'00'.repeat(18)}`)
  })

  it('is the same each time: a download that goes on later fits', async () => {
    const [one, other] = [await written(), await written()]
    const both = [
      await collected(one.layout.bytes(one.reader)),
      await collected(other.layout.bytes(other.reader)),
    ]
    expect(both[0]!.equals(both[1]!)).toBe(true)
  })
})

describe('a zip of more than 4 GiB', () => {
  const gib = 2 ** 30
  const entry = (name: string, size: number, crc32 = 0): ManifestEntry => ({
    ...{ kind: 'dicom', name, size, crc32, offset: 0 },
  })
  /** Zeros, which are not kept anywhere. */
  const zeros = {
    async *entry(_: number, { start, end }: ByteRange = { start: 0, end: 0 }) {
      for (let at = start; at < end; at += gib / 64) yield new Uint8Array(Math.min(gib / 64, end - at))
    },
  }
  const madeAt = '2026-11-26T10:20:30Z'
  const crcOf5Zeros = crc32(new Uint8Array(5))

  it('says so where a number does not fit, and only there', async () => {
    const entries = [entry('SMALL', 5), entry('LARGE', 0xffffffff), entry('BEHIND', 5)]
    const layout = new ZipLayout({}, { entries, madeAt })
    const local = await collected(layout.bytes(zeros, { start: 0, end: 35 + 5 + 35 + 20 }))
    expect([local.readUInt16LE(4), local.readUInt16LE(28)]).toEqual([20, 0])
    const large = local.subarray(40)
    expect([large.readUInt16LE(4), large.readUInt32LE(18), large.readUInt32LE(22)]).toEqual([
      45, 0xffffffff, 0xffffffff,
    ])
    expect([large.readUInt16LE(28), large.readUInt16LE(35), large.readUInt16LE(37)]).toEqual([20, 1, 16])
    expect([large.readBigUInt64LE(39), large.readBigUInt64LE(47)]).toEqual([0xffffffffn, 0xffffffffn])
    const just = new ZipLayout({}, { entries: [entry('A', 0xfffffffe - 31)], madeAt })
    expect(just.size).toBe(31 + 0xfffffffe - 31 + 47 + 22)
    expect(new ZipLayout({}, { entries: [entry('A', 0xfffffffe)], madeAt }).size).toBe(
      31 + 0xfffffffe + 47 + 98,
    )
  })

  it('is found again by another reader, behind the first 4 GiB too', async () => {
    const entries = [entry('SMALL', 5, crcOf5Zeros), entry('LARGE', 5 * gib), entry('BEHIND', 5, crcOf5Zeros)]
    const layout = new ZipLayout({}, { entries, madeAt })
    const bytes: MediaBytes = {
      length: layout.size,
      read: (offset, length) => collected(layout.bytes(zeros, { start: offset, end: offset + length })),
      async *stream({ offset = 0, length = layout.size - offset } = {}) {
        for await (const piece of layout.bytes(zeros, { start: offset, end: offset + length }))
          yield Buffer.from(piece)
      },
    }
    await using source = await sourceOf(bytes)
    const found: [string, number, number | undefined][] = []
    for await (const one of source.entries(defaultLimits)) {
      if (!('file' in one)) throw new Error(one.oddity)
      const { place, size } = one.file
      found.push([place.join('/'), size, size > gib ? undefined : (await collected(one.file.read())).length])
    }
    expect(found).toEqual([
      ['SMALL', 5, 5],
      ['LARGE', 5 * gib, undefined],
      ['BEHIND', 5, 5],
    ])
  })

  it('of 70,000 files is counted in zip64', async () => {
    const entries = Array.from({ length: 70_000 }, (_, index) => entry(`F${index}`, 0))
    const layout = new ZipLayout({}, { entries, madeAt })
    const zip = await collected(layout.bytes(zeros))
    await using source = await sourceOf(inMemory(zip))
    let count = 0
    for await (const _ of source.entries(defaultLimits)) count++
    expect(count).toBe(70_000)
  })

  it.skipIf(!has('zipinfo'))('is listed by zipinfo (needs unzip)', async () => {
    const entries = [entry('LARGE', 5 * gib), entry('BEHIND', 5, crcOf5Zeros)]
    const layout = new ZipLayout({}, { entries, madeAt })
    using temporary = new TemporaryFile()
    const file = openSync(temporary.path, 'w')
    // All between is a hole.
    ftruncateSync(file, layout.size)
    for (const part of [
      { start: 0, end: 55 },
      { start: 5 * gib, end: layout.size },
    ])
      writeSync(file, await collected(layout.bytes(zeros, part)), 0, part.end - part.start, part.start)
    closeSync(file)
    const listing = execFileSync('zipinfo', [temporary.path], { encoding: 'utf8' })
    expect(listing).toContain('number of entries: 2')
    expect(listing).toMatch(/5368709120 .*LARGE/)
    expect(execFileSync('unzip', ['-t', temporary.path, 'BEHIND'], { encoding: 'utf8' })).toContain(
      'No errors',
    )
  })
})

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

function inMemory(bytes: Buffer): MediaBytes {
  return {
    length: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    async *stream({ offset = 0, length = bytes.length - offset } = {}) {
      yield bytes.subarray(offset, offset + length)
    },
  }
}
