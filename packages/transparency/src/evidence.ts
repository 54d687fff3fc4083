import { TwiinError } from '@twiin/runtime'
import type { LogIdentity } from './checkpoint.ts'
import { verifyCheckpoint } from './checkpoint.ts'
import type { Witness } from './cosignature.ts'
import { cosignaturesOf } from './cosignature.ts'
import { leafHash } from './merkle-hash.ts'
import { verifyInclusion } from './proofs.ts'

/** What proves that one leaf stands in the log. spec 11 §5. */
export interface Evidence {
  /** The ledger line, without its newline. */
  readonly leaf: Uint8Array
  readonly index: number
  /** Hashes of 32 bytes, from the leaf upwards. */
  readonly path: readonly Uint8Array[]
  /** The note: `<= 8 KiB`. */
  readonly checkpoint: string
}

/** Whom the verifier believes. Leave revoked witnesses out of the list: their lines are then passed over. */
export interface TrustedLog {
  readonly log: LogIdentity
  readonly witnesses: readonly Witness[]
  /** How many of them must have cosigned: 2, or 0 while the network is founded (spec 11 §6). */
  readonly quorum: number
}

/** What evidence that holds says: in which tree the leaf stands, and which known witnesses cosigned it. */
export interface JudgedEvidence {
  readonly size: number
  readonly root: Uint8Array
  readonly cosigners: readonly string[]
}

/**
 * Whether this leaf stands in the log. What the leaf says is for the caller to judge. spec 11 §5.
 *
 * Errors, in this order: CHECKPOINT_INVALID (the note cannot be read, or a signature of the log or of a known witness does
 * not fit), INCLUSION_INVALID (the path does not lead from the leaf to the root), COSIGNATURES_MISSING (fewer than the
 * quorum of distinct known witnesses; facts `have` and `quorum`).
 */
export function judgeEvidence(evidence: Evidence, trusted: TrustedLog): JudgedEvidence {
  const checkpoint = verifyCheckpoint(evidence.checkpoint, trusted.log)
  const cosigners = cosignaturesOf(checkpoint, trusted.witnesses).map(({ name }) => name)
  const { size, root } = checkpoint
  const claim = { leafHash: leafHash(evidence.leaf), index: evidence.index, size, root }
  if (!verifyInclusion(claim, evidence.path)) {
    throw new TwiinError('INCLUSION_INVALID', { index: evidence.index, size })
  }
  if (cosigners.length < trusted.quorum) {
    throw new TwiinError('COSIGNATURES_MISSING', { have: cosigners.length, quorum: trusted.quorum })
  }
  return { size, root, cosigners }
}
