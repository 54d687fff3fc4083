import { attribute } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import type { InstanceRecord, SeriesRecord, StudyRecord } from '@twiin/study-store'

const day = (iso: string | null) => iso?.replaceAll('-', '') ?? ''
const time = (iso: string | undefined) => iso?.replaceAll(':', '') ?? ''

/** What QIDO-RS tells of a study (PS3.18 table 10.6.3-3), from the catalogue. */
export function studyAttributes(study: StudyRecord): Attributes {
  const { patient } = study
  return new Map([
    attribute('00080020', day(study.studyDate)),
    attribute('00080030', time(study.studyTime)),
    attribute('00080050', study.accessionNumber),
    attribute('00080056', 'ONLINE'),
    attribute('00080061', ...study.modalities),
    attribute('00080080', study.institution),
    attribute('00080090', study.referringPhysician),
    attribute('00081030', study.description),
    attribute('00100010', patient.name),
    attribute('00100020', patient.localId),
    attribute('00100021', patient.issuer),
    attribute('00100030', day(patient.birthDate)),
    attribute('00100040', patient.sex),
    attribute('0020000D', study.studyInstanceUid),
    attribute('00200010', study.studyId),
    attribute('00201206', String(study.series)),
    attribute('00201208', String(study.instances)),
  ])
}

/** PS3.18 table 10.6.3-4 */
export function seriesAttributes(series: SeriesRecord): Attributes {
  return new Map([
    attribute('00080021', day(series.date ?? null)),
    attribute('00080031', time(series.time)),
    attribute('00080060', series.modality),
    attribute('0008103E', series.description),
    attribute('00180015', series.bodyPart),
    attribute('0020000E', series.seriesInstanceUid),
    attribute('00200011', series.number === undefined ? undefined : String(series.number)),
    attribute('00201209', String(series.instances)),
  ])
}

/** PS3.18 table 10.6.3-5 */
export function instanceAttributes(instance: InstanceRecord): Attributes {
  const { numberOfFrames, rows, columns, instanceNumber } = instance
  return new Map([
    attribute('00080016', instance.sopClassUid),
    attribute('00080018', instance.sopInstanceUid),
    attribute('00080056', 'ONLINE'),
    attribute('0020000E', instance.seriesInstanceUid),
    attribute('00083002', instance.transferSyntaxUid),
    attribute('00200013', instanceNumber === undefined ? undefined : String(instanceNumber)),
    attribute('00280008', numberOfFrames === undefined ? undefined : String(numberOfFrames)),
    attribute('00280010', rows),
    attribute('00280011', columns),
  ])
}
