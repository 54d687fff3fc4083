import { activityReport } from '@twiin/protocol'
import type { NodeKey } from '@twiin/identity'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { RegistryClient } from '../registry/registry-client.ts'
import { countActivity, monthAndDay } from './count-activity.ts'
import type { TransferList } from './count-activity.ts'

const dayMs = 86_400_000
/** So long after its end a month is still reported: a registry that was away for two weeks misses nothing. */
const lookBackMs = 20 * dayMs

/** Tells the registry what was exchanged this month, and the last one while that is recent. Signed; counts only. */
export class ReportActivity {
  readonly #deps: {
    key: NodeKey
    registry: Pick<RegistryClient, 'call'>
    transfers: TransferList
    clock: Clock
  }
  /** What the registry took last, by month: nothing new is no call. */
  readonly #told = new Map<string, string>()

  constructor(deps: {
    key: NodeKey
    registry: Pick<RegistryClient, 'call'>
    transfers: TransferList
    clock: Clock
  }) {
    this.#deps = deps
  }

  /** Throws REGISTRY_UNREACHABLE, REPORT_REFUSED: it is told the next time. */
  async report(): Promise<void> {
    const now = this.#deps.clock.now()
    const months = new Set([monthAndDay(now - lookBackMs)[0], monthAndDay(now)[0]])
    for (const month of months) await this.#reportMonth(month)
  }

  async #reportMonth(month: string): Promise<void> {
    const { key, registry, transfers, clock } = this.#deps
    const halves = await countActivity(month, { transfers, self: key })
    const said = JSON.stringify(halves)
    const isNothing = halves.every(({ sent, received }) => sent + received === 0)
    if (this.#told.get(month) === said || (isNothing && !this.#told.has(month))) return
    const report = { kind: 'activity' as const, peerId: key.peerId, issuedAt: clock.now(), month, halves }
    const { status } = await registry.call('POST', '/api/v1/reports', {
      body: activityReport.sign(report, key).bytes,
      headers: { 'content-type': 'application/cbor' },
    })
    if (status !== 204) throw new TwiinError('REPORT_REFUSED', { status })
    this.#told.set(month, said)
  }
}
