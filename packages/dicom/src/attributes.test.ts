import { describe, expect, it } from 'vitest'
import { attribute, textOf, vrOf } from './attributes.ts'
import type { Attributes } from './attributes.ts'
import { tagOfKeyword } from './dcmjs.ts'
import { decodeAttributes, decodeIdentifier, identifierBytesLimit } from './decode-attributes.ts'
import { encodeIdentifier } from './encode-attributes.ts'
import { encodeElement, encodeHeader } from './element-encoding.ts'
import { explicitLittleEndian } from './element-header.ts'
import { fromDicomJson, toDicomJson } from './dicom-json.ts'
import { readPart10Meta } from './part10.ts'
import { pydicomFiles, sampleStudy } from './testing.ts'
import { transferSyntax } from './transfer-syntax.ts'

const syntaxes = [
  transferSyntax.implicitLittleEndian,
  transferSyntax.explicitLittleEndian,
  transferSyntax.explicitBigEndian,
  transferSyntax.deflatedExplicitLittleEndian,
]
const name = 'Κωνσταντινίδης^Ελένη=山田^太郎=やまだ^たろう'
const answer: Attributes = new Map([
  attribute('00080005', 'ISO_IR 192'),
  attribute('00080016', '1.2.840.10008.5.1.4.1.1.2'),
  attribute('00080020', '20260105'),
  attribute('00080061', 'CT', 'SR'),
  attribute('00081199', new Map([attribute('00081150', '1.2.3')]), new Map([attribute('00081150', '1.2.4')])),
  attribute('00100010', name),
  attribute('00101030', '71.50'),
  attribute('00201208', '12'),
  attribute('00280010', 512),
  attribute('00280009', '00181063'),
  attribute('00700022', -1.5),
])
const all = { maxBytes: 1e9, maxElements: 1e6, keepBytes: 1024, untilPixelData: true }

describe('an identifier', () => {
  it.each(syntaxes)('says the same after it was written and read in %s', async (syntax) => {
    expect(await decodeIdentifier(encodeIdentifier(answer, syntax), syntax)).toEqual(answer)
  })

  it('goes out in the set that its reader asked in, when that suffices', async () => {
    const written = async (patientName: string, prefers: string) => {
      const bytes = encodeIdentifier(
        new Map([attribute('00100010', patientName)]),
        transferSyntax.implicitLittleEndian,
        { prefers },
      )
      const read = await decodeIdentifier(bytes, transferSyntax.implicitLittleEndian)
      expect(textOf(read, '00100010')).toBe(patientName)
      return textOf(read, '00080005')
    }
    expect(await written('Jansen^Anna', 'ISO_IR 100')).toBe('')
    expect(await written('Jansén^Zoë', 'ISO_IR 100')).toBe('ISO_IR 100')
    expect(await written('Jansén^Zoë', 'ISO_IR 144')).toBe('ISO_IR 192')
    expect(await written('Иванов^Пётр', 'ISO_IR 100')).toBe('ISO_IR 192')
  })

  it('is read in several character sets, of an item too', async () => {
    const element = (tag: number, vr: string, value: string) =>
      encodeElement(tag, vr, Buffer.from(value, 'latin1'), explicitLittleEndian)
    const japanese = 'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B'
    const greek = Buffer.concat([
      element(0x0008_0005, 'CS', 'ISO_IR 126'),
      element(0x0010_0010, 'PN', '\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2'),
    ])
    const item = Buffer.concat([encodeHeader(0xfffe_e000, '', greek.length, explicitLittleEndian), greek])
    const bytes = Buffer.concat([
      element(0x0008_0005, 'CS', '\\ISO 2022 IR 87'),
      element(0x0010_0010, 'PN', japanese),
      encodeHeader(0x0040_0275, 'SQ', item.length, explicitLittleEndian),
      item,
    ])
    const read = await decodeIdentifier(bytes, transferSyntax.explicitLittleEndian)
    expect(textOf(read, '00100010')).toBe('Yamada^Tarou=山田^太郎')
    const [first] = read.get('00400275')?.value ?? []
    expect(first instanceof Map && textOf(first, '00100010')).toBe('Διονυσιος')
  })

  it('is refused when it is too long, too deep, repeated, or cut off', async () => {
    const refuses = (bytes: Uint8Array, syntax: string = transferSyntax.explicitLittleEndian) =>
      expect(decodeIdentifier(bytes, syntax)).rejects.toMatchObject({ code: 'DICOM_UNREADABLE' })
    const id = encodeElement(0x0010_0020, 'LO', '1', explicitLittleEndian)
    await refuses(Buffer.alloc(identifierBytesLimit + 2))
    await refuses(Buffer.concat([id, id]))
    await refuses(id.subarray(0, id.length - 1))
    await refuses(encodeHeader(0x0010_0010, 'PN', 60_000, explicitLittleEndian))
    const nest = [
      encodeHeader(0x0040_0275, 'SQ', 0xffff_ffff, explicitLittleEndian),
      encodeHeader(0xfffe_e000, '', 0xffff_ffff, explicitLittleEndian),
    ]
    await refuses(Buffer.concat(Array.from({ length: 2000 }, () => nest).flat()))
    const bomb = encodeIdentifier(
      new Map([['00081199', { vr: 'SQ', value: Array.from({ length: 100_000 }, () => new Map()) }]]),
      transferSyntax.deflatedExplicitLittleEndian,
    )
    expect(bomb.length).toBeLessThan(identifierBytesLimit)
    await refuses(bomb, transferSyntax.deflatedExplicitLittleEndian)
  })

  it('is never misread: whatever is made of it, it is read or refused', async () => {
    const whole = encodeIdentifier(answer, transferSyntax.explicitLittleEndian)
    for (let at = 0; at < whole.length; at++) {
      const mutated = Buffer.from(whole)
      mutated[at] = (mutated[at] ?? 0) ^ 0xff
      for (const bytes of [mutated, whole.subarray(0, at)]) {
        await decodeIdentifier(bytes, transferSyntax.explicitLittleEndian).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'DICOM_UNREADABLE' })
        })
      }
    }
  })
})

describe('what others made', () => {
  it('is read up to its pixel data, and its bulk is left where it stands', async () => {
    const [sample] = sampleStudy({
      kind: 'CT',
      seed: 'attributes',
      instances: 1,
      patient: { id: '1', name: 'Jansén^Zoë', birthDate: '1960-01-01', sex: 'F' },
      studyDate: '2026-01-05',
      description: 'CT thorax',
      institution: 'Ziekenhuis A (fictief)',
    })
    if (sample === undefined) throw new Error('no sample')
    const { dataSetOffset, transferSyntaxUid } = readPart10Meta(sample.bytes)
    const dataSet = sample.bytes.subarray(dataSetOffset)
    const read = await decodeAttributes(dataSet, transferSyntaxUid, { ...all, keepBytes: 16 })
    expect(textOf(read, '00100010')).toBe('Jansén^Zoë')
    const pixels = read.get('7FE00010')
    expect(pixels?.left?.length).toBe(256 * 256 * 2)
    expect(dataSet.length).toBe((pixels?.left?.offset ?? 0) + (pixels?.left?.length ?? 0))
  })

  it.each(pydicomFiles('charset_files').map((file) => [file.name, file.bytes] as const))(
    'keeps its letters through JSON and back: %s',
    async (_, bytes) => {
      const { dataSetOffset, transferSyntaxUid } = readPart10Meta(bytes)
      const read = await decodeAttributes(bytes.subarray(dataSetOffset), transferSyntaxUid, all)
      const json = JSON.stringify(toDicomJson(read))
      expect(json).toContain('Alphabetic')
      expect(json).not.toMatch(/\\u001b|\ufffd/)
      expect(JSON.stringify(toDicomJson(fromDicomJson(JSON.parse(json))))).toBe(json)
    },
  )
})

describe('DICOM JSON', () => {
  it('is that of PS3.18 annex F, and says the same when it comes back', () => {
    const json = toDicomJson(answer)
    expect(json['00100010']).toEqual({
      vr: 'PN',
      Value: [{ Alphabetic: 'Κωνσταντινίδης^Ελένη', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' }],
    })
    expect(json['00201208']).toEqual({ vr: 'IS', Value: [12] })
    expect(json['00101030']).toEqual({ vr: 'DS', Value: [71.5] })
    expect(json['00081199']?.Value).toHaveLength(2)
    expect(toDicomJson(fromDicomJson(JSON.parse(JSON.stringify(json))))).toEqual(json)
  })

  it('takes no key that is not a tag, and no value that is not of its VR', () => {
    const hostile = JSON.parse(
      '{"__proto__":{"vr":"LO","Value":["x"]},"constructor":{"vr":"LO"},"0010002g":{"vr":"LO"},"00100020":{"vr":"LO","Value":["1"]}}',
    ) as unknown
    expect([...fromDicomJson(hostile).keys()]).toEqual(['00100020'])
    for (const wrong of [
      { '00100020': { vr: 'LO', Value: [{ Alphabetic: 'x' }] } },
      { '00100020': { vr: 'LO', Value: ['a\\b'] } },
      { '00100020': { vr: 'XX', Value: ['a'] } },
      { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'a=b' }] } },
      { '7FE00010': { vr: 'OW', BulkDataURI: 'http://x' } },
      [],
    ]) {
      expect(() => fromDicomJson(wrong)).toThrow('DICOM_UNREADABLE')
    }
  })
})

describe('the dictionary', () => {
  it('knows attributes by tag and keyword, and nothing that is none', () => {
    expect(tagOfKeyword('StudyInstanceUID')).toBe('0020000D')
    expect(tagOfKeyword('constructor')).toBeUndefined()
    expect([vrOf('00100010'), vrOf('00090010'), vrOf('00091001'), vrOf('7FE00010')]).toEqual([
      'PN',
      'LO',
      'UN',
      'OW',
    ])
  })
})
