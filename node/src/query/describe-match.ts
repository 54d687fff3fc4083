import { attribute, citizenNumberIssuer } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import type { SeriesContents, StudyContents } from '@twiin/protocol'
import type { InstanceRecord, SeriesRecord, StudyRecord } from '@twiin/study-store'
import type { FoundPatient, FoundStudy } from '../find/patient-search.ts'
import { key } from './query-keys.ts'

/** What the answers of one node have in common. */
export interface Place {
  /** Where everything is retrieved from: this node. */
  aeTitle: string
  /** Of the hospital that holds the study. */
  institution: string
}

interface PatientShown {
  id: string
  issuer: string
  name: string
  birthDate: string
  sex: string
  bsn: string | undefined
}

export function ownPatient({ patient }: StudyRecord): PatientShown {
  const [bsn, ...others] = patient.citizenNumbers
  const { localId: id, issuer, name, birthDate, sex } = patient
  return { id, issuer, name, birthDate, sex, bsn: others.length === 0 ? bsn : undefined }
}

/** A patient who was found elsewhere: under the number he has here, else under his BSN, by which he was asked for. */
export function foundPatient(
  patient: FoundPatient | undefined,
  bsn: string,
  here: { localId: string; issuer: string } | undefined,
): PatientShown {
  const { name = '', birthDate, sex = '' } = patient ?? {}
  const { localId: id, issuer } = here ?? { localId: bsn, issuer: citizenNumberIssuer.name }
  return { id, issuer, name, birthDate: birthDate ?? '', sex, bsn }
}

export function patientAttributes(patient: PatientShown): [string, ReturnType<typeof attribute>[1]][] {
  const other: Attributes | undefined =
    patient.bsn === undefined
      ? undefined
      : new Map([
          attribute(key.patientId, patient.bsn),
          attribute(key.issuerOfPatientId, citizenNumberIssuer.name),
        ])
  return [
    attribute(key.patientName, patient.name),
    attribute(key.patientId, patient.id),
    attribute(key.issuerOfPatientId, patient.issuer),
    attribute(key.birthDate, digits(patient.birthDate)),
    attribute(key.sex, patient.sex),
    attribute(key.otherPatientIds, other),
  ]
}

export function ownStudy(study: StudyRecord, place: Place): Attributes {
  return new Map([
    ...patientAttributes(ownPatient(study)),
    ...placeAttributes(place, 'ONLINE', study.institution || place.institution),
    attribute(key.studyInstanceUid, study.studyInstanceUid),
    attribute(key.studyDate, digits(study.studyDate)),
    attribute(key.studyTime, digits(study.studyTime)),
    attribute(key.accessionNumber, study.accessionNumber),
    attribute(key.studyId, study.studyId),
    attribute(key.referringPhysician, study.referringPhysician),
    attribute(key.studyDescription, study.description),
    attribute(key.modalitiesInStudy, ...study.modalities),
    attribute(key.bodyPart, ...study.bodyParts),
    attribute(key.studySeries, String(study.series)),
    attribute(key.studyInstances, String(study.instances)),
  ])
}

/** A study that a search found elsewhere; `contents` when its holder was asked for more. */
export function foundStudy(
  study: FoundStudy,
  patient: PatientShown,
  place: Place,
  contents: StudyContents | undefined,
): Attributes {
  return new Map([
    ...patientAttributes(patient),
    ...placeAttributes(place, 'NEARLINE', place.institution),
    attribute(key.studyInstanceUid, study.studyInstanceUid ?? ''),
    attribute(key.studyDate, digits(study.studyDate ?? '')),
    attribute(key.studyTime, digits(contents?.time ?? '')),
    attribute(key.accessionNumber, contents?.accessionNumber),
    attribute(key.studyId, contents?.studyId),
    attribute(key.referringPhysician, contents?.referringPhysician),
    attribute(key.studyDescription, study.description),
    attribute(key.modalitiesInStudy, ...study.modalities),
    attribute(key.bodyPart),
    attribute(key.studySeries, contents === undefined ? undefined : String(contents.seriesCount)),
    attribute(key.studyInstances, String(study.instances)),
  ])
}

/** PS3.3 C.4.23.1.1: ONLINE is here, NEARLINE has to be fetched first. */
function placeAttributes(place: Place, availability: 'ONLINE' | 'NEARLINE', institution: string) {
  return [
    attribute(key.retrieveAeTitle, place.aeTitle),
    attribute(key.instanceAvailability, availability),
    attribute(key.institutionName, institution),
  ]
}

export function withSeries(
  study: Attributes,
  series: Pick<SeriesRecord, 'modality' | 'description' | 'bodyPart' | 'number' | 'date' | 'time'> & {
    uid: string
    count: number
  },
): Attributes {
  return new Map([
    ...study,
    attribute(key.seriesInstanceUid, series.uid),
    attribute(key.modality, series.modality),
    attribute(key.seriesDescription, series.description),
    attribute(key.bodyPart, series.bodyPart),
    attribute(key.seriesNumber, series.number === undefined ? undefined : String(series.number)),
    attribute(key.seriesDate, digits(series.date ?? '')),
    attribute(key.seriesTime, digits(series.time ?? '')),
    attribute(key.seriesInstances, String(series.count)),
  ])
}

export function withInstance(series: Attributes, instance: InstanceShown): Attributes {
  const { number, frames } = instance
  return new Map([
    ...series,
    attribute(key.sopInstanceUid, instance.uid),
    attribute(key.sopClassUid, instance.sopClass),
    attribute(key.availableTransferSyntaxes, instance.syntax),
    attribute(key.instanceNumber, number === undefined ? undefined : String(number)),
    attribute(key.numberOfFrames, frames === undefined ? undefined : String(frames)),
    attribute(key.rows, instance.rows),
    attribute(key.columns, instance.columns),
  ])
}

export type InstanceShown = NonNullable<SeriesContents['instances']>[number]

export function instanceShown(record: InstanceRecord): InstanceShown {
  const { instanceNumber: number, rows, columns, numberOfFrames: frames } = record
  return {
    uid: record.sopInstanceUid,
    sopClass: record.sopClassUid,
    syntax: record.transferSyntaxUid,
    ...(number === undefined ? {} : { number }),
    ...(rows === undefined ? {} : { rows }),
    ...(columns === undefined ? {} : { columns }),
    ...(frames === undefined ? {} : { frames }),
  }
}

/** `2026-01-05` and `10:30:45` as DICOM writes them. */
const digits = (text: string) => text.replaceAll(/[-:]/g, '')
