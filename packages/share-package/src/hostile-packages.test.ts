import { describe, expect, it } from 'vitest'
import { PackageReader, PackageWriter, ShareError } from './index.ts'
import type { Manifest, ManifestContent } from './index.ts'
import {
  FileInMemory,
  content,
  contentsOf,
  counting,
  key,
  packageOf,
  readerOf,
  salt,
} from './testing/packages.ts'
import { sealedFile } from './testing/second-writer.ts'

const chunk = 65_536
const head = 30
const trailer = 8

const codeOf = (reading: Promise<unknown>) =>
  reading.then(
    () => 'read',
    (error: unknown) => (error instanceof ShareError ? error.code : error),
  )

describe('a package that was changed', () => {
  it('is found out whichever byte it is', async () => {
    const { file } = await packageOf([
      { kind: 'dicom', name: 'DICOM/A', bytes: counting(300) },
      { kind: 'page', name: 'README.TXT', bytes: counting(0) },
    ])
    for (let at = 0; at < file.length; at++) {
      const changed = Buffer.from(file)
      changed[at]! ^= 1 << (at % 8)
      expect([at, await codeOf(contentsOf(readerOf(changed)))]).toEqual([at, 'SHARE_DAMAGED'])
    }
  })

  it('is found out in any chunk of a long entry, and gives nothing of that piece', async () => {
    const { file } = await packageOf([{ kind: 'dicom', bytes: counting(20 * chunk) }])
    for (let index = 0; index < 20; index++) {
      const changed = Buffer.from(file)
      changed[head + index * (chunk + 16) + 1000]! ^= 1
      let got = 0
      const reading = (async () => {
        for await (const piece of readerOf(changed).entry(1)) got += piece.length
      })()
      expect(await codeOf(reading)).toBe('SHARE_DAMAGED')
      expect(got).toBeLessThanOrEqual(index * chunk)
    }
  })

  it('is found out wherever it was cut off', async () => {
    const { file } = await packageOf([{ kind: 'dicom', bytes: counting(3 * chunk + 9) }])
    const bounds = [0, 1, 2, 3].map((index) => head + index * (chunk + 16))
    const cuts = [
      ...bounds.flatMap((at) => [at - 1, at, at + 1]),
      0,
      8,
      file.length - trailer,
      file.length - 1,
    ]
    for (const at of cuts)
      expect(await codeOf(contentsOf(readerOf(file.subarray(0, at))))).toMatch(/^SHARE_(DAMAGED|CUT_OFF)$/)
    // Cut off with its end put behind: what is left out is missed.
    const tail = file.length - trailer - Number(file.readBigUInt64BE(file.length - trailer))
    for (const at of bounds) {
      const joined = Buffer.concat([file.subarray(0, at), file.subarray(tail)])
      expect(await codeOf(contentsOf(readerOf(joined)))).toBe('SHARE_DAMAGED')
    }
  })

  it('is found out when a source gives fewer bytes than it promised', async () => {
    const { file } = await packageOf([{ kind: 'dicom', bytes: counting(3 * chunk) }])
    const source = new FileInMemory(file.subarray(0, -10))
    const reader = new PackageReader(
      { key },
      { source: { size: file.length, read: (...at) => source.read(...at) } },
    )
    expect(await codeOf(reader.manifest())).toBe('SHARE_CUT_OFF')
  })

  it('is found out when entries, or chunks of one, changed places', async () => {
    const [one, other] = [counting(2 * chunk), counting(2 * chunk).reverse()]
    const { file } = await packageOf([
      { kind: 'dicom', bytes: one },
      { kind: 'dicom', bytes: other },
    ])
    const parts = [0, 1, 2, 3].map((index) => head + index * (chunk + 16))
    const pieces = parts.map((at) => file.subarray(at, at + chunk + 16))
    const [a, b, c, d] = pieces as [Buffer, Buffer, Buffer, Buffer]
    const rest = file.subarray(head + 4 * (chunk + 16))
    for (const order of [
      [c, d, a, b],
      [b, a, c, d],
      [a, d, c, b],
      [a, a, c, d],
    ]) {
      const changed = Buffer.concat([file.subarray(0, head), ...order, rest])
      expect(await codeOf(contentsOf(readerOf(changed)))).toBe('SHARE_DAMAGED')
    }
  })

  it('gives nothing to another key, and tells two keys of the wrong length from packages', async () => {
    const { file } = await packageOf([{ kind: 'dicom', bytes: counting(5) }])
    expect(await codeOf(readerOf(file, new Uint8Array(32)).manifest())).toBe('SHARE_DAMAGED')
    await expect(readerOf(file, new Uint8Array(16)).manifest()).rejects.toThrow(RangeError)
  })

  it('whose trailer promises more than a manifest may be is not read to find out', async () => {
    const { file } = await packageOf([])
    for (const length of [2n ** 64n - 1n, 2n ** 53n + 1n, 40n * 1024n * 1024n, 0n, 15n, BigInt(chunk + 17)]) {
      const changed = Buffer.concat([file.subarray(0, -trailer), Buffer.alloc(trailer)])
      changed.writeBigUInt64BE(length, changed.length - trailer)
      const source = new FileInMemory(changed)
      // As large as it says.
      const size = Math.max(changed.length, 1e9)
      const read = (offset: number, bytes: number) =>
        source.read(offset < 1e8 ? offset : offset - size + changed.length, bytes)
      expect(await codeOf(new PackageReader({ key }, { source: { size, read } }).manifest())).toBe(
        'SHARE_DAMAGED',
      )
      expect(source.reads).toHaveLength(2)
    }
  })
})

describe('a manifest', () => {
  const entries = ['picture', 'picture', 'report-text', 'report-pdf', 'dicom'] as const
  const words = { nl: 'CT van de borst', en: 'CT of the chest' }
  const studies = [
    {
      ...{ studyInstanceUid: '1.2.3', date: '2026-03-14', words, hospital: 'Elders (fictief)' },
      series: [{ words, pictures: [{ small: 1, large: 2, width: 1024, height: 800 }] }],
      reports: [{ title: 'Verslag', date: '', text: 3, pdf: 4 }],
    },
  ]
  const named = entries.map((kind, index) => ({ kind, name: `FILES/${index}`, bytes: counting(index) }))
  const made = (of: Partial<ManifestContent> = {}) => packageOf(named, { studies, ...of })

  /** The same file with this in place of its manifest, well encrypted. */
  async function readWith(manifest: unknown): Promise<unknown> {
    const plain = named.map(({ bytes }) => bytes)
    const json = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
    return codeOf(readerOf(sealedFile({ key, salt, entries: plain, manifest: json })).manifest())
  }
  /** `undefined` leaves the field out. */
  async function changed(path: string, value: unknown): Promise<unknown> {
    const copy: unknown = structuredClone((await made()).manifest)
    const names = path.split('.')
    const last = names.pop()!
    const holder = names.reduce((of, name) => (of as Record<string, unknown>)[name], copy)
    ;(holder as Record<string, unknown>)[last] = value
    return readWith(copy)
  }

  it('comes back whole, without what nobody knows', async () => {
    const { manifest } = await made()
    expect(await readWith({ ...manifest, more: 1 })).toBe('read')
    const file = sealedFile({
      ...{ key, salt, entries: named.map(({ bytes }) => bytes) },
      manifest: JSON.stringify({ ...manifest, __proto__x: 1, more: { than: 'that' } }),
    })
    expect(await readerOf(file).manifest()).toEqual(manifest)
  })

  it.each<[string, string, unknown]>([
    ['another version', 'version', 2],
    ['no entries', 'entries', undefined],
    ['an unknown kind', 'entries.0.kind', 'script'],
    ['an offset in the head', 'entries.0.offset', 0],
    ['an offset elsewhere', 'entries.2.offset', 77],
    ['a size that is none', 'entries.4.size', -1],
    ['a size that is half', 'entries.4.size', 0.5],
    ['a size beyond the file', 'entries.4.size', 2 ** 52],
    ['a CRC of more than 32 bits', 'entries.0.crc32', 2 ** 32],
    ['a picture that is a report', 'studies.0.series.0.pictures.0.large', 3],
    ['a picture beyond the last', 'studies.0.series.0.pictures.0.small', 6],
    ['a picture 0', 'studies.0.series.0.pictures.0.small', 0],
    ['a picture without width', 'studies.0.series.0.pictures.0.width', 0],
    ['a report of nothing', 'studies.0.reports.0', { title: '', date: '', text: 0, pdf: 0 }],
    ['a report that is a picture', 'studies.0.reports.0.pdf', 1],
    ['words in one language', 'studies.0.words', { nl: 'CT' }],
    ['a long title', 'studies.0.reports.0.title', 'a'.repeat(1001)],
    ['half a letter', 'patient', '\ud800'],
    ['another language', 'language', 'de'],
    ['a date in words', 'studies.0.date', '14 maart'],
    ['a time that is none', 'madeAt', '2026-99-99T10:00:00Z'],
    ['downloads as a word', 'downloads', 'yes'],
    ['files without downloads', 'downloads', false],
    ['studies as an object', 'studies', { length: 1 }],
    ['a series that is null', 'studies.0.series.0', null],
  ])('with %s is refused', async (_, path, value) => {
    expect(await changed(path, value)).toBe('SHARE_DAMAGED')
  })

  it('with an entry more or less than the file is refused', async () => {
    const { manifest } = await made()
    const { entries: all } = manifest
    expect(await readWith({ ...manifest, studies: [], entries: all.slice(0, -1) })).toBe('SHARE_DAMAGED')
    expect(await readWith({ ...manifest, studies: [], entries: [...all, all[0]] })).toBe('SHARE_DAMAGED')
    expect(await readWith({ ...manifest, studies: [] })).toBe('read')
  })

  it.each([
    ...['', '/etc/passwd', '..', '../A', 'A/../B', 'A//B', 'A/', './A', 'A\\B', 'C:A', 'A\u0000', 'A\n'],
    ...['A.', 'A ', 'A/. /B', 'a'.repeat(201), '\udc00', 'FILES', 'files/1', 'FILES/1/2', 5],
  ])('with the name %j is refused', async (name) => {
    expect(await changed('entries.0.name', name)).toBe('SHARE_DAMAGED')
  })

  it.each(['', 'null', '[]', '{', '"text"', '['.repeat(1_000_000), '{"version":1}\u0000'])(
    'that is %.20j is refused',
    async (json) => {
      expect(await readWith(json)).toBe('SHARE_DAMAGED')
    },
  )

  it('that is no UTF-8 is refused', async () => {
    const file = sealedFile({ key, salt, entries: [], manifest: Buffer.from([0x22, 0xff, 0x22]) })
    expect(await codeOf(readerOf(file).manifest())).toBe('SHARE_DAMAGED')
  })

  it('is not written when the reader would refuse it, or when it is too large', async () => {
    const writing = (of: Partial<Manifest>) => {
      const writer = new PackageWriter({ key, salt }, { write: async () => {} })
      return codeOf(writer.finish({ ...content, ...of }))
    }
    expect(await writing({})).toBe('read')
    expect(await writing({ studies })).toBe('SHARE_DAMAGED')
    const long = { ...studies[0]!, hospital: 'a'.repeat(1000), series: [], reports: [] }
    expect(await writing({ studies: Array.from({ length: 33_000 }, () => long) })).toBe('SHARE_TOO_LARGE')
  })
})
