/** Who may see, publish and be told what: pure decisions without input or output, deny by default. Spec 08. */
export { decideAccess, reasonForPeer } from './decide-access.ts'
export type {
  AccessDecision,
  AccessReason,
  AccessRequest,
  Basis,
  Holding,
  PeerReason,
  TreatmentRelation,
} from './decide-access.ts'
export { decideConsent, lastWords, mayPublish, recordsInForce } from './decide-consent.ts'
export type { ConsentDecision, MitzAnswer, PublishDecision, Requester } from './decide-consent.ts'
export { givers, organisationCategories, scopeKey } from './consent-record.ts'
export type {
  ConsentRecord,
  ConsentScope,
  ConsentSource,
  Decision,
  GivenBy,
  OrganisationCategory,
} from './consent-record.ts'
export { giversAt } from './who-decides.ts'
export type { PatientAge } from './who-decides.ts'
