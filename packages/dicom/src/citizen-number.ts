import type { InstanceHead, PatientIdentifier } from './instance-head.ts'

/** How a BSN is marked in DICOM: by the issuer's name or by the OID of the BSN. */
export const citizenNumberIssuer = { name: 'NLMINBIZA', oid: '2.16.840.1.113883.2.4.6.3' } as const

/**
 * The distinct strings of digits that the instance claims to be BSNs (PatientID or Other Patient IDs Sequence with the
 * issuer above). Legacy Other Patient IDs (0010,1000) name no issuer and count only where the sender is known to put
 * the BSN there. The eleven test is the caller's.
 */
export function citizenNumberCandidates(
  head: Pick<InstanceHead, 'patientId' | 'otherPatientIds' | 'legacyOtherPatientIds'>,
  options: { acceptLegacyOtherPatientIds: boolean },
): string[] {
  const issued = [head.patientId, ...head.otherPatientIds]
    .filter((id) => id !== undefined)
    .filter(isCitizenNumber)
  const legacy = options.acceptLegacyOtherPatientIds ? head.legacyOtherPatientIds : []
  const values = [...issued.map(({ id }) => id), ...legacy].map((value) => value.trim())
  return [...new Set(values.filter((value) => /^\d+$/.test(value)))]
}

function isCitizenNumber(identifier: PatientIdentifier): boolean {
  return (
    identifier.issuer?.trim().toUpperCase() === citizenNumberIssuer.name ||
    identifier.issuerOid === citizenNumberIssuer.oid
  )
}
