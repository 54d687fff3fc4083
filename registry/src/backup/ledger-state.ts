import type { MerkleTree } from '@twiin/transparency'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { Register } from '../ledger/register.ts'
import { stateDigest, stateVersion } from './state-digest.ts'

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })

/** A ledger at one moment, and what follows from it: enough to say whether another one is the same. */
export const LedgerState = Type.Object(
  {
    lines: Type.Integer({ minimum: 1 }),
    /** SHA-256 of the last line. */
    head: Hash,
    /** Of the tree over all lines. */
    root: Hash,
    /** Of which register `state` is; another version's says nothing here. */
    stateVersion: Type.Integer({ minimum: 1 }),
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
    stateVersion,
    state: stateDigest(register),
    bundleVersion: register.published?.version ?? 0,
    trustDomain: register.founded?.trustDomain ?? '',
  }
}

/** Lines, head and root always; what follows from them, when both were made by the same version of the register. */
export function isSameState(a: LedgerState, b: LedgerState): boolean {
  const { stateVersion: _, state: __, ...always } = LedgerState.properties
  return (
    (a.stateVersion !== b.stateVersion || a.state === b.state) &&
    (Object.keys(always) as (keyof typeof always)[]).every((key) => a[key] === b[key])
  )
}
