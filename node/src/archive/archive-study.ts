import { isUid, itemsOf } from '@twiin/dicom'
import type { Attributes, PatientIdentifier } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import { patientFacts } from '@twiin/study-store'
import type { SeriesRecord, StudyRecord } from '@twiin/study-store'
import { citizenNumbersOf, withOwnIssuer } from '../intake/own-head.ts'
import { dateOf, identifierOf, numberOf, timeOf, valueOf, valuesOf } from './answer-values.ts'

/** What the archive says of one study. */
export interface ArchiveStudy extends Pick<
  StudyRecord,
  | 'studyInstanceUid'
  | 'patient'
  | 'studyDate'
  | 'studyTime'
  | 'description'
  | 'modalities'
  | 'bodyParts'
  | 'accessionNumber'
  | 'institution'
  | 'series'
  | 'instances'
> {
  /** False: the archive left out Other Patient IDs, so that nobody knows whether there is a BSN among them. */
  tellsOtherIds: boolean
}

export const tag = {
  sopInstanceUid: '00080018',
  studyDate: '00080020',
  sopClassesInStudy: '00080062',
  studyTime: '00080030',
  accessionNumber: '00080050',
  queryLevel: '00080052',
  modality: '00080060',
  modalitiesInStudy: '00080061',
  institution: '00080080',
  studyDescription: '00081030',
  seriesDescription: '0008103E',
  patientName: '00100010',
  patientId: '00100020',
  issuer: '00100021',
  issuerQualifiers: '00100024',
  birthDate: '00100030',
  sex: '00100040',
  otherPatientIds: '00101002',
  bodyPart: '00180015',
  studyInstanceUid: '0020000D',
  seriesInstanceUid: '0020000E',
  seriesNumber: '00200011',
  series: '00201206',
  instances: '00201208',
  instancesOfSeries: '00201209',
} as const

/** What is asked for of a study (spec 18 §2). */
export const studyKeys: readonly string[] = [
  ...[tag.studyDate, tag.studyTime, tag.accessionNumber, tag.modalitiesInStudy, tag.institution],
  ...[tag.studyDescription, tag.patientName, tag.patientId, tag.issuer, tag.issuerQualifiers, tag.birthDate],
  ...[tag.sex, tag.otherPatientIds, tag.bodyPart, tag.studyInstanceUid, tag.series, tag.instances],
]

export const seriesKeys: readonly string[] = [
  ...[tag.modality, tag.seriesDescription, tag.bodyPart, tag.studyInstanceUid, tag.seriesInstanceUid],
  ...[tag.seriesNumber, tag.instancesOfSeries],
]

const mostOtherIds = 32

/** Reads an answer of study level, within bounds (spec 18 §2). Throws ARCHIVE_INVALID. */
export function archiveStudy(answer: Attributes, options: { ownIssuer: string }): ArchiveStudy {
  const studyInstanceUid = valueOf(answer, tag.studyInstanceUid, 65)
  if (!isUid(studyInstanceUid)) throw new TwiinError('ARCHIVE_INVALID', { what: 'Study Instance UID' })
  return {
    studyInstanceUid,
    patient: patientOfAnswer(answer, options),
    studyDate: dateOf(answer, tag.studyDate),
    studyTime: timeOf(answer, tag.studyTime),
    description: valueOf(answer, tag.studyDescription, 64),
    modalities: distinct(valuesOf(answer, tag.modalitiesInStudy, 16)).sort(),
    bodyParts: distinct(valuesOf(answer, tag.bodyPart, 16)),
    accessionNumber: valueOf(answer, tag.accessionNumber, 16),
    institution: valueOf(answer, tag.institution, 64),
    series: numberOf(answer, tag.series),
    instances: numberOf(answer, tag.instances),
    tellsOtherIds: itemsOf(answer, tag.otherPatientIds).length > 0,
  }
}

/** The patient as intake reads him from an instance: a number without issuer is the hospital's own (spec 08 §4). */
export function patientOfAnswer(
  answer: Attributes,
  { ownIssuer }: { ownIssuer: string },
): ArchiveStudy['patient'] {
  const patientId = identifierIn(answer)
  const birthDate = dateOf(answer, tag.birthDate)
  const otherPatientIds = itemsOf(answer, tag.otherPatientIds).slice(0, mostOtherIds).map(identifierIn)
  const head = withOwnIssuer(
    {
      ...(patientId === undefined ? {} : { patientId }),
      otherPatientIds: otherPatientIds.filter((identifier) => identifier !== undefined),
      legacyOtherPatientIds: [],
      patientName: valueOf(answer, tag.patientName, 1024),
      ...(birthDate === '' ? {} : { birthDate }),
      sex: valueOf(answer, tag.sex, 16),
    },
    ownIssuer,
  )
  return patientFacts(head, citizenNumbersOf(head, { acceptLegacyOtherPatientIds: false }))
}

/** Reads an answer of series level; undefined when it names none. */
export function archiveSeries(answer: Attributes): SeriesRecord | undefined {
  const seriesInstanceUid = valueOf(answer, tag.seriesInstanceUid, 65)
  if (!isUid(seriesInstanceUid)) return undefined
  const number = valueOf(answer, tag.seriesNumber, 12)
  return {
    seriesInstanceUid,
    modality: valueOf(answer, tag.modality, 16),
    description: valueOf(answer, tag.seriesDescription, 64),
    bodyPart: valueOf(answer, tag.bodyPart, 16),
    ...(/^-?\d{1,9}$/.test(number) ? { number: Number(number) } : {}),
    instances: numberOf(answer, tag.instancesOfSeries),
    bytes: 0,
  }
}

const identifierIn = (answer: Attributes): PatientIdentifier | undefined =>
  identifierOf(answer, { id: tag.patientId, issuer: tag.issuer, qualifiers: tag.issuerQualifiers })

const distinct = (values: readonly string[]): string[] => [...new Set(values)]
