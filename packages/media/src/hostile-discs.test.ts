import { randomBytes } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { sampleStudy } from '@twiin/dicom/testing'
import { isTwiinError } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { writeDisc } from './index.ts'
import { codesOf, countOf, readBytes } from './testing/disc-folders.ts'
import { rawZip } from './testing/raw-zip.ts'
import type { RawEntry } from './testing/raw-zip.ts'

const instances = sampleStudy({
  kind: 'CT',
  patient: { id: '4711', name: 'Jansen^Anna', birthDate: '1960-02-03', sex: 'F' },
  ...{ studyDate: '2026-01-05', description: '', institution: '', instances: 3, size: 16, seed: 'hostile' },
})
const image = instances[0]!.bytes
const refusal = (bytes: Buffer, limits = {}) =>
  readBytes(bytes, limits).then(
    () => 'read',
    (error: unknown) =>
      isTwiinError(error) ? `${error.code} ${String(error.facts.reason ?? '')}` : String(error),
  )

async function isoOf(): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const disc = await writeDisc(
    {
      ...{ format: 'iso', language: 'nl', from: 'A', recipient: 'B', sopInstanceUid: '1.2.3' },
      at: new Date(0),
    },
    instances.map(({ bytes, dataSetOffset, ...meta }) => ({
      ...meta,
      size: bytes.length - dataSetOffset,
      async *read(length = bytes.length) {
        yield bytes.subarray(dataSetOffset, Math.min(bytes.length, dataSetOffset + length))
      },
    })),
  )
  for await (const piece of disc.read()) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('a zip that was made to harm', () => {
  it.each([
    '../../etc/cron.d/x',
    '/etc/passwd',
    'C:/windows/x',
    'a/../../x',
    'a\\..\\..\\x',
    'a//x',
    'a/\0x',
  ])('names no file outside itself: %j is refused, the others stay', async (name) => {
    const disc = await readBytes(
      rawZip([
        { name, data: image },
        { name: 'A', data: instances[1]!.bytes },
      ]),
    )
    expect(countOf(disc, 'NAME_REFUSED')).toBe(1)
    expect(disc.counts.dicom).toBe(1)
  })

  it('links to nothing: a symbolic link and a device are named, not followed', async () => {
    const disc = await readBytes(
      rawZip([
        { name: 'A', data: Buffer.from('/etc/passwd'), mode: 0o120777 },
        { name: 'B', data: Buffer.alloc(0), mode: 0o020644 },
      ]),
    )
    expect(countOf(disc, 'LINK_NOT_FOLLOWED')).toBe(2)
  })

  it('inflates to no more than it may, in bytes and in proportion', async () => {
    const bomb: RawEntry = { name: 'A', data: Buffer.alloc(8 << 20), deflate: true }
    expect(await refusal(rawZip([bomb]), { bytes: 1 << 20 })).toBe('DISC_TOO_LARGE bytes')
    expect(await refusal(rawZip([bomb]), { ratioFreeBytes: 1 << 20 })).toBe('DISC_TOO_LARGE ratio')
    // What lies about its size is stopped where it said it would end.
    const liar = await readBytes(rawZip([{ ...bomb, claims: { size: 100 } }]), { bytes: 1 << 20 })
    expect(countOf(liar, 'FILE_UNREADABLE')).toBe(1)
  })

  it('whose entries lie over each other is refused', async () => {
    const one = { name: 'A', data: image }
    const over = Array.from({ length: 50 }, (_, index) => ({
      name: `B${index}`,
      data: Buffer.alloc(0),
      claims: { offset: 0, size: image.length, packed: image.length },
    }))
    expect(await refusal(rawZip([one, ...over]))).toBe('DISC_UNREADABLE entries overlap')
  })

  it('with more entries, or deeper ones, than may be is refused before they are read', async () => {
    const many = Array.from({ length: 2000 }, (_, index) => ({ name: `D${index}`, data: Buffer.alloc(0) }))
    expect(await refusal(rawZip(many), { entries: 1000 })).toBe('DISC_TOO_LARGE entries')
    const deep = [{ name: `${'d/'.repeat(40)}A`, data: image }]
    expect(await refusal(rawZip(deep))).toBe('DISC_TOO_LARGE depth')
    const images = instances.map(({ bytes }, index) => ({ name: `I${index}`, data: bytes }))
    expect(await refusal(rawZip(images), { dicomFiles: 2 })).toBe('DISC_TOO_LARGE dicomFiles')
  })

  it('within a zip is not opened', async () => {
    const inner = rawZip([{ name: 'A', data: image }])
    const disc = await readBytes(rawZip([{ name: 'more.zip', data: inner }]))
    expect(disc.counts).toMatchObject({ dicom: 0, other: 1 })
  })
})

describe('an image that was made to harm', () => {
  it('whose folders contain each other is read once', async () => {
    const iso = await isoOf()
    // Every folder record points at the root.
    const root = iso.readUInt32LE(16 * 2048 + 156 + 2)
    for (let at = iso.indexOf('PA000001'); at > 0; at = iso.indexOf('PA000001', at + 1))
      if (iso[at - 1] === 8 && (iso[at - 8] ?? 0) === 2) iso.writeUInt32LE(root, at - 33 + 2)
    const disc = await readBytes(iso)
    expect(disc.counts.dicom).toBe(0)
  })

  it('whose files lie outside of it, or are larger than it, is not read there', async () => {
    const iso = await isoOf()
    const at = iso.indexOf('IM000001') - 33
    iso.writeUInt32LE(0x7fff_ffff, at + 10)
    const disc = await readBytes(iso)
    expect(countOf(disc, 'FILE_UNREADABLE')).toBe(1)
    expect(disc.counts.dicom).toBe(2)
  })

  it('cut off anywhere gives what is whole, or a reason', async () => {
    const iso = await isoOf()
    for (let length = 0; length < iso.length; length += 4096)
      expect(await refusal(iso.subarray(0, length))).toMatch(/^(read|DISC_[A-Z_]+ .*)$/)
  })
})

describe('discs damaged at random', () => {
  it.each(['zip', 'iso'])(
    '%s: read or refused with a code, never another end, and nothing waits long for it',
    async (format) => {
      const zip = rawZip(
        instances.map(({ bytes }, index) => ({ name: `I${index}`, data: bytes, deflate: index > 0 })),
      )
      const whole = format === 'zip' ? zip : await isoOf()
      const delay = monitorEventLoopDelay({ resolution: 5 })
      delay.enable()
      const ends = new Map<string, number>()
      for (let round = 0; round < 150; round++) {
        const damaged = Buffer.from(whole)
        const directory = format === 'zip' ? whole.lastIndexOf('PK\x01\x02') - 150 : 16 * 2048
        for (const [value = 0, where = 0, far = 0] of [randomBytes(3), randomBytes(3), randomBytes(3)]) {
          const span = far % 2 === 0 ? 300 : whole.length - directory
          damaged[Math.min(whole.length - 1, directory + ((where * 256 + far) % span))] = value
        }
        const end = await refusal(damaged)
        expect(end).toMatch(/^(read|DISC_[A-Z_]+ .*)$/)
        ends.set(end, (ends.get(end) ?? 0) + 1)
      }
      delay.disable()
      // Not the longest of all: other processes take their turns too.
      expect(delay.percentile(99) / 1e6).toBeLessThan(250)
      expect(ends.get('read')).toBeGreaterThan(0)
    },
  )
})

describe('a DICOMDIR that was made to harm', () => {
  it.each([
    ['nested deeper than anything', Buffer.concat(Array.from({ length: 20_000 }, () => sequence()))],
    ['of empty items by the hundred thousand', Buffer.concat(Array.from({ length: 200_001 }, () => item(0)))],
    ['of an item longer than the file', item(0x7fff_fff0)],
    ['of noise', randomBytes(200_000)],
  ])('%s is unreadable, and every file is found all the same', async (_, records) => {
    const disc = await readBytes(
      rawZip([
        { name: 'DICOMDIR', data: directory(records) },
        { name: 'A', data: image },
      ]),
    )
    expect(disc.counts.dicom).toBe(1)
    expect(codesOf(disc)).toContain('DICOMDIR_UNREADABLE')
  })
})

function item(length: number): Buffer {
  const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0])
  header.writeUInt32LE(length, 4)
  return header
}

/** An item that holds a sequence of undefined length. */
function sequence(): Buffer {
  return Buffer.concat([
    item(0xffff_ffff),
    Buffer.from([4, 0, 0x20, 0x12, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff]),
  ])
}

function directory(records: Buffer): Buffer {
  const uid = Buffer.from([2, 0, 0x10, 0, 0x55, 0x49, 20, 0, ...Buffer.from('1.2.840.10008.1.2.1\0')])
  const header = Buffer.from([4, 0, 0x20, 0x12, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff])
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), uid, header, records])
}
