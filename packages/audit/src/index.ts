/** Who did what to whose data, on record at both ends: NEN 7513 entries in a hash chain that shows tampering. Spec 07. */
export { auditEvents } from './audit-entry.ts'
export type { AuditEntry, AuditEvent, NewAuditEntry } from './audit-entry.ts'
export { AuditLog } from './audit-log.ts'
export type { AuditFilter, Verification } from './audit-log.ts'
export type { AuditHead, StoredEntry } from './hash-chain.ts'
