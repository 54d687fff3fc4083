import type { Proof } from '../proof/verify-line.ts'

export type VerdictName = 'held' | 'heldFounding' | 'heldAlone' | 'unknown' | 'broken'

/**
 * One word for a proof. Anything broken breaks it; what could not be judged, or that nobody but the registry
 * vouches for, is never called proven.
 */
export function verdictOf({
  inclusion,
  logSignature,
  cosignatures,
  cosigners,
  quorum,
  phase,
}: Proof): VerdictName {
  const judgements = [inclusion, logSignature, cosignatures]
  if (judgements.includes('broken')) return 'broken'
  if (judgements.includes('unknown')) return 'unknown'
  if (cosigners.length >= quorum) return 'held'
  return phase === 'founding' ? 'heldFounding' : 'heldAlone'
}
