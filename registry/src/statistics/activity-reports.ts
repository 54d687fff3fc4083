import { publicKeyOf, verifySignature } from '@twiin/identity'
import { activityReport } from '@twiin/protocol'
import type { ActivityReport } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'
import type { Register } from '../ledger/register.ts'

/** Clocks may differ so much; it also bounds how long a caught report can be played back. */
const toleranceMs = 5 * 60_000
const dayMs = 86_400_000
/** spec 06 §9: reports of months that ended longer ago are refused. */
const oldestMs = 62 * dayMs
/** Whatever a member declared; above it no member moves more studies in half a month than it has patients. */
const alwaysPlausible = 1_000

interface Kept {
  readonly report: ActivityReport
  /** As it was signed: the evidence. */
  readonly signed: Uint8Array
}

/**
 * What members say they exchanged, by month: signed counts (spec 06 §9). Not in the ledger: nothing about trust follows from
 * them, and each node tells the last two months again after a loss.
 */
export class ActivityReports {
  readonly #register: Register
  readonly #clock: Clock
  readonly #kept: Repository<Kept>
  /** All of them: a month of 130 members is 130 small records. Filled by `load`. */
  readonly #reports = new Map<string, ActivityReport>()
  /** Grows whenever what `all` gives has changed. */
  changes = 0

  constructor(_options: object, deps: { register: Register; clock: Clock; store: Store }) {
    this.#register = deps.register
    this.#clock = deps.clock
    this.#kept = deps.store.repository<Kept>('reports', { keys: 'plain-opaque' })
  }

  async load(): Promise<void> {
    for await (const [key, { report }] of this.#kept.entries()) this.#reports.set(key, report)
  }

  /**
   * Durable when it resolves; to whether it said anything new. Throws MESSAGE_*, SIGNATURE_INVALID, PEER_UNKNOWN,
   * REPORT_STALE, REPORT_IMPLAUSIBLE.
   */
  async take(signed: Uint8Array): Promise<boolean> {
    const report = openReport(signed)
    const { peerId, issuedAt, month } = report
    const now = this.#clock.now()
    if (!this.#register.isActive(peerId, now)) throw new TwiinError('PEER_UNKNOWN')
    if (Math.abs(now - issuedAt) > toleranceMs) throw new TwiinError('REPORT_STALE')
    const begins = Date.parse(`${month}-01T00:00:00Z`)
    // A month of the future, by any time zone, or one that is long over.
    if (begins > now + dayMs || begins + 31 * dayMs + oldestMs < now) throw new TwiinError('REPORT_STALE')
    const most = Math.max(
      alwaysPlausible,
      this.#register.keys.get(peerId)?.application?.declaredPatients ?? 0,
    )
    if (report.halves.some(({ sent, received }) => Math.max(sent, received) > most))
      throw new TwiinError('REPORT_IMPLAUSIBLE', { most })
    const key = `${month}.${peerId}`
    const before = this.#reports.get(key)
    if (before !== undefined && before.issuedAt >= issuedAt) return false
    // Seen before it is written, so that of two at the same time the older cannot end up on top.
    this.#reports.set(key, report)
    this.changes++
    await this.#kept.put(key, { report, signed })
    return true
  }

  all(): IterableIterator<ActivityReport> {
    return this.#reports.values()
  }

  /** When this member last reported; undefined when never. */
  lastOf(peerId: string): number | undefined {
    const times = [...this.#reports.values()].filter((report) => report.peerId === peerId)
    return times.length === 0 ? undefined : Math.max(...times.map(({ issuedAt }) => issuedAt))
  }
}

/** The signer is named inside what is signed: read first, believed only when the signature fits. */
function openReport(signed: Uint8Array): ActivityReport {
  const { peerId } = activityReport.open(signed, '', () => true).message
  return activityReport.open(signed, peerId, (_, domain, payload, signature) =>
    verifySignature(publicKeyOf(peerId), domain, payload, signature),
  ).message
}
