import { scopeKey, specificity } from './consent-record.ts'
import type { ConsentRecord, ConsentScope, Decision, OrganisationCategory } from './consent-record.ts'
import { isOutgrown, wasEntitled } from './who-decides.ts'
import type { PatientAge } from './who-decides.ts'

export interface Requester {
  readonly ura: string
  readonly category?: OrganisationCategory
}

/**
 * What Mitz answered. `silent`: it is not there; `busy`: it is, and gave no answer that counts, for too much is asked of it
 * or the answer is unclear.
 */
export type MitzAnswer = Decision | 'silent' | 'busy'

export interface ConsentDecision {
  readonly decision: Decision
  /** `unavailable`: nobody objected here, and what was said in Mitz is not known. */
  readonly why: 'explicit-permit' | 'explicit-deny' | 'no-record' | 'unavailable'
  /** Of the record that decided: 0 everyone, 1 category, 2 organisation. Absent without a record. */
  readonly specificity?: 0 | 1 | 2
  /** `mitz` when its answer decided, and not a record here. */
  readonly source?: 'mitz'
}

export interface PublishDecision {
  readonly decision: Decision
  readonly why: 'explicit-permit' | 'explicit-deny' | 'no-record'
}

/**
 * May this organisation see this patient? Spec 08 §3: the more specific wins, on a tie the objection, unknown is no.
 * `mitz` is what Mitz answered for this requester, if it did: how specific the choice behind it was it does not say, so
 * it counts as specific as the record that decides here. Without an answer nobody knows of an objection in Mitz.
 */
export function decideConsent(
  records: readonly ConsentRecord[],
  requester: Requester,
  age: PatientAge,
  mitz?: MitzAnswer,
): ConsentDecision {
  const applicable = recordsInForce(records, age).filter(({ scope }) => applies(scope, requester))
  const level = Math.max(-1, ...applicable.map(({ scope }) => specificity(scope)))
  const decisive = applicable.filter(({ scope }) => specificity(scope) === level)
  const [first] = decisive
  const here: ConsentDecision =
    first === undefined
      ? { decision: 'deny', why: 'no-record' }
      : { ...objectionWins(decisive), specificity: specificity(first.scope) }
  if ((mitz === 'silent' || mitz === 'busy') && here.why !== 'explicit-deny')
    return { decision: 'deny', why: 'unavailable', source: 'mitz' }
  if (mitz === 'deny' && here.why !== 'explicit-deny') return { ...deny, source: 'mitz' }
  if (mitz === 'permit' && here.why === 'no-record') return { ...permit, source: 'mitz' }
  return here
}

/**
 * May an entry for this patient stand in the index? Spec 08 §4: only when there is somebody whom an explicit permit in
 * force would let see it.
 */
export function mayPublish(records: readonly ConsentRecord[], age: PatientAge): PublishDecision {
  const current = recordsInForce(records, age)
  if (current.length === 0) return { decision: 'deny', why: 'no-record' }
  const scopes = Map.groupBy(current, ({ scope }) => scopeKey(scope))
  const permitted = [...scopes.values()].some((same) => objectionWins(same).decision === 'permit')
  return permitted ? permit : deny
}

const permit = { decision: 'permit', why: 'explicit-permit' } as const
const deny = { decision: 'deny', why: 'explicit-deny' } as const

function objectionWins(records: readonly ConsentRecord[]): PublishDecision {
  return records.some(({ decision }) => decision === 'deny') ? deny : permit
}

/**
 * The records that count, in no particular order: of each source and scope the newest, of two at the same moment the
 * objection. A permit by somebody who had no say counts for nothing, and so takes no objection away; one that the
 * patient has outgrown did so, and is none any more.
 */
export function recordsInForce(records: readonly ConsentRecord[], age: PatientAge): ConsentRecord[] {
  return lastWords(records.filter((record) => wasEntitled(record, age))).filter(
    (record) => !isOutgrown(record, age),
  )
}

/**
 * Of each source and scope the newest, whoever gave it: what stands there for somebody of whom nothing else is here yet.
 * Whether it counts is judged when the birth date is known.
 */
export function lastWords(records: readonly ConsentRecord[]): ConsentRecord[] {
  const newest = new Map<string, ConsentRecord>()
  for (const record of records) {
    const key = `${record.source} ${scopeKey(record.scope)}`
    const other = newest.get(key)
    if (other === undefined || supersedes(record, other)) newest.set(key, record)
  }
  return [...newest.values()]
}

function supersedes(record: ConsentRecord, other: ConsentRecord): boolean {
  if (record.recordedAt !== other.recordedAt) return record.recordedAt > other.recordedAt
  return record.decision === 'deny'
}

function applies(scope: ConsentScope, requester: Requester): boolean {
  switch (scope.kind) {
    case 'all':
      return true
    case 'category':
      return scope.category === requester.category
    case 'organisation':
      return scope.ura === requester.ura
  }
}
