import { decideConsent } from './decide-consent.ts'
import type { ConsentDecision, Requester } from './decide-consent.ts'
import type { ConsentRecord } from './consent-record.ts'

export type Basis = 'treatment' | 'referral' | 'emergency'

/** What a peer asks on behalf of a user: to list a patient's studies, or to open a stream. */
export interface AccessRequest {
  readonly requester: Requester
  /** The asking member has not shown yet that it exchanges (spec 12 §3). */
  readonly isTesting?: boolean
  readonly user: { readonly id: string; readonly role: string }
  readonly purpose: { readonly basis: Basis; readonly reason: string }
}

/** What the holder knows of the patient at this moment. */
export interface Holding {
  /** Is the patient known here at all? */
  readonly known: boolean
  readonly consents: readonly ConsentRecord[]
  /** Nothing goes out, whatever the consent: it is in doubt whose the images are, or who asks is not in the directory. */
  readonly blocked: boolean
  /** The birth date in the request is not the one on record: `IDENTITY_MISMATCH`. */
  readonly identityConflict: boolean
}

export type AccessReason =
  | 'PERMITTED'
  | 'MEMBER_TESTING'
  | 'ROLE_NOT_PERMITTED'
  | 'BASIS_NOT_SUPPORTED'
  | 'UNKNOWN_PATIENT'
  | 'BLOCKED'
  | 'CONSENT_MISSING'
  | 'CONSENT_DENIED'
  | 'IDENTITY_MISMATCH'

export interface AccessDecision {
  readonly permitted: boolean
  /** For the holder's own record. To a peer only `reasonForPeer(why)` leaves. */
  readonly why: AccessReason
  /** What consent said, when it was asked. */
  readonly consent?: ConsentDecision
}

/** The refusals a peer may read. */
export type PeerReason = Exclude<AccessReason, 'PERMITTED' | 'UNKNOWN_PATIENT' | 'CONSENT_DENIED'>

const roles: ReadonlySet<string> = new Set(['radiologist'])
// Referral is the basis of a directed send, which is no access; the emergency procedure is not built.
const bases: ReadonlySet<string> = new Set<Basis>(['treatment'])

/** Spec 08 §5. Judged anew for every search, every retrieval and every stream that opens. */
export function decideAccess(request: AccessRequest, holding: Holding): AccessDecision {
  if (request.isTesting === true) return { permitted: false, why: 'MEMBER_TESTING' }
  if (!roles.has(request.user.role)) return { permitted: false, why: 'ROLE_NOT_PERMITTED' }
  if (!bases.has(request.purpose.basis)) return { permitted: false, why: 'BASIS_NOT_SUPPORTED' }
  if (!holding.known) return { permitted: false, why: 'UNKNOWN_PATIENT' }

  const consent = decideConsent(holding.consents, request.requester)
  if (consent.why === 'no-record') return { permitted: false, why: 'CONSENT_MISSING', consent }
  if (consent.decision !== 'permit') return { permitted: false, why: 'CONSENT_DENIED', consent }
  // After consent: who may not see the patient learns neither of a block nor whether a birth date was guessed right.
  if (holding.blocked) return { permitted: false, why: 'BLOCKED', consent }
  if (holding.identityConflict) return { permitted: false, why: 'IDENTITY_MISMATCH', consent }
  return { permitted: true, why: 'PERMITTED', consent }
}

/**
 * The refusal as a peer may read it. That a patient was ever here is itself a medical fact: unknown here, objected, and
 * never asked all read CONSENT_MISSING.
 */
export function reasonForPeer(why: Exclude<AccessReason, 'PERMITTED'>): PeerReason {
  switch (why) {
    case 'UNKNOWN_PATIENT':
    case 'CONSENT_DENIED':
    case 'CONSENT_MISSING':
      return 'CONSENT_MISSING'
    case 'MEMBER_TESTING':
    case 'ROLE_NOT_PERMITTED':
    case 'BASIS_NOT_SUPPORTED':
    case 'BLOCKED':
    case 'IDENTITY_MISMATCH':
      return why
  }
}
