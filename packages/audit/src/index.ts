/** Who did what to whose data, on record at both ends: NEN 7513 entries in a hash chain that shows tampering. Spec 07. */
export { AuditLog } from './audit-log.ts'
export type { AuditFilter, AuditHead, AuditRecords, StoredEntry, Verification } from './audit-log.ts'
export { auditEvents } from './audit-entry.ts'
export type { AuditEntry, AuditEvent, NewAuditEntry } from './audit-entry.ts'
