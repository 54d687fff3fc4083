import type { AuditEntry, StoredEntry } from '@twiin/audit'

/** Why a person should look at an entry, the gravest first. Spec 07 §11. */
export const reviewReasons = [
  'MANY_PATIENTS',
  'EMERGENCY_UNNOTICED',
  'LOG_EXPORT',
  'ACCOUNT_CHANGED',
  'OUT_OF_HOURS',
  'REFUSED',
] as const
export type ReviewReason = (typeof reviewReasons)[number]

export interface Marked {
  readonly stored: StoredEntry
  readonly reasons: readonly ReviewReason[]
  /** Entries like it (same user, reason and other end, same day) that stand under this one. */
  readonly alike: number
}

const hourMs = 3_600_000
const patientsAnHour = 20
/** Work hours begin and end, Dutch time. */
const [opens, closes] = [7, 19]
/** A patient with one of these is one of the hospital. */
const relations: ReadonlySet<AuditEntry['event']> = new Set([
  ...(['study-stored', 'study-filed', 'consent-recorded', 'publish', 'send', 'media-import'] as const),
])
/** What a user does with a patient's data. */
const looks: ReadonlySet<AuditEntry['event']> = new Set([
  ...([
    'search',
    'retrieve-requested',
    'study-viewed',
    'media-export',
    'emergency',
    'share-created',
  ] as const),
])
/** What lets somebody in, or makes it easier. Spec 07 §3. */
const givesAccess: ReadonlySet<string> = new Set([
  ...['USER_ADDED', 'USER_ENABLED', 'PASSWORD_SET'],
  ...['SECOND_FACTOR_SET', 'SECOND_FACTOR_RESET', 'RECOVERY_CODES_MADE', 'PASSKEY_ADDED'],
])
/** By somebody else than whose account it is. */
const isGivenAccess = ({ event, reason = '', user, account }: AuditEntry) =>
  event === 'account-changed' && givesAccess.has(reason) && account !== user?.id
/** An emergency of another hospital about a patient of this one. */
const isOfOthers = ({ emergency, peer, patient, event }: AuditEntry) =>
  emergency && peer !== undefined && patient !== undefined && event !== 'retrieve-requested'
/** On the list of spec 21 §4, or a line `emergency` says that it is not. Past the quota there is neither. */
const isAccountedFor = (entry: AuditEntry) => isOfOthers(entry) && entry.reason !== 'TOO_MANY_EMERGENCIES'
const mostUsers = 5000
const mostPatients = 200_000

/** Reads entries in the order they were written, and says of each why it stands out, if it does. */
export class ReviewReasons {
  /** Patients that a user looked at within the hour. */
  readonly #recent = new Map<string, Map<string, number>>()
  readonly #known = new Set<string>()
  readonly #hours = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: 'Europe/Amsterdam', hour: '2-digit', weekday: 'short', hourCycle: 'h23' },
  })

  /** None for most. */
  of({ entry }: StoredEntry): ReviewReason[] {
    const reasons: ReviewReason[] = []
    if (this.#isOneTooMany(entry)) reasons.push('MANY_PATIENTS')
    if (entry.unnoticed === true) reasons.push('EMERGENCY_UNNOTICED')
    if (entry.event === 'log-export') reasons.push('LOG_EXPORT')
    if (isGivenAccess(entry)) reasons.push('ACCOUNT_CHANGED')
    if (this.#isOutOfHours(entry)) reasons.push('OUT_OF_HOURS')
    if (entry.outcome === 'refused' && !isAccountedFor(entry)) reasons.push('REFUSED')
    const bsn = entry.patient?.citizenNumber
    if (bsn !== undefined && relations.has(entry.event) && this.#known.size < mostPatients)
      this.#known.add(bsn)
    return reasons
  }

  #isOneTooMany(entry: AuditEntry): boolean {
    const { event, user, patient, at } = entry
    const whom = patient?.citizenNumber ?? patient?.localId
    if (user === undefined || whom === undefined || !looks.has(event) || isOfOthers(entry)) return false
    const seen = this.#recent.get(user.id) ?? new Map<string, number>()
    for (const [each, last] of seen) if (last < at - hourMs) seen.delete(each)
    const before = seen.size
    seen.set(whom, at)
    this.#recent.delete(user.id)
    this.#recent.set(user.id, seen)
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= mostUsers) break
      this.#recent.delete(oldest)
    }
    // The one by which it became too many, and each further one.
    return seen.size > patientsAnHour && seen.size > before
  }

  #isOutOfHours(entry: AuditEntry): boolean {
    const { event, user, patient, at } = entry
    const bsn = patient?.citizenNumber
    if (user === undefined || bsn === undefined || !looks.has(event) || isOfOthers(entry)) return false
    if (this.#known.has(bsn)) return false
    const parts = this.#hours.formatToParts(at)
    const part = (type: string) => parts.find((each) => each.type === type)?.value ?? ''
    const hour = Number(part('hour'))
    return hour < opens || hour >= closes || ['Sat', 'Sun'].includes(part('weekday'))
  }
}
