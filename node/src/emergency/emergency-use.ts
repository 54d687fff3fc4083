/** Why somebody needs what nobody agreed to (spec 21 §1). */
export const causes = ['life-threatening', 'not-responsive', 'other'] as const
export type Cause = (typeof causes)[number]
export const verdicts = ['justified', 'unjustified', 'follow-up'] as const
export type Verdict = (typeof verdicts)[number]

export interface Review {
  readonly verdict: Verdict
  readonly note: string
  readonly by: { readonly id: string; readonly name: string }
  readonly at: number
}

/** One use of emergency access, by somebody here or by somebody elsewhere. Holds patient data: stored sealed. */
export interface EmergencyUse {
  /** 32 hex digits, ordered by time. */
  readonly id: string
  readonly direction: 'own' | 'received'
  /** Milliseconds since the Unix epoch. */
  readonly openedAt: number
  readonly until: number
  readonly endedAt?: number
  readonly endReason?: EndReason
  /** Only of our own. */
  readonly cause?: Cause
  readonly reason: string
  readonly user: { readonly id: string; readonly name: string; readonly role: string }
  /** Whose user it is. */
  readonly organisation: { readonly ura: string; readonly name: string }
  readonly peerId?: string
  readonly patient: { readonly bsn: string; readonly name?: string }
  readonly searches: number
  readonly retrievals: number
  /** The patient is marked here (spec 08 §7). */
  readonly shielded?: boolean
  /** Helped while Mitz was silent: whether the patient objects there, nobody knew (spec 08 §8). */
  readonly consent?: 'unavailable'
  /** Why the holder refused; absent when it did not. */
  readonly refusedFor?: string
  readonly review?: Review
}

export type EndReason = 'ENDED' | 'EXPIRED' | 'REPLACED'
export type UseState = 'open' | 'ended' | 'refused'

/** spec 21 §1, §3 */
export const boxMs = 60 * 60_000

export function stateOf(use: EmergencyUse, now: number): UseState {
  if (use.refusedFor !== undefined) return 'refused'
  return use.endedAt === undefined && now < use.until ? 'open' : 'ended'
}

/** What is asked of others under this box. */
export function purposeOf({ cause, reason }: EmergencyUse): { basis: 'emergency'; reason: string } {
  return { basis: 'emergency', reason: `${cause ?? 'other'}: ${reason}` }
}
