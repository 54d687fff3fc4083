import { authorInstance, codeItem, contextAttributes, dcm, referencesByStudy } from './authored-instance.ts'
import type { AuthoredInstance, Concept, DocumentContext, InstanceReference } from './authored-instance.ts'
import type { NaturalDataSet } from './dcmjs.ts'

/** PS3.4 annex B.5: Basic Text SR Storage. */
const basicTextSr = '1.2.840.10008.5.1.4.1.1.88.11'

export type ReportStatus = 'preliminary' | 'final' | 'corrected' | 'addendum'

/** Parts of a diagnostic imaging report (PS3.16 CID 7001), each with the element its text stands in (CID 7002). */
const headings = {
  history: [dcm('121060', 'History'), dcm('121060', 'History')],
  findings: [dcm('121070', 'Findings'), dcm('121071', 'Finding')],
  conclusion: [dcm('121076', 'Conclusions'), dcm('121077', 'Conclusion')],
  addendum: [dcm('121078', 'Addendum'), dcm('121078', 'Addendum')],
} as const satisfies Record<string, readonly [Concept, Concept]>
export type ReportHeading = keyof typeof headings

export interface StructuredReportOptions extends DocumentContext {
  status: ReportStatus
  sections: readonly { heading: ReportHeading; text: string }[]
  /** Who wrote it: `Naam^Voornaam`. */
  author?: string
  /** Versions that this one follows on. */
  predecessors: readonly InstanceReference[]
  fillerOrderNumber: string
  placerOrderNumber: string
}

/** What (0040,A492) says of each status; how a reader tells a correction from an addendum. */
export const completionOf: Readonly<Record<ReportStatus, string>> = {
  preliminary: 'Preliminary',
  final: 'Final',
  corrected: 'Corrected',
  addendum: 'Addendum',
}

/** A Basic Text SR (PS3.3 §A.35.1) by TID 2000. The same options give the same bytes. */
export function authorStructuredReport(options: StructuredReportOptions): AuthoredInstance {
  const { status, author, predecessors, study } = options
  return authorInstance(basicTextSr, {
    ...contextAttributes(options),
    ReferencedPerformedProcedureStepSequence: [],
    Modality: 'SR',
    PreliminaryFlag: status === 'preliminary' ? 'PRELIMINARY' : 'FINAL',
    CompletionFlag: status === 'preliminary' ? 'PARTIAL' : 'COMPLETE',
    CompletionFlagDescription: completionOf[status],
    // Who signed it in the RIS is not proved to us.
    VerificationFlag: 'UNVERIFIED',
    ...(predecessors.length === 0 ? {} : { PredecessorDocumentsSequence: referencesByStudy(predecessors) }),
    PerformedProcedureCodeSequence: [],
    ReferencedRequestSequence: [
      {
        StudyInstanceUID: study.studyInstanceUid,
        ReferencedStudySequence: [],
        AccessionNumber: study.accessionNumber.slice(0, 16),
        PlacerOrderNumberImagingServiceRequest: options.placerOrderNumber.slice(0, 64),
        FillerOrderNumberImagingServiceRequest: options.fillerOrderNumber.slice(0, 64),
        RequestedProcedureID: '',
        RequestedProcedureDescription: '',
        RequestedProcedureCodeSequence: [],
      },
    ],
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: [
      codeItem({ value: '18748-4', scheme: 'LN', meaning: 'Diagnostic imaging report' }),
    ],
    ContinuityOfContent: 'SEPARATE',
    ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '2000' }],
    ContentSequence: [language, ...observer(author), ...options.sections.map(section)],
  })
}

/** TID 1204. */
const language: NaturalDataSet = {
  RelationshipType: 'HAS CONCEPT MOD',
  ValueType: 'CODE',
  ConceptNameCodeSequence: [codeItem(dcm('121049', 'Language of Content Item and Descendants'))],
  ConceptCodeSequence: [codeItem({ value: 'nl', scheme: 'RFC5646', meaning: 'Dutch' })],
}

/** TID 1002. */
function observer(author: string | undefined): NaturalDataSet[] {
  if (author === undefined) return []
  return [
    {
      RelationshipType: 'HAS OBS CONTEXT',
      ValueType: 'CODE',
      ConceptNameCodeSequence: [codeItem(dcm('121005', 'Observer Type'))],
      ConceptCodeSequence: [codeItem(dcm('121006', 'Person'))],
    },
    {
      RelationshipType: 'HAS OBS CONTEXT',
      ValueType: 'PNAME',
      ConceptNameCodeSequence: [codeItem(dcm('121008', 'Person Observer Name'))],
      PersonName: author,
    },
  ]
}

function section({ heading, text }: { heading: ReportHeading; text: string }): NaturalDataSet {
  const [container, element] = headings[heading]
  return {
    RelationshipType: 'CONTAINS',
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: [codeItem(container)],
    ContinuityOfContent: 'SEPARATE',
    ContentSequence: [
      {
        RelationshipType: 'CONTAINS',
        ValueType: 'TEXT',
        ConceptNameCodeSequence: [codeItem(element)],
        TextValue: textValue(text),
      },
    ],
  }
}

/** UT keeps its lines (PS3.5 §6.2, CR LF) and loses other control characters. */
export function textValue(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]+/gu, ' ')
    .replaceAll('\n', '\r\n')
    .trimEnd()
}
