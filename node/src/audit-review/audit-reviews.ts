import type { AuditLog } from '@twiin/audit'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository } from '@twiin/store'
import type { Account } from '../account/account.ts'
import type { Person } from '../people/people-file.ts'
import { ReviewReasons, reviewReasons } from './review-reasons.ts'
import type { Marked, ReviewReason } from './review-reasons.ts'

export const verdicts = ['in-order', 'not-in-order', 'to-be-looked-into'] as const

/** What the privacy officer said of an entry. */
export interface Verdict {
  readonly verdict: (typeof verdicts)[number]
  readonly note?: string
  readonly by: { readonly id: string; readonly name: string }
  readonly at: number
}
export interface Review extends Marked {
  readonly review?: Verdict
}

const dayMs = 86_400_000
/** What one answer holds; more than a person looks at. */
const mostListed = 1000
/** Of each reason, while the log is read. The oldest go; however many refusals there are, nothing graver goes for them. */
const mostKept = 5000
/** Of the refusals of one event: whoever can bring about many of one kind must not put those of another off the list. */
const mostRefusalsOfEvent = 200

/** What somebody should look at, the unusual first, and what came of it (NEN 7513, spec 07 §11). */
export class AuditReviews {
  readonly #deps: { log: AuditLog; account: Account; verdicts: Repository<Verdict>; clock: Clock }

  constructor(deps: { log: AuditLog; account: Account; verdicts: Repository<Verdict>; clock: Clock }) {
    this.#deps = deps
  }

  /** Of the last days: those without a verdict first, the gravest reason first, the newest first. */
  async list({ days }: { days: number }): Promise<{ reviews: Review[]; more: boolean }> {
    const { log, verdicts: given, clock } = this.#deps
    const from = clock.now() - days * dayMs
    const reasons = new ReviewReasons()
    const marked = new Map<string, Map<string, Marked>>()
    let more = false
    // 30 days more, to know whom this hospital knows.
    for await (const stored of log.entries({ from: from - 30 * dayMs })) {
      const why = reasons.of(stored)
      if (why.length === 0 || stored.entry.at < from) continue
      const key = likeness(stored, why)
      const { name, most } = shelfOf(stored, why)
      const kept = marked.get(name) ?? new Map<string, Marked>()
      marked.set(name, kept)
      const alike = (kept.get(key)?.alike ?? -1) + 1
      // Put behind the others: what happened last goes last.
      kept.delete(key)
      kept.set(key, { stored, reasons: why, alike })
      if (kept.size <= most) continue
      kept.delete(kept.keys().next().value ?? '')
      more = true
    }
    const all: Review[] = []
    for (const each of [...marked.values()].flatMap((kept) => [...kept.values()])) {
      const review = await given.get(String(each.stored.seq))
      all.push({ ...each, ...(review === undefined ? {} : { review }) })
    }
    all.sort(
      (a, b) =>
        Number(a.review !== undefined) - Number(b.review !== undefined) ||
        gravity(a) - gravity(b) ||
        b.stored.seq - a.stored.seq,
    )
    return { reviews: all.slice(0, mostListed), more: more || all.length > mostListed }
  }

  /** On record before it stands. Throws NOT_FOUND. */
  async give(
    seq: number,
    { verdict, note }: Pick<Verdict, 'verdict' | 'note'>,
    by: Person,
  ): Promise<Verdict> {
    const { log, account, verdicts: given, clock } = this.#deps
    const stored = await log.at(seq)
    if (stored === undefined) throw new TwiinError('NOT_FOUND')
    await account.record({
      event: 'log-reviewed',
      outcome: 'success',
      user: by,
      reason: verdict.toUpperCase().replaceAll('-', '_'),
      protocol: `spec 07 §11: entry ${seq}`,
    })
    const review: Verdict = {
      verdict,
      ...(note === undefined ? {} : { note }),
      by: { id: by.id, name: by.name },
      at: clock.now(),
    }
    await given.put(String(seq), review)
    return review
  }
}

const gravity = ({ reasons }: Marked) => reviewReasons.indexOf(gravest(reasons))
const gravest = (reasons: readonly ReviewReason[]): ReviewReason =>
  reviewReasons.find((reason) => reasons.includes(reason)) ?? 'REFUSED'

/** Those that have so many places together. */
function shelfOf(
  { entry }: Marked['stored'],
  reasons: readonly ReviewReason[],
): { name: string; most: number } {
  const name = gravest(reasons)
  return name === 'REFUSED'
    ? { name: `${name} ${entry.event}`, most: mostRefusalsOfEvent }
    : { name, most: mostKept }
}

/**
 * A hundred refusals of one kind on one day are one thing to look at, and so are a hundred emergencies of one hospital that
 * found no room; everything else stands by itself. Names of another
 * hospital's users are what it says they are, and tell nothing apart; nor does a name that a stranger typed at the log-in.
 */
function likeness({ seq, entry }: Marked['stored'], reasons: readonly ReviewReason[]): string {
  const day = new Date(entry.at).toISOString().slice(0, 10)
  if (gravest(reasons) === 'EMERGENCY_UNNOTICED') return JSON.stringify([day, entry.peer?.ura])
  if (reasons.some((reason) => reason !== 'REFUSED')) return String(seq)
  // Who is known to have an account has a role, and a name from a log-in does not (spec 07 §3).
  const isTyped = entry.event === 'login-failed' && entry.user?.role === ''
  const who = entry.peer?.ura ?? (isTyped ? '' : entry.user?.id)
  return JSON.stringify([day, entry.event, entry.reason, who])
}
