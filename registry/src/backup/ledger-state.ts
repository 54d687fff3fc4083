import type { MerkleTree } from '@twiin/transparency'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { Register } from '../ledger/register.ts'
import { stateDigest } from './state-digest.ts'

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })

/** A ledger at one moment, and what follows from it: enough to say whether another one is the same. */
export const LedgerState = Type.Object(
  {
    lines: Type.Integer({ minimum: 1 }),
    /** SHA-256 of the last line. */
    head: Hash,
    /** Of the tree over all lines. */
    root: Hash,
    /** Of everything that follows from the lines. */
    state: Hash,
    bundleVersion: Type.Integer({ minimum: 0 }),
    trustDomain: Type.String(),
  },
  { additionalProperties: false },
)
export type LedgerState = Static<typeof LedgerState>

/** Of a ledger that runs, or of a copy that was read. */
export function ledgerStateOf(ledger: { register: Register; tree: MerkleTree; head: string }): LedgerState {
  const { register, tree, head } = ledger
  return {
    lines: tree.size,
    head,
    root: Buffer.from(tree.root()).toString('hex'),
    state: stateDigest(register),
    bundleVersion: register.published?.version ?? 0,
    trustDomain: register.founded?.trustDomain ?? '',
  }
}

export function isSameState(a: LedgerState, b: LedgerState): boolean {
  return (Object.keys(LedgerState.properties) as (keyof LedgerState)[]).every((key) => a[key] === b[key])
}
