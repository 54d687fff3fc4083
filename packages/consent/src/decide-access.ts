import { decideConsent } from './decide-consent.ts'
import type { ConsentDecision, MitzAnswer, Requester } from './decide-consent.ts'
import type { ConsentRecord } from './consent-record.ts'
import type { PatientAge } from './who-decides.ts'

export type Basis = 'treatment' | 'referral' | 'emergency'

/**
 * That the patient is treated there: `stated` by the user, or `registered`: the asking hospital's own administration
 * shows it (spec 08 §6).
 */
export type TreatmentRelation = 'stated' | 'registered'

/** What a peer asks on behalf of a user: to list a patient's studies, or to open a stream. */
export interface AccessRequest {
  readonly requester: Requester
  /** The asking peer has a certificate and stands in no directory: a keeper, a newcomer, one that was taken out. */
  readonly isOutsider?: boolean
  /** The asking member has not shown yet that it exchanges (spec 12 §3). */
  readonly isTesting?: boolean
  /** More emergencies of this member within the hour than can be (spec 21 §3). */
  readonly isBeyondQuota?: boolean
  readonly user: { readonly id: string; readonly role: string }
  readonly purpose: { readonly basis: Basis; readonly reason: string }
  /** As the asking hospital signs it; `stated`, when it says nothing. */
  readonly relation?: TreatmentRelation
  /** It is to be handed on, to the patient or to somebody outside the network (spec 25 §7). */
  readonly isToShare?: boolean
}

/** What the holder knows of the patient at this moment. */
export interface Holding {
  /** Is the patient known here at all? */
  readonly known: boolean
  readonly age: PatientAge
  readonly consents: readonly ConsentRecord[]
  /** What Mitz answered for this requester; absent when this hospital does not ask it. */
  readonly mitz?: MitzAnswer | undefined
  /** Marked here as somebody whom the curious look for: a statement is not enough (spec 08 §7). */
  readonly shielded: boolean
  /** Nothing goes out, whatever the consent: it is in doubt whose the images are. */
  readonly blocked: boolean
  /** The birth date in the request is not the one on record: `IDENTITY_MISMATCH`. */
  readonly identityConflict: boolean
  /** Whether others may hand on what this hospital made: its own rule, for every patient (spec 08 §5). */
  readonly onwardSharing?: 'permit' | 'refuse'
}

export type AccessReason =
  | 'PERMITTED'
  | 'NOT_A_MEMBER'
  | 'MEMBER_TESTING'
  | 'ROLE_NOT_PERMITTED'
  | 'BASIS_NOT_SUPPORTED'
  | 'SHARING_NOT_PERMITTED'
  | 'TOO_MANY_EMERGENCIES'
  | 'UNKNOWN_PATIENT'
  | 'SHIELDED'
  | 'BLOCKED'
  | 'CONSENT_MISSING'
  | 'CONSENT_DENIED'
  | 'CONSENT_UNAVAILABLE'
  | 'IDENTITY_MISMATCH'

export interface AccessDecision {
  readonly permitted: boolean
  /** For the holder's own record. To a peer only `reasonForPeer(why)` leaves. */
  readonly why: AccessReason
  /** What consent said, when it was asked. */
  readonly consent?: ConsentDecision
}

/** The refusals a peer may read. */
export type PeerReason = Exclude<
  AccessReason,
  | 'PERMITTED'
  | 'TOO_MANY_EMERGENCIES'
  | 'UNKNOWN_PATIENT'
  | 'CONSENT_DENIED'
  | 'CONSENT_UNAVAILABLE'
  | 'SHIELDED'
>

const roles: ReadonlySet<string> = new Set(['radiologist'])
// Referral is the basis of a directed send, which is no access.
const bases: ReadonlySet<string> = new Set<Basis>(['treatment', 'emergency'])

/** Spec 08 §5. Judged anew for every search, every retrieval and every stream that opens. */
export function decideAccess(request: AccessRequest, holding: Holding): AccessDecision {
  // Before anything of the patient counts: who is no member must not learn who is one.
  if (request.isOutsider === true) return { permitted: false, why: 'NOT_A_MEMBER' }
  if (request.isTesting === true) return { permitted: false, why: 'MEMBER_TESTING' }
  if (!roles.has(request.user.role)) return { permitted: false, why: 'ROLE_NOT_PERMITTED' }
  if (!bases.has(request.purpose.basis)) return { permitted: false, why: 'BASIS_NOT_SUPPORTED' }
  // Help in an emergency is no reason to hand anything on. Before anything of the patient counts: it is said to everybody.
  if (
    request.isToShare === true &&
    (holding.onwardSharing === 'refuse' || request.purpose.basis === 'emergency')
  )
    return { permitted: false, why: 'SHARING_NOT_PERMITTED' }
  // Before anything of the patient counts: the limit must not tell who is one.
  if (request.isBeyondQuota === true) return { permitted: false, why: 'TOO_MANY_EMERGENCIES' }
  if (!holding.known) return { permitted: false, why: 'UNKNOWN_PATIENT' }

  const isEmergency = request.purpose.basis === 'emergency'
  const consent = decideConsent(holding.consents, request.requester, holding.age, holding.mitz)
  // Who was never asked may be helped in an emergency. Who said no has said no.
  if (consent.why === 'no-record' && !isEmergency)
    return { permitted: false, why: 'CONSENT_MISSING', consent }
  if (consent.why === 'explicit-deny') return { permitted: false, why: 'CONSENT_DENIED', consent }
  // Help does not wait for a service that is down; for one that is there it does (spec 08 §8).
  if (consent.why === 'unavailable' && (!isEmergency || holding.mitz === 'busy'))
    return { permitted: false, why: 'CONSENT_UNAVAILABLE', consent }
  if (holding.shielded && !isEmergency && request.relation !== 'registered')
    return { permitted: false, why: 'SHIELDED', consent }
  // After consent: who may not see the patient learns neither of a block nor whether a birth date was guessed right.
  if (holding.blocked) return { permitted: false, why: 'BLOCKED', consent }
  if (holding.identityConflict) return { permitted: false, why: 'IDENTITY_MISMATCH', consent }
  return { permitted: true, why: 'PERMITTED', consent }
}

/**
 * The refusal as a peer may read it. That a patient was ever here, or is somebody to be shielded, is itself a secret:
 * unknown here, shielded, objected, and never asked all read CONSENT_MISSING, and so does one emergency too many.
 */
export function reasonForPeer(why: Exclude<AccessReason, 'PERMITTED'>): PeerReason {
  switch (why) {
    case 'TOO_MANY_EMERGENCIES':
    case 'UNKNOWN_PATIENT':
    case 'CONSENT_DENIED':
    case 'CONSENT_UNAVAILABLE':
    case 'SHIELDED':
    case 'CONSENT_MISSING':
      return 'CONSENT_MISSING'
    case 'NOT_A_MEMBER':
    case 'MEMBER_TESTING':
    case 'ROLE_NOT_PERMITTED':
    case 'BASIS_NOT_SUPPORTED':
    case 'SHARING_NOT_PERMITTED':
    case 'BLOCKED':
    case 'IDENTITY_MISMATCH':
      return why
  }
}
