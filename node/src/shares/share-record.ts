import type { Person } from '../people/people-file.ts'
import type { ChosenStudy, PackageOrder, PatientOnRecord } from '../share-package/package-order.ts'

/** A share, as it is kept and as it is told of (spec 25). */

export type ShareLanguage = 'nl' | 'en'

/** `locked` is no state of its own on disk: it follows from the tries, and is over with a new code. */
export type ShareState = 'preparing' | 'open' | 'blocked' | 'revoked' | 'expired' | 'failed'
export type OverReason = 'expired' | 'revoked' | 'blocked' | 'failed'

export interface ShareRecipient {
  readonly kind: 'patient' | 'professional'
  readonly name?: string
  readonly email?: string
}

/** `sms`: six digits to a telephone (E.164); `letter`: ten characters handed over; `oidc`: a broker says who it is. */
export type ShareFactor =
  { readonly kind: 'sms'; readonly phone: string } | { readonly kind: 'letter' } | { readonly kind: 'oidc' }
export type FactorKind = ShareFactor['kind']

export type ShareHappening =
  | 'created'
  | 'mailed'
  | 'opened'
  | 'viewed'
  | 'downloaded'
  | 'new-code'
  /** A text message with a code that no gateway took. */
  | 'code-not-sent'
  | 'locked'
  | OverReason

export interface ShareEvent {
  readonly at: number
  readonly what: ShareHappening
  /** Id of who of the staff did it; the recipient is not told. */
  readonly by?: string
  /** The last two digits of the number that codes go to from then on. For staff. */
  readonly phoneEnd?: string
}

export interface Counted {
  readonly count: number
  readonly last?: number
}

/** Holds who and what: sealed. Times in milliseconds since the Unix epoch. */
export interface ShareRecord {
  /** First 16 bytes of the SHA-256 of the link's identifier, in hexadecimal. */
  readonly id: string
  /** The whole of it. */
  readonly linkHash: string
  readonly state: ShareState
  /** Code: why it failed. */
  readonly reason?: string
  readonly createdAt: number
  readonly createdBy: Person
  readonly recipient: ShareRecipient
  readonly factor: ShareFactor
  /** Whom it is about, as it stands on record. */
  readonly patient: PatientOnRecord
  readonly bsn?: string
  readonly order: PackageOrder
  /** A report was talked over with the patient: nothing is held back. */
  readonly discussed: boolean
  readonly validDays: number
  readonly studies: readonly ChosenStudy[]
  readonly opensAt: number
  readonly expiresAt: number
  readonly endedAt?: number
  readonly bytes: number
  readonly mail: 'none' | 'waiting' | 'sent' | 'failed'
  readonly opened: Counted
  readonly viewed: Counted
  readonly downloaded: Counted
  /** Oldest first; at most 500, of which none is pushed out by recipients who come often (`withEvent`). */
  readonly history: readonly ShareEvent[]
}

const overStates: ReadonlySet<ShareState> = new Set(['blocked', 'revoked', 'expired', 'failed'])

/** Why it is over, or undefined. By the clock also where nobody has written that down yet. */
export function overReason(
  { state, expiresAt }: Pick<ShareRecord, 'state' | 'expiresAt'>,
  now: number,
): OverReason | undefined {
  if (overStates.has(state)) return state as OverReason
  return expiresAt <= now ? 'expired' : undefined
}

const mostHappenings = 500

/** What who has link and code does as often as he likes: of each so many stay, and beyond them they push out each other. */
const repeated: ReadonlySet<ShareHappening> = new Set(['opened', 'viewed', 'downloaded'])
const mostRepeated = 20

export function withEvent(record: ShareRecord, event: ShareEvent): ShareRecord {
  const history = [...record.history, event]
  if (history.length <= mostHappenings) return { ...record, history }
  const spare = history.findIndex(
    ({ what }) => repeated.has(what) && history.filter((one) => one.what === what).length > mostRepeated,
  )
  return { ...record, history: history.toSpliced(Math.max(0, spare), 1).slice(-mostHappenings) }
}
