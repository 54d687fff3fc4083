import type { Proof } from '../proof/verify-line.ts'

export type VerdictName = 'held' | 'heldAlone' | 'unknown' | 'broken'

/** One word for a proof. Anything broken breaks it; what could not be judged is never called proven. */
export function verdictOf({ inclusion, logSignature, cosigners, quorum, phase }: Proof): VerdictName {
  if (inclusion === 'broken' || logSignature === 'broken') return 'broken'
  if (inclusion === 'unknown' || logSignature === 'unknown') return 'unknown'
  return phase === 'founding' || cosigners.length >= quorum ? 'held' : 'heldAlone'
}
