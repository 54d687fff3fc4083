import { createHash } from 'node:crypto'
import type { NodeCertificate } from '@twiin/identity'

const dayMs = 86_400_000
/** While the log is distrusted nobody admits a certificate that is new: the old one is kept until then before its end. */
const lastResortMs = 2 * dayMs

/**
 * When a certificate is to be renewed, milliseconds since the Unix epoch: after a third of its life, up to a tenth of that
 * sooner or later, always the same for one key, so that nodes certified on one day do not come back on one day.
 */
export function renewalDueAt(
  { notBefore, notAfter, publicKey }: NodeCertificate,
  isLogTrusted: boolean,
): number {
  const fraction = createHash('sha256').update(publicKey).digest().readUInt32BE() / 2 ** 32
  const due = notBefore + ((notAfter - notBefore) / 3) * (0.9 + fraction / 5)
  return isLogTrusted ? due : Math.max(due, notAfter - lastResortMs)
}
