import { citizenNumberCandidates } from '@twiin/dicom'
import type { InstanceHead } from '@twiin/dicom'
import { parseBsn, passesElevenTest } from '@twiin/patient-token'
import type { InstanceHeader } from '@twiin/study-store'

/** What the catalogue keeps of an instance's head. */
export function headerOf(
  head: InstanceHead,
  options: { defaultIssuer: string; acceptLegacyOtherPatientIds: boolean },
): InstanceHeader {
  const { patientId } = head
  return {
    studyInstanceUid: head.studyInstanceUid,
    seriesInstanceUid: head.seriesInstanceUid,
    sopInstanceUid: head.sopInstanceUid,
    sopClassUid: head.sopClassUid,
    patient: {
      localId: patientId?.id ?? '',
      issuer: patientId?.issuer ?? patientId?.issuerOid ?? options.defaultIssuer,
      name: head.patientName,
      birthDate: head.birthDate ?? '',
      sex: head.sex ?? '',
      citizenNumbers: citizenNumberCandidates(head, options).map(inOneForm),
    },
    studyDate: head.studyDate ?? '',
    studyTime: head.studyTime ?? '',
    studyDescription: head.studyDescription ?? '',
    seriesDescription: head.seriesDescription ?? '',
    seriesNumber: textOf(head.seriesNumber),
    instanceNumber: textOf(head.instanceNumber),
    modality: head.modality ?? '',
    bodyPart: head.bodyPart ?? '',
    accessionNumber: head.accessionNumber ?? '',
    institution: head.institution ?? '',
    isReport: isReport(head.sopClassUid),
  }
}

/** A number that fails the eleven test is kept as it stands: the study shows why it is not published. */
function inOneForm(candidate: string): string {
  return passesElevenTest(candidate.padStart(9, '0')) && candidate.length <= 9
    ? parseBsn(candidate)
    : candidate.slice(0, 64)
}

const textOf = (value: number | undefined) => (value === undefined ? '' : String(value))

/** Structured reports and encapsulated documents (PS3.4 annex B.5). */
function isReport(sopClassUid: string): boolean {
  return (
    sopClassUid.startsWith('1.2.840.10008.5.1.4.1.1.88.') ||
    sopClassUid.startsWith('1.2.840.10008.5.1.4.1.1.104.')
  )
}
