import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import { judgeEvidence } from '@twiin/transparency'
import type { Evidence, TrustedLog } from '@twiin/transparency'
import { isIssuedLineOf } from './log-leaf.ts'

/**
 * Whether this certificate stands in the log, as far as this evidence shows it to whoever trusts these witnesses. Spec 11
 * §5. Throws CERT_UNLOGGED (fact `reason`) and CERT_UNCOSIGNED (facts `have`, `quorum`).
 */
export function requireLogged(der: Uint8Array, evidence: Evidence | undefined, trusted: TrustedLog): void {
  if (evidence === undefined) throw new TwiinError('CERT_UNLOGGED', { reason: 'NO_EVIDENCE' })
  if (!isIssuedLineOf(evidence.leaf, der)) throw new TwiinError('CERT_UNLOGGED', { reason: 'LEAF' })
  try {
    judgeEvidence(evidence, trusted)
  } catch (error) {
    if (isTwiinError(error, 'COSIGNATURES_MISSING')) throw new TwiinError('CERT_UNCOSIGNED', error.facts)
    throw new TwiinError('CERT_UNLOGGED', { reason: codeOf(error) }, { cause: error })
  }
}
