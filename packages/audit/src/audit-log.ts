import type { Clock, Service } from '@twiin/runtime'
import type { AuditEntry, NewAuditEntry } from './audit-entry.ts'

/** Where the log's records are kept. Values hold patient data: the implementation seals them. */
export interface AuditRecords {
  /** Adds or replaces, all or nothing; durable when resolved. */
  put(records: readonly { seq: number; value: Uint8Array }[]): Promise<void>
  /** In order of seq, from `from` up. */
  scan(from: number): AsyncIterable<{ seq: number; value: Uint8Array }>
  /** The record with the highest seq. */
  last(): Promise<{ seq: number; value: Uint8Array } | undefined>
}

/** Names one state of the log: everything up to and including `seq`. Safe to show to others. */
export interface AuditHead {
  readonly seq: number
  /** Hexadecimal SHA-256. */
  readonly hash: string
}

export interface StoredEntry extends AuditHead {
  readonly previousHash: string
  readonly entry: AuditEntry
}

export interface AuditFilter {
  /** Milliseconds since the Unix epoch, inclusive. */
  readonly from?: number
  readonly to?: number
  /** Only entries after this seq: to read on. */
  readonly after?: number
  readonly limit?: number
}

export type Verification =
  | { readonly ok: true; readonly head: AuditHead }
  | {
      readonly ok: false
      readonly firstBad: number
      readonly why: 'MISSING' | 'ALTERED' | 'UNREADABLE' | 'CHAIN_BROKEN' | 'TRUNCATED'
    }

export interface AuditLog extends Service {
  append(entry: NewAuditEntry): Promise<AuditHead>
  entries(filter?: AuditFilter): AsyncIterable<StoredEntry>
  verify(known?: AuditHead): Promise<Verification>
}
export declare const AuditLog: new (
  options: object,
  deps: { records: AuditRecords; clock: Clock },
) => AuditLog
