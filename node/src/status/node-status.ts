import type { Clock } from '@twiin/runtime'
import type { PeerHost } from '@twiin/network'
import type { DiskReserve } from '@twiin/store'
import type { IndexPublisher } from '@twiin/study-index'
import type { DeliverStudy } from '../deliver/deliver-study.ts'
import type { BundleWatch } from '../trust/bundle-watch.ts'
import type { EmergencyBook } from '../emergency/emergency-book.ts'
import type { Enrolment } from '../enrolment/enrol.ts'
import type { LogView } from '../trust/log-view.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { Anchoring } from '../anchor/anchoring.ts'
import type { Witness } from '../trust/witness.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Reachability } from '../reachability/reachability.ts'
import { DiskTrend } from './disk-trend.ts'
import { degradations } from './degradations.ts'
import type { Degradation } from './degradations.ts'
import type { ShareSources } from './share-health.ts'

interface Deps {
  enrolment: Enrolment
  bundle: NetworkBundle
  watch: BundleWatch
  logView: LogView
  witness: Witness
  anchoring: Pick<Anchoring, 'alarm' | 'unanchored'>
  syslog: { readonly failing: { readonly code: string; readonly since: number } | undefined } | undefined
  mitz: { readonly unanswered: { readonly since: number; readonly lastAt: number } | undefined } | undefined
  host: PeerHost
  reserve: DiskReserve
  publisher: IndexPublisher
  book: TransferBook
  delivery: DeliverStudy
  reachability: Pick<Reachability, 'lastSeen'>
  emergencies: Pick<EmergencyBook, 'unreviewed'>
  shares: ShareSources | undefined
  clock: Clock
}

const dayMs = 86_400_000
const pacsCheckedMs = 15_000

/** How the node is: for the status page, the health check and the metrics. No patient data. */
export class NodeStatus {
  readonly #deps: Deps
  readonly #trend = new DiskTrend()
  #pacs: { reachable: boolean; lastEcho?: string; at: number } | undefined

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Why the node is not ready; empty when it is. */
  async problems(): Promise<string[]> {
    const { reserve, bundle } = this.#deps
    const hard = this.degraded().filter(({ decision }) => decision === 'hard')
    return [
      ...(bundle.version === 0 ? ['NO_BUNDLE'] : []),
      ...hard.map(({ code }) => code),
      // Asking brings the ballast back when there is room for it again.
      ...((await reserve.admits(0)) ? [] : ['DISK_FULL']),
    ]
  }

  /** All that is not as it should be, whether or not it stops anything. */
  degraded(): Degradation[] {
    return degradations(this.#deps)
  }

  connectedPeers(): ReadonlySet<string> {
    return new Set(this.#deps.host.connectedPeers())
  }

  /** As `lastSeen` of a peer is shown; nothing when it was not seen since the start. */
  lastSeen(peerId: string): { lastSeen?: string } {
    const at = this.#deps.reachability.lastSeen(peerId)
    return at === undefined ? {} : { lastSeen: new Date(at).toISOString() }
  }

  async describe() {
    const { enrolment, bundle, watch, host, publisher, clock } = this.#deps
    const { notAfter } = enrolment.certificate
    const connected = this.connectedPeers()
    const { reachable, lastContact } = watch.state
    const { version, issuedAt, members } = bundle.current
    return {
      peerId: host.peerId,
      certificate: {
        notAfter: new Date(notAfter).toISOString(),
        daysLeft: Math.floor((notAfter - clock.now()) / dayMs),
      },
      registry: {
        reachable,
        ...(lastContact === undefined ? {} : { lastContact: new Date(lastContact).toISOString() }),
      },
      bundle: { version, issuedAt: new Date(issuedAt).toISOString() },
      peers: members
        .filter(({ peerId }) => peerId !== host.peerId)
        .map(({ ura, name, peerId }) => ({
          ...{ ura, name, connected: connected.has(peerId) },
          ...this.lastSeen(peerId),
        })),
      pacs: await this.#pacsState(),
      disk: await this.#diskState(),
      index: publisher.status(),
      queues: this.queues(),
      emergencies: { unreviewed: this.#deps.emergencies.unreviewed },
      problems: await this.problems(),
      degraded: this.degraded().map(({ code, since, until, decision, reason }) => ({
        code,
        ...(reason !== undefined && { reason }),
        ...(since !== undefined && { since: new Date(since).toISOString() }),
        ...(until !== undefined && { until: new Date(until).toISOString() }),
        decision,
      })),
    }
  }

  /** Of what still has work to do; what is over is in the list of transfers. */
  queues(): Record<'queued' | 'running' | 'held', number> {
    const counts = { queued: 0, running: 0, held: 0 }
    for (const { state } of this.#deps.book.active())
      if (state in counts) counts[state as keyof typeof counts]++
    return counts
  }

  async #diskState(): Promise<{ freeBytes: number; reserved: boolean; daysToFull?: number }> {
    const { reserve, clock } = this.#deps
    const freeBytes = await reserve.free()
    this.#trend.note(clock.now(), freeBytes)
    const daysToFull = this.#trend.daysToFull()
    return { freeBytes, reserved: reserve.ballastIntact, ...(daysToFull === undefined ? {} : { daysToFull }) }
  }

  async #pacsState(): Promise<{ reachable: boolean; lastEcho?: string }> {
    const now = this.#deps.clock.now()
    if (this.#pacs === undefined || now - this.#pacs.at > pacsCheckedMs) {
      const reachable = await this.#deps.delivery.isReachable(AbortSignal.timeout(3000))
      const lastEcho = reachable ? new Date(now).toISOString() : this.#pacs?.lastEcho
      this.#pacs = { reachable, at: now, ...(lastEcho === undefined ? {} : { lastEcho }) }
    }
    const { reachable, lastEcho } = this.#pacs
    return { reachable, ...(lastEcho === undefined ? {} : { lastEcho }) }
  }
}
