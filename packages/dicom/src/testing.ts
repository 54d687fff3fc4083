import { citizenNumberIssuer } from './citizen-number.ts'
import { writeAuthoredFile } from './dcmjs.ts'
import type { DicomJson, NaturalDataSet } from './dcmjs.ts'
import { part10Header, readPart10Meta } from './part10.ts'
import { crImage, ctImage, exactBuffer, mrImage, usImage } from './testing/images.ts'
import { randomFrom, uidFrom } from './testing/random.ts'
import { pdfReport, textReport } from './testing/reports.ts'
import type {
  SampleInstance,
  SampleKind,
  SamplePatient,
  SampleStudyOptions,
} from './testing/sample-options.ts'
import { transferSyntax } from './transfer-syntax.ts'

export type { SampleInstance, SampleKind, SamplePatient, SampleReference } from './testing/sample-options.ts'
export type { SampleStudyOptions } from './testing/sample-options.ts'
export { hostileDataSets } from './testing/hostile.ts'
export type { HostileDataSet } from './testing/hostile.ts'
export { pydicomFiles } from './testing/pydicom-files.ts'
export { reencode } from './testing/reencode.ts'

const defaultCounts: Record<SampleKind, number> = { CT: 12, MR: 10, CR: 1, US: 1, SR: 1, PDF: 1 }
const images = { CT: ctImage, MR: mrImage, CR: crImage, US: usImage }
const seriesNumbers: Record<SampleKind, number> = { CT: 2, MR: 3, CR: 1, US: 1, SR: 900, PDF: 901 }

/** A small, valid, synthetic study (one series of it). Same options, same bytes. */
export function sampleStudy(options: SampleStudyOptions): SampleInstance[] {
  const count = options.instances ?? defaultCounts[options.kind]
  return Array.from({ length: count }, (_, index) => sampleInstance(options, index, count))
}

function sampleInstance(options: SampleStudyOptions, index: number, count: number): SampleInstance {
  const { kind, seed } = options
  const random = randomFrom(`${seed}/${kind}/${index}`)
  const request = { size: options.size ?? 256, index, count, seed: `${seed}/${kind}`, random }
  const evidence = options.evidence ?? []
  const content =
    kind === 'SR'
      ? textReport({ ...options, evidence })
      : kind === 'PDF'
        ? pdfReport({ ...options, evidence })
        : images[kind](request)
  const ids = {
    sopClassUid: content.SOPClassUID as string,
    sopInstanceUid: uidFrom(seed, kind, 'instance', index),
    studyInstanceUid: options.studyInstanceUid ?? uidFrom(seed, 'study'),
    seriesInstanceUid: uidFrom(seed, kind, 'series'),
  }
  const dataSet = {
    ...patientModule(options.patient),
    ...studyModule(options, index),
    ...content,
    SOPInstanceUID: ids.sopInstanceUid,
    StudyInstanceUID: ids.studyInstanceUid,
    SeriesInstanceUID: ids.seriesInstanceUid,
  }
  const authored = writeAuthoredFile(dataSet, kind === 'CT' ? privateBlock(random) : {})
  const header = part10Header({ ...ids, transferSyntaxUid: transferSyntax.explicitLittleEndian })
  return {
    ...ids,
    fileName: `${kind}${String(index + 1).padStart(5, '0')}.dcm`,
    bytes: Buffer.concat([header, authored.subarray(readPart10Meta(authored).dataSetOffset)]),
    transferSyntaxUid: transferSyntax.explicitLittleEndian,
    dataSetOffset: header.length,
  }
}

function patientModule(patient: SamplePatient): NaturalDataSet {
  const bsn = {
    PatientID: patient.bsn,
    IssuerOfPatientID: citizenNumberIssuer.name,
    TypeOfPatientID: 'TEXT',
  }
  return {
    SpecificCharacterSet: 'ISO_IR 192',
    PatientName: patient.name,
    PatientID: patient.id,
    ...(patient.issuer === undefined ? {} : { IssuerOfPatientID: patient.issuer }),
    PatientBirthDate: patient.birthDate.replaceAll('-', ''),
    PatientSex: patient.sex,
    ...(patient.bsn === undefined ? {} : { OtherPatientIDsSequence: [bsn] }),
  }
}

function studyModule(options: SampleStudyOptions, index: number): NaturalDataSet {
  const date = options.studyDate.replaceAll('-', '')
  const minutes = Math.floor(randomFrom(`${options.seed}/time`)() * 60)
  const time = `10${String(minutes).padStart(2, '0')}00`
  return {
    StudyDate: date,
    SeriesDate: date,
    ContentDate: date,
    StudyTime: time,
    SeriesTime: time,
    ContentTime: time,
    AccessionNumber: options.accessionNumber ?? uidFrom(options.seed, 'accession').slice(5, 15),
    ReferringPhysicianName: '',
    StudyID: '1',
    StudyDescription: options.description,
    InstitutionName: options.institution,
    Manufacturer: 'Twiin',
    ManufacturerModelName: 'Synthetic',
    DeviceSerialNumber: '1',
    SoftwareVersions: '1',
    SeriesNumber: seriesNumbers[options.kind],
    InstanceNumber: index + 1,
  }
}

/** Vendors' private elements must survive the journey, so a sample has some (PS3.5 §7.8). */
function privateBlock(random: () => number): DicomJson {
  const noise = Uint8Array.from({ length: 2048 }, () => random() * 256)
  return {
    '00290010': { vr: 'LO', Value: ['TWIIN SYNTHETIC'] },
    '00291001': { vr: 'LO', Value: ['reconstruction kernel B30'] },
    '00291010': { vr: 'OB', Value: [exactBuffer(noise)] },
  }
}
