import type { NaturalDataSet } from '../dcmjs.ts'
import { exactBuffer } from './images.ts'
import { textPdf } from './pdf.ts'
import type { SampleReference } from './sample-options.ts'

/** What a report has besides patient, study and series. */
export interface ReportRequest {
  description: string
  institution: string
  evidence: readonly SampleReference[]
}

const reportTitle = code('18748-4', 'LN', 'Diagnostic imaging report')
const findings = 'Geen aanwijzingen voor afwijkingen op deze synthetische beelden.'
const impression = 'Conclusie: voorbeeldverslag, niet afkomstig van een patiënt.'

/** Basic Text SR (PS3.3 A.35.1): a container with a finding and an impression. */
export function textReport({ description, evidence }: ReportRequest): NaturalDataSet {
  return {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11',
    Modality: 'SR',
    SeriesDescription: 'Verslag',
    ReferencedPerformedProcedureStepSequence: [],
    PerformedProcedureCodeSequence: [],
    CompletionFlag: 'COMPLETE',
    VerificationFlag: 'UNVERIFIED',
    ...(evidence.length === 0
      ? {}
      : { CurrentRequestedProcedureEvidenceSequence: evidenceByStudy(evidence) }),
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: [reportTitle],
    ContinuityOfContent: 'SEPARATE',
    ContentSequence: [
      text(code('121060', 'DCM', 'History'), description),
      text(code('121071', 'DCM', 'Finding'), findings),
      text(code('121073', 'DCM', 'Impression'), impression),
      ...evidence.slice(0, 1).map(imageReference),
    ],
  }
}

/** Encapsulated PDF (PS3.3 A.45.1). The page names no patient. */
export function pdfReport({ description, institution, evidence }: ReportRequest): NaturalDataSet {
  const pdf = textPdf(description, [institution, '', findings, impression])
  return {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.104.1',
    Modality: 'DOC',
    SeriesDescription: 'Verslag (PDF)',
    ConversionType: 'WSD',
    AcquisitionDateTime: '',
    BurnedInAnnotation: 'NO',
    DocumentTitle: description,
    ConceptNameCodeSequence: [reportTitle],
    ...(evidence.length === 0 ? {} : { SourceInstanceSequence: evidence.map(referencedSop) }),
    MIMETypeOfEncapsulatedDocument: 'application/pdf',
    EncapsulatedDocument: exactBuffer(pdf.length % 2 === 0 ? pdf : Buffer.concat([pdf, Buffer.from('\n')])),
    EncapsulatedDocumentLength: pdf.length,
    _vrMap: { EncapsulatedDocument: 'OB' },
  }
}

function evidenceByStudy(evidence: readonly SampleReference[]): NaturalDataSet[] {
  return [...Map.groupBy(evidence, (image) => image.studyInstanceUid)].map(([studyInstanceUid, study]) => ({
    StudyInstanceUID: studyInstanceUid,
    ReferencedSeriesSequence: [...Map.groupBy(study, (image) => image.seriesInstanceUid)].map(
      ([seriesInstanceUid, series]) => ({
        SeriesInstanceUID: seriesInstanceUid,
        ReferencedSOPSequence: series.map(referencedSop),
      }),
    ),
  }))
}

function imageReference(image: SampleReference): NaturalDataSet {
  return { RelationshipType: 'CONTAINS', ValueType: 'IMAGE', ReferencedSOPSequence: [referencedSop(image)] }
}

function referencedSop(image: SampleReference): NaturalDataSet {
  return { ReferencedSOPClassUID: image.sopClassUid, ReferencedSOPInstanceUID: image.sopInstanceUid }
}

function text(concept: NaturalDataSet, value: string): NaturalDataSet {
  return {
    RelationshipType: 'CONTAINS',
    ValueType: 'TEXT',
    ConceptNameCodeSequence: [concept],
    TextValue: value,
  }
}

function code(value: string, scheme: string, meaning: string): NaturalDataSet {
  return { CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning }
}
