import { createHash } from 'node:crypto'
import { citizenNumberIssuer } from './citizen-number.ts'
import { writeAuthoredFile } from './dcmjs.ts'
import type { NaturalDataSet } from './dcmjs.ts'
import { part10Header, readPart10Meta } from './part10.ts'
import type { Part10Meta } from './part10.ts'
import { transferSyntax } from './transfer-syntax.ts'

/** An instance that we wrote ourselves: explicit VR little endian, text in UTF-8. */
export interface AuthoredInstance extends Part10Meta {
  /** A DICOM file (PS3.10), and where its data set begins. */
  file: Buffer
  dataSetOffset: number
}

/** The patient and study that an authored instance joins, as the study's other instances state them. */
export interface DocumentContext {
  patient: {
    id: string
    issuer?: string
    /** With its components: `Jansen^Anna`. */
    name: string
    /** `YYYY-MM-DD`, or empty. */
    birthDate: string
    sex: string
    citizenNumber?: string
  }
  study: {
    studyInstanceUid: string
    /** `YYYY-MM-DD` and `HH:MM:SS`, or empty. */
    date: string
    time: string
    description: string
    accessionNumber: string
  }
  seriesInstanceUid: string
  seriesNumber: number
  sopInstanceUid: string
  instanceNumber: number
  /** Organisation in whose name it was written. */
  institution: string
  /** `YYYYMMDD` and `HHMMSS`: when its content was made. No clock of ours: the same input gives the same bytes. */
  contentDate: string
  contentTime: string
}

/** What an authored document says of documents or instances it builds on. */
export interface InstanceReference {
  studyInstanceUid: string
  seriesInstanceUid: string
  sopClassUid: string
  sopInstanceUid: string
}

/** A UID that stands for these texts: `2.25.` and a UUID (PS3.5 annex B.2) made of their SHA-256. */
export function derivedUid(...parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16)
  // RFC 9562 §5.8: version 8, variant 10.
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  return `2.25.${BigInt(`0x${digest.toString('hex')}`)}`
}

export function authorInstance(
  sopClassUid: string,
  dataSet: NaturalDataSet & { SOPInstanceUID: string },
): AuthoredInstance {
  const authored = writeAuthoredFile({ ...dataSet, SOPClassUID: sopClassUid })
  const meta = {
    sopClassUid,
    sopInstanceUid: dataSet.SOPInstanceUID,
    transferSyntaxUid: transferSyntax.explicitLittleEndian,
  }
  const header = part10Header(meta)
  const content = authored.subarray(readPart10Meta(authored).dataSetOffset)
  return { ...meta, file: Buffer.concat([header, content]), dataSetOffset: header.length }
}

/** The attributes of patient, study, series and equipment that every document has (PS3.3 C.7.1.1, C.7.2.1, C.17.1, C.7.5.1). */
export function contextAttributes(context: DocumentContext): NaturalDataSet & { SOPInstanceUID: string } {
  const { patient, study } = context
  return {
    SpecificCharacterSet: 'ISO_IR 192',
    SOPInstanceUID: context.sopInstanceUid,
    StudyInstanceUID: study.studyInstanceUid,
    SeriesInstanceUID: context.seriesInstanceUid,
    PatientName: cleaned(patient.name),
    PatientID: cleaned(patient.id),
    ...(patient.issuer ? { IssuerOfPatientID: cleaned(patient.issuer) } : {}),
    PatientBirthDate: patient.birthDate.replaceAll('-', ''),
    PatientSex: /^[MFO]$/.test(patient.sex) ? patient.sex : '',
    ...(patient.citizenNumber === undefined
      ? {}
      : {
          OtherPatientIDsSequence: [
            {
              PatientID: patient.citizenNumber,
              IssuerOfPatientID: citizenNumberIssuer.name,
              TypeOfPatientID: 'TEXT',
            },
          ],
        }),
    StudyDate: study.date.replaceAll('-', ''),
    StudyTime: study.time.replaceAll(':', ''),
    StudyID: '',
    ...(study.description === '' ? {} : { StudyDescription: shortText(study.description, 64) }),
    AccessionNumber: shortText(study.accessionNumber, 16),
    ReferringPhysicianName: '',
    SeriesNumber: context.seriesNumber,
    InstanceNumber: context.instanceNumber,
    Manufacturer: 'Twiin',
    InstitutionName: shortText(context.institution, 64),
    ContentDate: context.contentDate,
    ContentTime: context.contentTime,
  }
}

/** A coded concept (PS3.3 §8.8). */
export interface Concept {
  value: string
  scheme: string
  meaning: string
}

export const dcm = (value: string, meaning: string): Concept => ({ value, scheme: 'DCM', meaning })

export function codeItem({ value, scheme, meaning }: Concept): NaturalDataSet {
  return {
    CodeValue: shortText(value, 16),
    CodingSchemeDesignator: shortText(scheme, 16),
    CodeMeaning: shortText(meaning, 64),
  }
}

/** References by study and series (PS3.3 table C.17-3b). */
export function referencesByStudy(references: readonly InstanceReference[]): NaturalDataSet[] {
  return [...Map.groupBy(references, ({ studyInstanceUid }) => studyInstanceUid)].map(([study, ofStudy]) => ({
    StudyInstanceUID: study,
    ReferencedSeriesSequence: [...Map.groupBy(ofStudy, ({ seriesInstanceUid }) => seriesInstanceUid)].map(
      ([series, ofSeries]) => ({
        SeriesInstanceUID: series,
        ReferencedSOPSequence: ofSeries.map(referencedSop),
      }),
    ),
  }))
}

export const referencedSop = ({ sopClassUid, sopInstanceUid }: InstanceReference): NaturalDataSet => ({
  ReferencedSOPClassUID: sopClassUid,
  ReferencedSOPInstanceUID: sopInstanceUid,
})

/** One line that fits LO or SH: no backslash, which separates values, and no control characters (PS3.5 §6.2). */
export function shortText(text: string, mostCharacters: number): string {
  const characters = Array.from(cleaned(text).replaceAll('\\', '/'))
  return characters.slice(0, mostCharacters).join('').trim()
}

function cleaned(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim()
}
