import type { Bundle, Evidence } from '@twiin/protocol'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import { judgeEvidence } from '@twiin/transparency'
import { isPublishedLineOf } from './log-leaf.ts'
import { cosignaturesRequired, trustedLog } from './witnessing.ts'

/** What a bundle is judged by: the one held, and what was seen besides. */
export interface BundleJudge {
  /** The bundle in force; undefined at the very first. */
  readonly held: Bundle | undefined
  readonly isCut: (peerId: string) => boolean
  /** Whether cosignatures were ever required: that never ends. */
  readonly isRequired: boolean
  readonly isLogTrusted: boolean
  readonly now: number
}

/**
 * Whether a bundle may be taken whole (spec 11 §6): logged, and cosigned by witnesses of the bundle that is held, so that
 * the set changes only with the consent of the old one. The first has nobody but itself to be judged by.
 *
 * Throws, in this order: LOG_DISTRUSTED; BUNDLE_UNLOGGED (fact `reason`); BUNDLE_UNCOSIGNED; FOUNDING_AGAIN when it would
 * put off the end of founding, or go back to it.
 */
export function requireWhole(bundle: Bundle, evidence: Evidence, judge: BundleJudge): void {
  if (!judge.isLogTrusted) throw new TwiinError('LOG_DISTRUSTED')
  const basis = judge.held ?? bundle
  const isRequired = judge.isRequired || cosignaturesRequired(basis.witnessing, judge.now)
  if (!isPublishedLineOf(evidence.leaf, bundle)) throw new TwiinError('BUNDLE_UNLOGGED', { reason: 'LEAF' })
  try {
    judgeEvidence(evidence, trustedLog(basis, { isRequired, isCut: judge.isCut }))
  } catch (error) {
    if (isTwiinError(error, 'COSIGNATURES_MISSING')) throw new TwiinError('BUNDLE_UNCOSIGNED', error.facts)
    throw new TwiinError('BUNDLE_UNLOGGED', { reason: codeOf(error) }, { cause: error })
  }
  const { witnessing } = bundle
  const goesBack = isRequired && !cosignaturesRequired(witnessing, judge.now)
  const putsOff = witnessing.phase === 'founding' && witnessing.endsAt > basis.witnessing.endsAt
  if (goesBack || putsOff) throw new TwiinError('FOUNDING_AGAIN')
}
