/** Who may see, publish and be told what: pure decisions without input or output, deny by default. Spec 08. */
export { decideAccess, reasonForPeer } from './decide-access.ts'
export type {
  AccessDecision,
  AccessReason,
  AccessRequest,
  Basis,
  Holding,
  PeerReason,
} from './decide-access.ts'
export { decideConsent, mayPublish } from './decide-consent.ts'
export type { ConsentDecision, PublishDecision, Requester } from './decide-consent.ts'
export { organisationCategories, scopeKey } from './consent-record.ts'
export type {
  ConsentRecord,
  ConsentScope,
  ConsentSource,
  Decision,
  OrganisationCategory,
} from './consent-record.ts'
