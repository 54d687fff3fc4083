import { citizenNumberCandidates } from '@twiin/dicom'
import type { InstanceHead } from '@twiin/dicom'
import { parseBsn, passesElevenTest } from '@twiin/patient-token'

/** A head as this hospital's own machines mean it: a patient number without issuer is one of the hospital's own. */
export function withOwnIssuer<Head extends Pick<InstanceHead, 'patientId'>>(
  head: Head,
  issuer: string,
): Head {
  const { patientId } = head
  if (patientId === undefined || patientId.issuer !== undefined || patientId.issuerOid !== undefined)
    return head
  return { ...head, patientId: { ...patientId, issuer } }
}

/**
 * The BSNs an instance claims, in one form. One that fails the eleven test is kept as it stands: the study then shows
 * why it is not published.
 */
export function citizenNumbersOf(
  head: Parameters<typeof citizenNumberCandidates>[0],
  options: { acceptLegacyOtherPatientIds: boolean },
): string[] {
  return citizenNumberCandidates(head, options).map((candidate) =>
    /^\d{8,9}$/.test(candidate) && passesElevenTest(candidate.padStart(9, '0'))
      ? parseBsn(candidate)
      : candidate.slice(0, 64),
  )
}
