import { createHash } from 'node:crypto'
import type { Register } from '../ledger/register.ts'

/**
 * Which register a digest is of. Raised whenever `Register`, or something in it, is changed: a backup of another version is
 * held against head, root and lines alone. `state-digest.test.ts` fails when that was forgotten.
 */
export const stateVersion = 1

/** SHA-256 of everything that follows from a ledger, as canonical JSON: two registers that are the same have the same. */
export function stateDigest(register: Register): string {
  return createHash('sha256')
    .update(canonicalText({ ...register }))
    .digest('hex')
}

/** JSON that is the same for what is the same. */
export function canonicalText(value: object): string {
  return JSON.stringify(canonical(value))
}

/** Maps and sets in the order of their keys, objects too; what is undefined is not there. */
function canonical(value: unknown): unknown {
  if (value instanceof Map) return sorted([...value].map(([key, one]) => [String(key), canonical(one)]))
  if (value instanceof Set) return sorted([...value].map((one) => [String(one), true]))
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return sorted(entries.map(([key, one]) => [key, canonical(one)]))
}

function sorted(entries: [string, unknown][]): [string, unknown][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1))
}
