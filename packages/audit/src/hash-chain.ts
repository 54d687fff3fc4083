import { createHash } from 'node:crypto'
import type { AuditEntry } from './audit-entry.ts'

/** Names one state of the log: everything up to and including `seq`. Says nothing about the entries. */
export interface AuditHead {
  readonly seq: number
  /** SHA-256, hexadecimal. */
  readonly hash: string
}

/** One link of the chain, as stored. */
export interface StoredEntry extends AuditHead {
  readonly previousHash: string
  /**
   * 16 random bytes, hexadecimal. Heads are shown to other parties; without this a guessed entry, and so a BSN, could be
   * checked against one.
   */
  readonly salt: string
  readonly entry: AuditEntry
}

/** What the first entry follows. */
export const genesis: AuditHead = { seq: 0, hash: '0'.repeat(64) }

/** The link that follows `previous`. */
export function linkTo(previous: AuditHead, salt: Uint8Array, entry: AuditEntry): StoredEntry {
  const content = {
    seq: previous.seq + 1,
    previousHash: previous.hash,
    salt: Buffer.from(salt).toString('hex'),
    entry,
  }
  return { ...content, hash: hashOf(content) }
}

/** What is wrong with `link` as the successor of `previous`, if anything. */
export function flawOf(
  link: StoredEntry,
  previous: AuditHead,
): 'MISSING' | 'ALTERED' | 'CHAIN_BROKEN' | undefined {
  if (link.seq !== previous.seq + 1) return 'MISSING'
  const { hash, ...content } = link
  if (hashOf(content) !== hash) return 'ALTERED'
  return link.previousHash === previous.hash ? undefined : 'CHAIN_BROKEN'
}

/** Spec 07 §4: SHA-256 over the domain and the canonical JSON of everything in the link but the hash itself. */
function hashOf(content: Omit<StoredEntry, 'hash'>): string {
  return createHash('sha256').update('twiin/audit/v1\0').update(canonicalJson(content)).digest('hex')
}

/** RFC 8785 (JCS) for JSON values: keys in UTF-16 order, no white space; undefined fields are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`)
  return `{${fields.join(',')}}`
}
