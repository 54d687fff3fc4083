import type { KnownCertificate, Register } from '../ledger/register.ts'

export const statuses = ['valid', 'expired', 'revoked', 'suspended'] as const
export type CertificateStatus = (typeof statuses)[number]

/**
 * What a certificate is worth now. One that was revoked stays so after its end; the newest one of a suspended key too is
 * suspended, expired or not, since it cannot be renewed.
 */
export function statusOf(register: Register, certificate: KnownCertificate, now: number): CertificateStatus {
  const { serial, revoked, notAfter } = certificate
  if (revoked !== undefined) return 'revoked'
  const key = register.keys.get(certificate.peerId)
  const isExpired = notAfter <= now
  if (key?.ended?.state === 'suspended' && (!isExpired || key.serials.at(-1) === serial)) return 'suspended'
  return isExpired ? 'expired' : 'valid'
}
