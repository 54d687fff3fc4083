import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { authorInstance, codeItem, contextAttributes, dcm } from './authored-instance.ts'
import type { AuthoredInstance } from './authored-instance.ts'
import type { NaturalDataSet } from './dcmjs.ts'
import { encodeElement, encodeHeader } from './element-encoding.ts'
import { explicitLittleEndian } from './element-header.ts'
import { authorEncapsulatedPdf } from './encapsulated-pdf.ts'
import { authorRejectionNote, rejectionTitles } from './key-object-selection.ts'
import { readPart10Meta } from './part10.ts'
import { readKeyObjects, readReportDocument } from './report-document.ts'
import { authorStructuredReport } from './structured-report.ts'
import { transferSyntax } from './transfer-syntax.ts'

const context = {
  patient: {
    ...{ id: '4711', issuer: 'A', name: 'Jánsen^Анна=山田', birthDate: '1960-02-03', sex: 'F' },
    citizenNumber: '999990019',
  },
  study: {
    ...{ studyInstanceUid: '2.25.1', date: '2026-01-05', time: '10:00:00' },
    ...{ description: 'CT thorax', accessionNumber: 'ACC1' },
  },
  ...{ seriesInstanceUid: '2.25.2', seriesNumber: 9001, sopInstanceUid: '2.25.3', instanceNumber: 1 },
  ...{ institution: 'Ziekenhuis A (fictief)', contentDate: '20260105', contentTime: '110000' },
}
const earlier = {
  ...{ studyInstanceUid: '2.25.1', seriesInstanceUid: '2.25.2' },
  ...{ sopClassUid: '1.2.840.10008.5.1.4.1.1.88.11', sopInstanceUid: '2.25.33' },
}
const image = {
  ...{ studyInstanceUid: '2.25.1', seriesInstanceUid: '2.25.5' },
  ...{ sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '2.25.6' },
}
const report = () =>
  authorStructuredReport({
    ...{ ...context, status: 'corrected', author: 'Groot^R.', predecessors: [earlier] },
    ...{ fillerOrderNumber: 'F1', placerOrderNumber: 'P1' },
    sections: [
      { heading: 'history', text: 'Hoesten\nsinds 2 weken' },
      { heading: 'findings', text: 'Geen afwijkingen. Ω ж é \\ 東京' },
      { heading: 'conclusion', text: 'Normaal\u0007' },
    ],
  })
const pdfBytes = Buffer.from('%PDF-1.4\n% nothing\n%%EOF')
const pdf = () =>
  authorEncapsulatedPdf({ ...context, status: 'final', title: 'Verslag', pdf: pdfBytes, predecessors: [] })
const note = (title: keyof typeof rejectionTitles = 'quality') =>
  authorRejectionNote({ ...context, title, reason: 'bewogen', rejected: [image, earlier] })

async function* bytesOf(bytes: Uint8Array) {
  yield bytes
}
const source = (bytes: Uint8Array, transferSyntaxUid: string = transferSyntax.explicitLittleEndian) => ({
  ...{ transferSyntaxUid, size: bytes.length, dataSet: bytesOf(bytes) },
})
const contentOf = ({ file, dataSetOffset }: AuthoredInstance) => file.subarray(dataSetOffset)
const read = (bytes: Uint8Array, isEncapsulated = false) =>
  readReportDocument(source(bytes), { isEncapsulated })

describe('a structured report', () => {
  it('is the same bytes every time, and says what was put in', async () => {
    expect(report().file.equals(report().file)).toBe(true)
    const document = await read(contentOf(report()))
    expect(document).toMatchObject({
      ...{ sopInstanceUid: '2.25.3', studyInstanceUid: '2.25.1', title: 'Diagnostic imaging report' },
      ...{ status: 'corrected', date: '2026-01-05', time: '11:00:00', author: 'Groot, R.' },
      ...{ predecessors: ['2.25.33'], institution: 'Ziekenhuis A (fictief)' },
      patient: { name: 'Jánsen^Анна=山田', birthDate: '1960-02-03', id: '4711' },
    })
    expect(document.lines.map(({ level, text }) => `${level} ${text}`)).toEqual([
      ...['0 History', '1 Hoesten\nsinds 2 weken', '0 Findings', '1 Geen afwijkingen. Ω ж é \\ 東京'],
      ...['0 Conclusions', '1 Normaal'],
    ])
  })

  it('of another maker is read, whatever its values are', async () => {
    const concept = (meaning: string) => ({ ConceptNameCodeSequence: [codeItem(dcm('1', meaning))] })
    const item = (ValueType: string, name: string, value: NaturalDataSet): NaturalDataSet => ({
      ...{ RelationshipType: 'CONTAINS', ValueType, ...concept(name), ...value },
    })
    const reference = (frames?: number[]) => ({
      ReferencedSOPSequence: [
        {
          ReferencedSOPClassUID: image.sopClassUid,
          ReferencedSOPInstanceUID: image.sopInstanceUid,
          ...(frames === undefined ? {} : { ReferencedFrameNumber: frames }),
        },
      ],
    })
    const { file, dataSetOffset } = authorInstance('1.2.840.10008.5.1.4.1.1.88.33', {
      ...contextAttributes(context),
      ...{ ValueType: 'CONTAINER', ...concept('Meting'), CompletionFlag: 'COMPLETE' },
      ContentSequence: [
        item('TEXT', 'Tekst', { TextValue: 'a\r\nb' }),
        item('CODE', 'Kant', { ConceptCodeSequence: [codeItem(dcm('2', 'Links'))] }),
        item('NUM', 'Lengte', {
          MeasuredValueSequence: [
            {
              NumericValue: 12.5,
              MeasurementUnitsCodeSequence: [
                codeItem({ value: 'mm', scheme: 'UCUM', meaning: 'millimeter' }),
              ],
            },
          ],
        }),
        item('NUM', 'Breedte', {
          MeasuredValueSequence: [],
          NumericValueQualifierCodeSequence: [codeItem(dcm('114000', 'Not a number'))],
        }),
        item('PNAME', 'Arts', { PersonName: 'Groot^R.' }),
        item('DATE', 'Dag', { Date: '20260105' }),
        item('TIME', 'Tijd', { Time: '101500.123' }),
        item('DATETIME', 'Moment', { DateTime: '20260105101500' }),
        item('UIDREF', 'Object', { UID: '2.25.7' }),
        item('IMAGE', 'Beeld', reference([1, 3])),
        item('COMPOSITE', 'Bijlage', reference()),
        item('SCOORD', 'Plek', { GraphicType: 'POINT' }),
        item('CONTAINER', 'Groep', { ContentSequence: [item('TEXT', 'Onder', { TextValue: 'diep' })] }),
        { RelationshipType: 'INFERRED FROM', ReferencedContentItemIdentifier: [1, 3] },
      ],
    })
    const { lines, status } = await read(file.subarray(dataSetOffset))
    expect(status).toBe('final')
    expect(lines.map(({ text }) => text)).toEqual([
      ...['Tekst: a\nb', 'Kant: Links', 'Lengte: 12.5 mm', 'Breedte: Not a number', 'Arts: Groot, R.'],
      ...['Dag: 2026-01-05', 'Tijd: 10:15:00', 'Moment: 2026-01-05 10:15:00', 'Object: 2.25.7'],
      ...['Beeld: 2.25.6 (1\\3)', 'Bijlage: 2.25.6', 'Plek: POINT', 'Groep', 'Onder: diep', '→ 1.3'],
    ])
  })

  const samples = '/usr/lib/python3/dist-packages/pydicom/data/test_files'
  it.skipIf(!existsSync(samples))(
    'of pydicom is read, in implicit VR too (needs python3-pydicom)',
    async () => {
      for (const name of ['test-SR.dcm', 'reportsi.dcm']) {
        const file = await readFile(join(samples, name))
        const { dataSetOffset, transferSyntaxUid } = readPart10Meta(file)
        const document = await readReportDocument(source(file.subarray(dataSetOffset), transferSyntaxUid), {
          isEncapsulated: false,
        })
        expect(document.lines.length).toBeGreaterThan(5)
      }
    },
  )
})

describe('a hostile structured report', () => {
  const head = contentOf(report())
  const explicit = (tag: number, vr: string, value: Uint8Array | string) =>
    encodeElement(tag, vr, value, explicitLittleEndian)
  const textItem = (text: string) => {
    const elements = [explicit(0x0040_a040, 'CS', 'TEXT'), explicit(0x0040_a160, 'UT', text)]
    const content = Buffer.concat(elements)
    return Buffer.concat([encodeHeader(0xfffe_e000, '', content.length, explicitLittleEndian), content])
  }
  const withContent = (items: Uint8Array[]) => {
    const content = Buffer.concat(items)
    return Buffer.concat([
      explicit(0x0008_0016, 'UI', '1.2.840.10008.5.1.4.1.1.88.11'),
      encodeHeader(0x0040_a730, 'SQ', content.length, explicitLittleEndian),
      content,
    ])
  }

  it.each([
    [
      'nested without end',
      Buffer.concat(
        Array.from({ length: 4000 }).flatMap(() => [
          encodeHeader(0x0040_a730, 'SQ', 0xffff_ffff, explicitLittleEndian),
          encodeHeader(0xfffe_e000, '', 0xffff_ffff, explicitLittleEndian),
        ]),
      ),
      'nested too deeply',
    ],
    [
      'of empty items',
      withContent([
        Buffer.concat(Array(400_000).fill(encodeHeader(0xfffe_e000, '', 0, explicitLittleEndian))),
      ]),
      'too many elements',
    ],
    ['that is cut off', head.subarray(0, head.length - 5), ''],
    [
      'that claims more than there is',
      Buffer.concat([head, encodeHeader(0x0042_0011, 'OB', 0x7fff_ffff, explicitLittleEndian)]),
      'a length runs past its item',
    ],
    ['that is no data set', Buffer.alloc(1000, 0xff), ''],
  ])('%s is refused at once', async (_what, bytes, reason) => {
    const begun = performance.now()
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'DICOM_UNREADABLE',
      ...(reason === '' ? {} : { facts: { reason } }),
    })
    expect(performance.now() - begun).toBeLessThan(5000)
  })

  it('of megabytes of text says where it was cut, and of more than that is refused', async () => {
    const { lines } = await read(withContent([textItem('x'.repeat(1_000_000)), textItem('y')]))
    expect(lines.map(({ text }) => text.length)).toEqual([256 * 1024, expect.any(Number)])
    expect(lines.at(-1)?.text).toContain('afgekapt')
    await expect(read(withContent([textItem('x'.repeat(5_000_000))]))).rejects.toMatchObject({
      code: 'REPORT_TOO_LARGE',
    })
  })

  it('of too many items says so', async () => {
    const { lines } = await read(withContent(Array.from({ length: 10_500 }, () => textItem('x'))))
    expect(lines).toHaveLength(10_001)
    expect(lines.at(-1)?.text).toContain('afgekapt')
  })
})

describe('an encapsulated PDF', () => {
  it('gives back the bytes that were put in, of odd length too', async () => {
    expect(pdfBytes.length % 2).toBe(0)
    for (const bytes of [pdfBytes, Buffer.concat([pdfBytes, Buffer.from('\n')])]) {
      const authored = authorEncapsulatedPdf({
        ...{ ...context, status: 'corrected', title: 'Verslag', pdf: bytes, predecessors: [earlier] },
      })
      const document = await read(contentOf(authored), true)
      expect(document).toMatchObject({
        ...{ title: 'Verslag', status: 'corrected', predecessors: ['2.25.33'] },
        encapsulated: { type: 'application/pdf' },
      })
      expect(Buffer.from(document.encapsulated?.bytes ?? []).equals(bytes)).toBe(true)
    }
  })
})

describe('a rejection note', () => {
  it('names what is taken back, and why', async () => {
    for (const title of ['quality', 'patient-safety', 'worklist-entry', 'retention'] as const) {
      const { title: code, references, lines } = await readKeyObjects(source(contentOf(note(title))))
      expect(code).toEqual(rejectionTitles[title])
      expect(references).toEqual([image, earlier])
      expect(lines.map(({ text }) => text)).toContain('Key Object Description: bewogen')
    }
  })
})

describe('by the tools of others (needs dciodvfy and DCMTK)', () => {
  const verifiers = ['/usr/bin/dciodvfy', '/usr/bin/dsrdump', '/usr/bin/dcm2pdf']
  it.skipIf(!verifiers.every(existsSync))('what we write is valid and says the same', () => {
    const dir = mkdtempSync(join(tmpdir(), 'twiin-report-'))
    const run = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8' })
    try {
      const files = { sr: report(), pdf: pdf(), quality: note(), safety: note('patient-safety') }
      for (const [name, { file }] of Object.entries(files)) {
        const path = join(dir, `${name}.dcm`)
        writeFileSync(path, file)
        const { stderr, status } = run('dciodvfy', path)
        expect(stderr).not.toMatch(/^Error/m)
        expect(status).toBe(0)
      }
      const dump = run('dsrdump', join(dir, 'sr.dcm'))
      expect(dump.status).toBe(0)
      expect(dump.stdout).toContain('Geen afwijkingen. Ω ж é')
      expect(run('dsrdump', join(dir, 'quality.dcm')).stdout).toContain('Rejected for Quality Reasons')
      expect(run('dcm2pdf', join(dir, 'pdf.dcm'), join(dir, 'out.pdf')).status).toBe(0)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})
