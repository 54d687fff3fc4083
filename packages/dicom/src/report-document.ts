import { TwiinError } from '@twiin/runtime'
import type { InstanceReference } from './authored-instance.ts'
import { readDocumentTree } from './document-tree.ts'
import type { DocumentNode } from './document-tree.ts'
import { inflate } from './inflate.ts'
import { dateOf, linesOf, observerName, readableName, timeOf, titleCode } from './report-content.ts'
import type { Code, ReportLine } from './report-content.ts'
import { completionOf } from './structured-report.ts'
import type { ReportStatus } from './structured-report.ts'
import { tags } from './tags.ts'
import { describeTransferSyntax } from './transfer-syntax.ts'
import { unreadable } from './unreadable.ts'

/** A structured report is text; the largest known ones (dose, measurements) stay far below. */
const structuredReportBytes = 4 * 1024 * 1024
/** A scanned report of a hundred pages. */
const encapsulatedBytes = 65 * 1024 * 1024

const tag = {
  contentDate: 0x0008_0023,
  contentTime: 0x0008_0033,
  completion: 0x0040_a491,
  completionDescription: 0x0040_a492,
  preliminary: 0x0040_a496,
  verifyingObservers: 0x0040_a073,
  verifyingName: 0x0040_a075,
  authors: 0x0040_a078,
  personName: 0x0040_a123,
  predecessors: 0x0040_a360,
  evidence: 0x0040_a375,
  referencedSeries: 0x0008_1115,
  referencedSop: 0x0008_1199,
  referencedClass: 0x0008_1150,
  referencedInstance: 0x0008_1155,
  documentTitle: 0x0042_0010,
  document: 0x0042_0011,
  documentType: 0x0042_0012,
  documentLength: 0x0042_0015,
} as const

/** A document of a study as a reader sees it. Holds patient data. */
export interface ReportDocument extends InstanceReference {
  title: string
  titleCode: Code | undefined
  status: ReportStatus
  /** `YYYY-MM-DD` and `HH:MM[:SS]`, or empty. */
  date: string
  time: string
  author: string
  institution: string
  patient: { name: string; birthDate: string; id: string; sex: string; issuer: string }
  study: { date: string; time: string; description: string; accessionNumber: string }
  /** UIDs of the versions it follows on. */
  predecessors: string[]
  lines: ReportLine[]
  /** Of an encapsulated one: its media type and bytes, as they came. */
  encapsulated?: { type: string; bytes: Uint8Array }
}

export interface DocumentSource {
  transferSyntaxUid: string
  /** Bytes of the data set as it is kept. */
  size: number
  dataSet: AsyncIterable<Uint8Array>
}

/** Reads a structured report, key object selection or encapsulated document. Throws `REPORT_TOO_LARGE`, `DICOM_UNREADABLE`. */
export async function readReportDocument(
  source: DocumentSource,
  { isEncapsulated }: { isEncapsulated: boolean },
): Promise<ReportDocument> {
  const node = await readDocument(source, isEncapsulated ? encapsulatedBytes : structuredReportBytes)
  const title = titleCode(node)
  const encapsulated = isEncapsulated ? encapsulatedIn(node) : undefined
  return {
    studyInstanceUid: node.uid(tags.studyInstanceUid),
    seriesInstanceUid: node.uid(tags.seriesInstanceUid),
    sopClassUid: node.uid(tags.sopClassUid),
    sopInstanceUid: node.uid(tags.sopInstanceUid),
    title: (node.text(tag.documentTitle).trim() || title?.meaning || '').slice(0, 256),
    titleCode: title,
    status: statusOf(node),
    date: dateOf(node.text(tag.contentDate)),
    time: timeOf(node.text(tag.contentTime)),
    author: authorOf(node).slice(0, 256),
    institution: node.text(tags.institutionName).trim().slice(0, 256),
    patient: {
      name: node.text(tags.patientName, 'name').trim().slice(0, 1024),
      birthDate: dateOf(node.text(tags.patientBirthDate)),
      id: node.text(tags.patientId).trim().slice(0, 256),
      issuer: node.text(tags.issuerOfPatientId).trim().slice(0, 256),
      sex: node.text(tags.patientSex).trim().slice(0, 16),
    },
    study: {
      date: dateOf(node.text(tags.studyDate)),
      time: timeOf(node.text(tags.studyTime)),
      description: node.text(tags.studyDescription).trim().slice(0, 256),
      accessionNumber: node.text(tags.accessionNumber).trim().slice(0, 256),
    },
    predecessors: referencesIn(node, tag.predecessors).map(({ sopInstanceUid }) => sopInstanceUid),
    lines: linesOf(node),
    ...(encapsulated === undefined ? {} : { encapsulated }),
  }
}

/** What a key object selection is called, and every instance it names. */
export interface KeyObjects {
  title: Code | undefined
  studyInstanceUid: string
  references: InstanceReference[]
  lines: ReportLine[]
}

/** More instances than a manifest can have are in no study. */
const mostReferences = 20_000

/** Throws `REPORT_TOO_LARGE`, `DICOM_UNREADABLE`. */
export async function readKeyObjects(source: DocumentSource): Promise<KeyObjects> {
  const node = await readDocument(source, 2 * structuredReportBytes)
  const references = referencesIn(node, tag.evidence)
  if (references.length > mostReferences) throw unreadable('too many references')
  return {
    title: titleCode(node),
    studyInstanceUid: node.uid(tags.studyInstanceUid),
    references,
    lines: linesOf(node).filter(({ text }) => !/^[0-9.]+$/.test(text)),
  }
}

async function readDocument(source: DocumentSource, mostBytes: number): Promise<DocumentNode> {
  const syntax = describeTransferSyntax(source.transferSyntaxUid)
  if (syntax === undefined) throw unreadable('unknown transfer syntax')
  if (source.size > mostBytes) throw new TwiinError('REPORT_TOO_LARGE')
  const chunks: Uint8Array[] = []
  const { dataSet } = source
  for await (const chunk of syntax.deflated ? inflate(dataSet, { maxBytes: mostBytes }) : dataSet)
    chunks.push(chunk)
  return readDocumentTree(Buffer.concat(chunks), syntax)
}

function encapsulatedIn(node: DocumentNode): ReportDocument['encapsulated'] {
  const bytes = node.bytes(tag.document)
  if (bytes === undefined) return undefined
  const [stated = bytes.length] = node.numbers(tag.documentLength, 1)
  return {
    type: node.text(tag.documentType).trim().slice(0, 64),
    // PS3.3 C.24.2.5: the length without the padding; one that is wrong is none.
    bytes: bytes.subarray(0, stated === bytes.length - 1 ? stated : bytes.length),
  }
}

function statusOf(node: DocumentNode): ReportStatus {
  const described = node.text(tag.completionDescription).trim().toLowerCase()
  const [ours] = Object.entries(completionOf).find(([, text]) => text.toLowerCase() === described) ?? []
  if (ours !== undefined) return ours as ReportStatus
  if (node.text(tag.preliminary).trim() === 'PRELIMINARY' || node.text(tag.completion).trim() === 'PARTIAL')
    return 'preliminary'
  return node.items(tag.predecessors).length > 0 ? 'corrected' : 'final'
}

function authorOf(node: DocumentNode): string {
  const [verifier] = node.items(tag.verifyingObservers)
  const [author] = node.items(tag.authors)
  return readableName(
    verifier?.text(tag.verifyingName, 'name') || author?.text(tag.personName, 'name') || observerName(node),
  )
}

/** By study, series and instance (PS3.3 table C.17-3b). */
function referencesIn(node: DocumentNode, sequence: number): InstanceReference[] {
  return node.items(sequence).flatMap((study) =>
    study.items(tag.referencedSeries).flatMap((series) =>
      series.items(tag.referencedSop).map((sop) => ({
        studyInstanceUid: study.uid(tags.studyInstanceUid),
        seriesInstanceUid: series.uid(tags.seriesInstanceUid),
        sopClassUid: sop.uid(tag.referencedClass),
        sopInstanceUid: sop.uid(tag.referencedInstance),
      })),
    ),
  )
}
