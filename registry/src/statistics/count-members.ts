import { statusOf } from '../issuance/certificate-status.ts'
import type { CertificateStatus } from '../issuance/certificate-status.ts'
import type { Register } from '../ledger/register.ts'

export interface Counts {
  readonly members: number
  readonly openApplications: number
  readonly certificates: Readonly<Record<CertificateStatus, number>>
  readonly bundleVersion: number
}

/** Counts from the ledger, for the public page and for metrics; what waits for a decision is in no ledger. */
export function countMembers(register: Register, now: number): Omit<Counts, 'openApplications'> {
  const certificates = { valid: 0, expired: 0, revoked: 0, suspended: 0 }
  for (const certificate of register.certificates.values())
    if (certificate.role === 'member') certificates[statusOf(register, certificate, now)]++
  return {
    members: [...register.keys.values()].filter(
      ({ role, peerId }) => role === 'member' && register.isActive(peerId, now),
    ).length,
    certificates,
    bundleVersion: register.published?.version ?? 0,
  }
}
