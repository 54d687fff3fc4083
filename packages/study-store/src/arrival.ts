import { isUid } from '@twiin/dicom'
import type { InstanceHead } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { InstanceRecord, Origin, PatientFacts, SeriesRecord, StudyRecord } from './records.ts'
import { contradict, fillIn } from './patient-facts.ts'
import { isReportClass } from './report-classes.ts'

/** An instance whose bytes are on disk and that is to be catalogued. */
export interface Arrival {
  head: InstanceHead
  patient: PatientFacts
  origin: Origin
  transferSyntaxUid: string
  size: number
  sha256: Uint8Array
  blob: string
  receivedAt: number
}

/** A study as stored; whether its patient number is also somebody else's is looked up when it is shown. */
export type StoredStudy = Omit<StudyRecord, 'identityConflict'> & {
  disagrees: boolean
  /** What the patient indexes last learned from this study. */
  indexed?: PatientFacts
  /** Of the numbers above, what is hidden; they themselves count everything that ever came. */
  hidden?: Hidden
}

export interface Hidden {
  series: number
  instances: number
  bytes: number
  reports: number
}

/** A hostile sender may name a new modality in every instance. */
const maxDistinct = 32
const maxText = 1024
const maxIdentifier = 256

/**
 * @throws TwiinError HEADER_MISMATCH when the data set is not the instance that was announced; HEADER_INVALID when it
 * cannot be filed: a malformed UID, or an identifier so long that cutting it could make two patients one.
 */
export function checkHead(head: InstanceHead, facts: { sopInstanceUid: string; sopClassUid: string }): void {
  if (head.sopInstanceUid !== facts.sopInstanceUid)
    throw new TwiinError('HEADER_MISMATCH', { field: 'instance' })
  if (head.sopClassUid !== facts.sopClassUid) throw new TwiinError('HEADER_MISMATCH', { field: 'class' })
  for (const field of ['studyInstanceUid', 'seriesInstanceUid', 'sopInstanceUid', 'sopClassUid'] as const) {
    if (!isUid(head[field])) throw new TwiinError('HEADER_INVALID', { field })
  }
  const { id = '', issuer = '', issuerOid = '' } = head.patientId ?? {}
  if (Math.max(id.length, issuer.length, issuerOid.length) > maxIdentifier) {
    throw new TwiinError('HEADER_INVALID', { field: 'patientId' })
  }
}

export function newStudy(handle: string, arrival: Arrival): StoredStudy {
  const { head, patient, origin, receivedAt } = arrival
  return {
    handle,
    studyInstanceUid: head.studyInstanceUid,
    patient,
    studyDate: '',
    studyTime: '',
    description: '',
    modalities: [],
    bodyParts: [],
    accessionNumber: '',
    institution: '',
    series: 0,
    instances: 0,
    bytes: 0,
    reports: 0,
    origin,
    receivedAt,
    updatedAt: receivedAt,
    disagrees: false,
    isWhole: false,
  }
}

export function withInstance(study: StoredStudy, arrival: Arrival, startsSeries: boolean): StoredStudy {
  const { head, patient, receivedAt } = arrival
  return {
    ...study,
    patient: fillIn(study.patient, patient),
    studyDate: study.studyDate || short(head.studyDate),
    studyTime: study.studyTime || short(head.studyTime),
    description: study.description || short(head.studyDescription),
    modalities: distinct(study.modalities, short(head.modality)),
    bodyParts: distinct(study.bodyParts, short(head.bodyPart)),
    accessionNumber: study.accessionNumber || short(head.accessionNumber),
    institution: study.institution || short(head.institution),
    studyId: study.studyId || short(head.studyId),
    referringPhysician: study.referringPhysician || short(head.referringPhysician),
    series: study.series + (startsSeries ? 1 : 0),
    instances: study.instances + 1,
    bytes: study.bytes + arrival.size,
    reports: study.reports + (isReportClass(head.sopClassUid) ? 1 : 0),
    updatedAt: Math.max(study.updatedAt, receivedAt),
    disagrees: study.disagrees || contradict(study.patient, patient),
    indexed: patient,
  }
}

export function seriesWith(series: SeriesRecord | undefined, { head, size }: Arrival): SeriesRecord {
  const first = series ?? {
    seriesInstanceUid: head.seriesInstanceUid,
    modality: short(head.modality),
    description: short(head.seriesDescription),
    ...(head.seriesNumber === undefined ? {} : { number: head.seriesNumber }),
    bodyPart: short(head.bodyPart),
    ...(head.seriesDate === undefined ? {} : { date: head.seriesDate }),
    ...(head.seriesTime === undefined ? {} : { time: head.seriesTime }),
    instances: 0,
    bytes: 0,
  }
  return { ...first, instances: first.instances + 1, bytes: first.bytes + size }
}

export function instanceRecord(study: string, arrival: Arrival): InstanceRecord {
  const { head, transferSyntaxUid, size, sha256, origin, receivedAt, blob } = arrival
  return {
    study,
    seriesInstanceUid: head.seriesInstanceUid,
    sopInstanceUid: head.sopInstanceUid,
    sopClassUid: head.sopClassUid,
    transferSyntaxUid,
    ...(head.instanceNumber === undefined ? {} : { instanceNumber: head.instanceNumber }),
    ...(head.numberOfFrames === undefined ? {} : { numberOfFrames: head.numberOfFrames }),
    ...(head.rows === undefined ? {} : { rows: head.rows }),
    ...(head.columns === undefined ? {} : { columns: head.columns }),
    isReport: isReportClass(head.sopClassUid),
    size,
    sha256,
    origin,
    receivedAt,
    blob,
  }
}

function short(text: string | undefined): string {
  return (text ?? '').slice(0, maxText)
}

function distinct(values: readonly string[], value: string): readonly string[] {
  return value === '' || values.includes(value) || values.length >= maxDistinct ? values : [...values, value]
}
