/**
 * From a BSN to a patient token by an oblivious function: the keepers never see the BSN, a node alone cannot compute a
 * token. RFC 9497 VOPRF, ristretto255-SHA512, the key in one share or split over several keepers. Spec 02.
 */
export { parseBsn, passesElevenTest } from './bsn.ts'
export type { Bsn } from './bsn.ts'
export { limits as tokenLimits } from './evaluation.ts'
export type { EvaluationAnswer, EvaluationRequest, TokenKeeperPeer, TokenKeepers } from './evaluation.ts'
export { KeeperKey } from './keeper-key.ts'
export { CachedTokens } from './known-tokens.ts'
export type { KnownTokens } from './known-tokens.ts'
export type { PatientToken, PatientTokens, TokenPurpose } from './patient-token.ts'
export { TokenClient } from './token-client.ts'
export { TokenKeeper } from './token-keeper.ts'
export type {
  EvaluationRecord,
  QuotaCounter,
  QuotaCounters,
  TokenKeeperDeps,
  TokenKeeperOptions,
} from './token-keeper.ts'
