import type { KnownApplication, KnownApproval, Register } from '../ledger/register.ts'
import { stillStands } from '../requests/second-person.ts'
import type { SubmittedApplication } from './submitted-application.ts'

export interface Standing {
  readonly state: 'open' | 'approved' | 'rejected' | 'superseded'
  /** Since when it is closed. */
  readonly closedAt?: number
  /** Why it was rejected: a code. */
  readonly reason?: string
}

/** How an application stands: what is decided is in the ledger, what is not is open. */
export function standingOf(register: Register, submitted: SubmittedApplication): Standing {
  const { id, application, line } = submitted
  const rejection = register.rejections.get(id)
  if (rejection !== undefined) return { state: 'rejected', closedAt: rejection.at, reason: rejection.reason }
  const known = register.applications.get(id)
  if (known?.state === 'approved') return { state: 'approved', ...closedBy(known) }
  // A clinic joins once: what waited when another application of it was approved is closed with that.
  const other = [...register.applications.values()].find(
    (one) =>
      one.state === 'approved' &&
      one.application.ura === application.ura &&
      (one.approvals.at(-1)?.index ?? -1) >= line,
  )
  return other === undefined ? { state: 'open' } : { state: 'superseded', ...closedBy(other) }
}

function closedBy({ approvals }: KnownApplication): { closedAt?: number } {
  const last = approvals.at(-1)
  return last === undefined ? {} : { closedAt: last.at }
}

/** Who approved exactly what lies there now, and whose word counts no more: of an earlier version, or too old. */
export function approvalsOf(register: Register, { id, digest }: SubmittedApplication, now: number) {
  const { approvals = [], state = 'open' } = register.applications.get(id) ?? {}
  // Of an approved one those count that counted when the last of them was given.
  const judgedAt = state === 'approved' ? (approvals.at(-1)?.at ?? now) : now
  const counts = (approval: KnownApproval) => approval.digest === digest && stillStands(approval.at, judgedAt)
  return {
    current: approvals.filter(counts),
    voided: approvals.filter((approval) => !counts(approval)),
  }
}
