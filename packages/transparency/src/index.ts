/**
 * One public, append-only list and what proves that something stands in it: trees and proofs (RFC 6962, RFC 9162),
 * checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature v1), evidence. Pure: no socket, no
 * disk, no clock, no private key. Spec 11.
 */
export { MerkleTree } from './merkle-tree.ts'
export { emptyRoot, leafHash } from './merkle-hash.ts'
export { verifyConsistency, verifyInclusion } from './proofs.ts'
export type { ConsistencyClaim, InclusionClaim } from './proofs.ts'
export {
  addSignatures,
  checkpointLimits,
  contradiction,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from './checkpoint.ts'
export type { Checkpoint, LogIdentity, TreeHead } from './checkpoint.ts'
export { cosign, cosignaturesOf, verifyCosignature } from './cosignature.ts'
export type { Cosignature, Witness } from './cosignature.ts'
export type { Signer } from './ed25519.ts'
export type { SignatureLine } from './signature-line.ts'
export { judgeEvidence } from './evidence.ts'
export type { Evidence, JudgedEvidence, TrustedLog } from './evidence.ts'
