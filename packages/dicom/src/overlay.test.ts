import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import dicomParser from 'dicom-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeElement, encodeHeader, encodeItem, encodeSequence, encodeUint32 } from './element-encoding.ts'
import { explicitLittleEndian, undefinedLength } from './element-header.ts'
import { applyOverlay, part10Header, readPart10Meta, transferSyntax } from './index.ts'
import type { EgressOverlay } from './index.ts'
import { readInstanceHead } from './read-instance-head.ts'
import { tags } from './tags.ts'
import { hostileDataSets, pydicomFiles, reencode, sampleStudy } from './testing.ts'

const overlay: EgressOverlay = {
  patientId: { id: '00700123', issuer: 'ZIEKENHUIS WEST', issuerOid: '2.16.528.1.1007.3.3.700' },
  accession: { number: 'W2026-77', issuer: 'ZIEKENHUIS WEST RIS' },
  modifyingSystem: 'Twiin, Sint Jansdal-Zénith',
  source: 'Ziekenhuis Oost',
  at: new Date('2026-03-04T05:06:07.089Z'),
}
const changeable = [
  ...['x00080050', 'x00080051', 'x00100020', 'x00100021', 'x00100024', 'x04000561'],
  ...['x00080000', 'x00100000', 'x04000000'],
]

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? bytes.length)
    // Each piece in a buffer that is overwritten afterwards: nothing may hold on to it.
    const piece = new Uint8Array(bytes.subarray(at, at + size))
    yield piece
    piece.fill(0xee)
    at += size
  }
}

async function applied(
  dataSet: Uint8Array,
  transferSyntaxUid: string,
  change: EgressOverlay = overlay,
  sizes: readonly number[] = [1 << 16],
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of applyOverlay(change, { transferSyntaxUid, dataSet: inPieces(dataSet, sizes) })) {
    pieces.push(new Uint8Array(piece))
  }
  return Buffer.concat(pieces)
}

/** An independent reading of a data set: dicom-parser, not our walker. */
function independently(dataSet: Uint8Array, transferSyntaxUid: string): dicomParser.DataSet {
  const uids = { sopClassUid: '1.2', sopInstanceUid: '1.2.3', transferSyntaxUid }
  return dicomParser.parseDicom(Buffer.concat([part10Header(uids), dataSet]))
}

function described(parsed: dicomParser.DataSet): Map<string, string> {
  const elements = Object.values(parsed.elements).filter(({ tag }) => !tag.startsWith('x0002'))
  return new Map(
    elements.map(({ tag, vr, length, dataOffset, hadUndefinedLength }) => [
      tag,
      [
        vr,
        length,
        hadUndefinedLength,
        Buffer.from(parsed.byteArray.slice(dataOffset, dataOffset + length)).toString('base64'),
      ].join(),
    ]),
  )
}

function expectOnlyIdentifiersChanged(
  before: Uint8Array,
  after: Uint8Array,
  transferSyntaxUid: string,
): void {
  const [old, now] = [independently(before, transferSyntaxUid), independently(after, transferSyntaxUid)]
  const [oldElements, nowElements] = [described(old), described(now)]
  for (const tag of changeable) {
    oldElements.delete(tag)
    nowElements.delete(tag)
  }
  expect(nowElements).toEqual(oldElements)
  const order = [...described(now).keys()]
  expect(order).toEqual(order.toSorted())
  expect(now.string('x00100020')).toBe('00700123')
  expect(now.string('x00100021')).toBe('ZIEKENHUIS WEST')
  expect(now.string('x00080050')).toBe('W2026-77')
  const items = now.elements.x04000561?.items ?? []
  const original = items.at(-1)?.dataSet?.elements.x04000550?.items?.[0]?.dataSet
  expect(original?.string('x00100020') ?? '').toBe(old.string('x00100020') ?? '')
  expect(original?.string('x00080050') ?? '').toBe(old.string('x00080050') ?? '')
  expect(items.length).toBe((old.elements.x04000561?.items ?? []).length + 1)
}

const patient = {
  id: '123456',
  issuer: 'ZIEKENHUIS OOST',
  bsn: '999990019',
  name: 'Boër^Eléonore',
  birthDate: '1961-02-03',
  sex: 'F',
} as const
const kinds = ['CT', 'MR', 'CR', 'US', 'SR', 'PDF'] as const
const sampleOf = (kind: (typeof kinds)[number]) => {
  const [sample] = sampleStudy({
    ...{ kind, patient, studyDate: '2024-05-06', description: 'Onderzoek', institution: 'Oost' },
    ...{ seed: 'overlay', instances: 1, size: 32 },
  })
  if (sample === undefined) throw new Error('no sample')
  return sample.bytes.subarray(sample.dataSetOffset)
}
const plainSyntaxes = [
  transferSyntax.explicitLittleEndian,
  transferSyntax.implicitLittleEndian,
  transferSyntax.explicitBigEndian,
]

describe('the overlay changes the identifiers and nothing else', () => {
  test.each(kinds.flatMap((kind) => plainSyntaxes.map((syntax) => ({ kind, syntax }))))(
    'of a $kind in $syntax',
    async ({ kind, syntax }) => {
      const dataSet = reencode(sampleOf(kind), syntax)
      expectOnlyIdentifiersChanged(dataSet, await applied(dataSet, syntax), syntax)
    },
  )

  test('of a deflated CT, after inflating', async () => {
    const syntax = transferSyntax.deflatedExplicitLittleEndian
    const dataSet = reencode(sampleOf('CT'), syntax)
    const after = await applied(dataSet, syntax, overlay, [1000])
    expect(after.length % 2).toBe(0)
    expectOnlyIdentifiersChanged(
      inflateRawSync(dataSet),
      inflateRawSync(after),
      transferSyntax.explicitLittleEndian,
    )
  })

  const files = [...pydicomFiles('test_files'), ...pydicomFiles('charset_files')]
  test.skipIf(files.length === 0)('of every pydicom file it accepts (needs python3-pydicom)', async () => {
    const refused: string[] = []
    let compared = 0
    for (const { name, bytes } of files) {
      let meta
      try {
        meta = readPart10Meta(bytes)
      } catch {
        continue
      }
      const inflated = meta.transferSyntaxUid === transferSyntax.deflatedExplicitLittleEndian
      const syntax = inflated ? transferSyntax.explicitLittleEndian : meta.transferSyntaxUid
      const dataSet = inflated
        ? inflateRawSync(bytes.subarray(meta.dataSetOffset))
        : bytes.subarray(meta.dataSetOffset)
      try {
        const after = await applied(dataSet, syntax)
        expectOnlyIdentifiersChanged(dataSet, after, syntax)
        compared += 1
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('DICOM_UNREADABLE'))
          throw new Error(name, { cause: error })
        refused.push(name)
      }
    }
    // Cut off, or implicit VR that claims to be explicit.
    expect(refused).toEqual(['MR_truncated.dcm', 'SC_rgb_jpeg.dcm', 'rtplan_truncated.dcm'])
    expect(compared).toBeGreaterThan(65)
  })
})

describe('bytes that need no change', () => {
  const same = {
    patientId: { id: patient.id, issuer: patient.issuer },
    modifyingSystem: 'Twiin',
    at: new Date(0),
  }

  test.each([...plainSyntaxes, transferSyntax.deflatedExplicitLittleEndian])(
    'pass identically in %s',
    async (syntax) => {
      const deflated = syntax === transferSyntax.deflatedExplicitLittleEndian
      // At another level than ours, or deflating again would give these bytes by chance.
      const dataSet = deflated
        ? deflateRawSync(sampleOf('MR'), { level: 1 })
        : reencode(sampleOf('MR'), syntax)
      expect(await applied(dataSet, syntax, same)).toEqual(dataSet)
      expect(await applied(dataSet, syntax, { modifyingSystem: 'Twiin', at: new Date(0) })).toEqual(dataSet)
    },
  )

  test('applying the same overlay twice changes nothing the second time', async () => {
    const once = await applied(sampleOf('SR'), transferSyntax.explicitLittleEndian)
    expect(await applied(once, transferSyntax.explicitLittleEndian)).toEqual(once)
  })

  test('however the stream is cut into pieces, the result is the same', async () => {
    for (const syntax of plainSyntaxes) {
      const dataSet = withGroupLengths(sampleOf('SR'), syntax)
      const whole = await applied(dataSet, syntax)
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), async (sizes) => {
          expect(await applied(dataSet, syntax, overlay, sizes)).toEqual(whole)
        }),
        { numRuns: 40 },
      )
    }
  })
})

describe('the trail of originals', () => {
  const element = (tag: number, vr: string, value: string) =>
    encodeElement(tag, vr, value, explicitLittleEndian)
  const earlier = encodeItem([element(tags.modifyingSystem, 'LO', 'Earlier PACS')], explicitLittleEndian)
  const definedLength = encodeSequence(tags.originalAttributesSequence, [earlier], explicitLittleEndian)
  const openEnded = Buffer.concat([
    encodeHeader(tags.originalAttributesSequence, 'SQ', undefinedLength, explicitLittleEndian),
    earlier,
    encodeHeader(tags.sequenceDelimitation, '', 0, explicitLittleEndian),
  ])

  test.each([
    ['of defined length', definedLength],
    ['of undefined length', openEnded],
  ])('keeps the items of an existing sequence %s byte for byte', async (_, sequence) => {
    const dataSet = Buffer.concat([
      element(tags.patientId, 'LO', '42'),
      sequence,
      element(0x4000_4000, 'LT', 'after'),
    ])
    const after = await applied(dataSet, transferSyntax.explicitLittleEndian)
    expect(after.includes(earlier)).toBe(true)
    expectOnlyIdentifiersChanged(dataSet, after, transferSyntax.explicitLittleEndian)
    const { items } = independently(after, transferSyntax.explicitLittleEndian).elements.x04000561 ?? {}
    expect(items?.map((item) => item.dataSet?.string('x04000563'))).toEqual([
      'Earlier PACS',
      'Twiin, Sint Jansdal-Zenith',
    ])
  })

  test('says what was there, also that nothing was, and who changed it when and why', async () => {
    const dataSet = Buffer.concat([
      element(tags.specificCharacterSet, 'CS', 'ISO_IR 100'),
      element(tags.patientId, 'LO', '42'),
      element(tags.issuerOfPatientId, 'LO', 'OOST'),
    ])
    const after = await applied(dataSet, transferSyntax.explicitLittleEndian, {
      ...overlay,
      patientId: { id: '43' },
    })
    const parsed = independently(after, transferSyntax.explicitLittleEndian)
    expect(parsed.elements.x00100021).toBeUndefined()
    const item = parsed.elements.x04000561?.items?.[0]?.dataSet
    const originals = item?.elements.x04000550?.items?.[0]?.dataSet
    expect(originals?.string('x00100021')).toBe('OOST')
    expect(originals?.elements.x00080050?.length).toBe(0)
    expect(originals?.elements.x00080051?.length).toBe(0)
    expect(originals?.elements.x00100024).toBeUndefined()
    expect(item?.string('x04000562')).toBe('20260304050607.089+0000')
    expect(item?.string('x04000563')).toBe('Twiin, Sint Jansdal-Zénith')
    expect(item?.string('x04000564')).toBe('Ziekenhuis Oost')
    expect(item?.string('x04000565')).toBe('COERCE')
  })

  test('is what the head reader sees: the new identifier with its issuer', async () => {
    const after = await applied(sampleOf('CT'), transferSyntax.explicitLittleEndian)
    const input = { transferSyntaxUid: transferSyntax.explicitLittleEndian, head: after, complete: true }
    const head = await readInstanceHead(input)
    expect(head.patientId).toEqual(overlay.patientId)
    expect(head.otherPatientIds).toEqual([{ id: patient.bsn, issuer: 'NLMINBIZA' }])
  })
})

test.each(plainSyntaxes)('group lengths in %s stay true', async (syntax) => {
  const after = await applied(withGroupLengths(sampleOf('CT'), syntax), syntax)
  const parsed = independently(after, syntax)
  for (const group of ['0008', '0010']) {
    const tagsInGroup = Object.keys(parsed.elements).filter((tag) => tag.startsWith(`x${group}`))
    const start = parsed.elements[`x${group}0000`]
    const next = Object.values(parsed.elements).find(({ tag }) => tag > `${tagsInGroup.at(-1)}`)
    const headerBytes = 8
    if (start === undefined || next === undefined) throw new Error('no group length')
    const end = next.dataOffset - headerBytes
    expect(parsed.uint32(`x${group}0000`), group).toBe(end - (start.dataOffset + 4))
  }
})

describe('the overlay refuses', () => {
  test.each([
    ['an ID in other letters than ASCII', { patientId: { id: '12é' } }],
    ['an ID of two values', { patientId: { id: '1\\2' } }],
    ['an empty ID', { patientId: { id: ' ' } }],
    ['an issuer that is too long', { patientId: { id: '1', issuer: 'x'.repeat(65) } }],
    ['an accession number that is too long', { accession: { number: '12345678901234567' } }],
    ['an OID that is none', { patientId: { id: '1', issuerOid: 'BSN' } }],
  ])('%s', async (_, change) => {
    const wrong = { modifyingSystem: 'Twiin', at: new Date(0), ...change }
    await expect(applied(sampleOf('SR'), transferSyntax.explicitLittleEndian, wrong)).rejects.toThrow(
      'OVERLAY_INVALID',
    )
  })

  test('a data set that is cut off, unless the cut leaves whole elements', async () => {
    const dataSet = sampleOf('SR')
    const whole = new Set(cutsBetweenElements(dataSet))
    for (let length = 1; length < dataSet.length; length += 7) {
      const outcome = applied(dataSet.subarray(0, length), transferSyntax.explicitLittleEndian)
      if (whole.has(length)) await outcome
      else await expect(outcome).rejects.toThrow('DICOM_UNREADABLE')
    }
  })

  test.each(hostileDataSets().map((hostile) => [hostile.name, hostile] as const))(
    'or passes unharmed: %s',
    async (_, { transferSyntaxUid, dataSet }) => {
      const outcome = await applied(dataSet, transferSyntaxUid).catch(String)
      expect(outcome).toSatisfy(
        (it: unknown) => Buffer.isBuffer(it) || String(it).includes('DICOM_UNREADABLE'),
      )
    },
  )

  test('and keeps nobody busy for each of its small elements: they leave in no more pieces than they came in', async () => {
    const bomb = hostileDataSets().find(({ name }) => name === 'a deflate bomb of small elements')
    if (bomb === undefined) throw new Error('no such data set')
    const dataSet = inflateRawSync(bomb.dataSet, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, 1 << 20)
    let pieces = 0
    const change = {
      transferSyntaxUid: transferSyntax.explicitLittleEndian,
      dataSet: inPieces(dataSet, [1 << 16]),
    }
    for await (const piece of applyOverlay(overlay, change)) if (piece.length > 0) pieces++
    expect(pieces).toBeLessThanOrEqual(17)
  })

  test('a second patient ID, which another reader might believe', async () => {
    const two = hostileDataSets().find(({ name }) => name === 'two patient IDs')
    if (two === undefined) throw new Error('no such data set')
    await expect(applied(two.dataSet, two.transferSyntaxUid)).rejects.toThrow('repeated or out of order')
  })
})

/** Lengths at which a top-level element ends: cut there, a data set looks whole. */
function cutsBetweenElements(dataSet: Uint8Array): number[] {
  const parsed = independently(dataSet, transferSyntax.explicitLittleEndian)
  const base = parsed.byteArray.length - dataSet.length
  const longForm = (vr = '') => ['OB', 'OW', 'SQ', 'UT', 'UN'].includes(vr)
  return Object.values(parsed.elements).map(
    ({ dataOffset, vr }) => dataOffset - base - (longForm(vr) ? 12 : 8),
  )
}

/** The data set with (0008,0000) and (0010,0000), as older senders write them. */
function withGroupLengths(explicitDataSet: Uint8Array, syntax: string): Buffer {
  const plain = reencode(explicitDataSet, syntax)
  const encoding = {
    explicit: syntax !== transferSyntax.implicitLittleEndian,
    littleEndian: syntax !== transferSyntax.explicitBigEndian,
  }
  const parsed = independently(plain, syntax)
  const base = parsed.byteArray.length - plain.length
  const startOf = (group: string) => {
    const first = Object.values(parsed.elements).find(({ tag }) => tag >= `x${group}`)
    return (first?.dataOffset ?? 0) - 8 - base
  }
  const [g8, g10, g18] = [startOf('0008'), startOf('0010'), startOf('0018')]
  return Buffer.concat([
    encodeUint32(0x0008_0000, g10 - g8, encoding),
    plain.subarray(g8, g10),
    encodeUint32(0x0010_0000, g18 - g10, encoding),
    plain.subarray(g10),
  ])
}
