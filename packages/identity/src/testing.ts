/** For tests, here and in the packages above: an authority, and everything a bad one could issue. */
export { takenOver, testAuthority } from './testing/test-authority.ts'
export type { TestAuthority } from './testing/test-authority.ts'
export { forgeCertificate, rogueIssuer } from './testing/forge-certificate.ts'
export type { Forgery, RogueIssuer } from './testing/forge-certificate.ts'
export { rogueCredentials, rogueKinds } from './testing/rogue-credentials.ts'
export type { BadCredential, RogueKind } from './testing/rogue-credentials.ts'
export { badCredentials } from './testing/bad-credentials.ts'
