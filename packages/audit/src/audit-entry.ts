/** NEN 7513 §7.2: what happened. A closed list; spec 07 §3 says when each is written and by whom. */
export const auditEvents = [
  'search',
  'search-answered',
  'search-refused',
  'retrieve-requested',
  'study-released',
  'study-served',
  'study-received',
  'study-filed',
  'study-viewed',
  'study-stored',
  'send',
  'send-received',
  'receipt',
  'consent-recorded',
  'publish',
  'withdraw',
  'exception-resolved',
  'patients-merged',
  'login',
  'login-failed',
  'confirmation',
  'account-changed',
  'launch',
  'refused',
  'emergency',
  'emergency-reviewed',
  'log-read',
  'log-export',
  'log-reviewed',
  'account-difference',
  'study-recalled',
  'self-test',
  'media-import',
  'media-export',
  'share-created',
  'share-code',
  'share-opened',
  'share-viewed',
  'share-downloaded',
  'share-refused',
  'share-locked',
  'share-blocked',
  'share-revoked',
  'share-expired',
] as const
export type AuditEvent = (typeof auditEvents)[number]

/** One line of the log. Holds patient data: stored sealed, shown only to an auditor. */
export interface AuditEntry {
  readonly event: AuditEvent
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly outcome: 'success' | 'refused' | 'failed'
  /** Code of the refusal or failure. */
  readonly reason?: string
  /** Who acted. Absent when the node acted by itself (publishing, a send by called AE title). */
  readonly user?: { readonly id: string; readonly name?: string; readonly role: string }
  /** Whose account was changed, with `reason` saying what. */
  readonly account?: string
  /** On whose responsibility, when that is another person. */
  readonly responsible?: { readonly id: string; readonly name?: string }
  /** This organisation: the one that keeps the log. */
  readonly organisation: { readonly ura: string; readonly name: string }
  /** The other end, when there is one. */
  readonly peer?: { readonly ura: string; readonly name: string; readonly peerId: string }
  readonly patient?: {
    readonly citizenNumber?: string
    readonly localId?: string
    /** Number that ended, and is that of `localId` from now on. */
    readonly mergedId?: string
  }
  readonly objects?: {
    readonly studyInstanceUids?: readonly string[]
    readonly count?: number
    /** Instances of the manifest by which it went. */
    readonly named?: number
  }
  readonly purpose?: { readonly basis: string; readonly reason: string }
  /** The rule by which it was allowed or refused (NEN 7513: authorisation protocol). */
  readonly protocol?: string
  /** The consent that was found (NEN 7513: consent profile). */
  readonly consent?: string
  /** Was it an emergency access? */
  readonly emergency: boolean
  /** An emergency of another hospital that no notice tells of; spec 21 §3. */
  readonly unnoticed?: true
  /** Ties the lines at both ends together. */
  readonly requestId?: string
}

/** What the caller states; the log adds the time. */
export type NewAuditEntry = Omit<AuditEntry, 'at'>
