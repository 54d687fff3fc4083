import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Link, TransferRecord } from './transfer-record.ts'

export interface OpenLink {
  readonly reason: string
  readonly since: number
  readonly nextTryAt: number
}

interface Opened extends OpenLink {
  readonly pauseMs: number
  /** The transfer that tries it. */
  readonly probe?: string | undefined
}

const longestPauseMs = 300_000
/** Who the peer is makes no difference to these: nothing gets through to it. */
const peerCodes: ReadonlySet<unknown> = new Set(['PEER_UNREACHABLE', 'PEER_TIMEOUT', 'PEER_NOT_ADMITTED'])

/**
 * Which links are open, as a fuse is: after a failure one transfer tries, not all of them. In memory; after a restart
 * the transfers tell (`restore`).
 */
export class Links {
  readonly #firstPauseMs: number
  readonly #deps: { clock: Clock; random: () => number }
  readonly #open = new Map<Link, Opened>()
  readonly #listeners = new Set<() => void>()

  constructor(options: { retryMs: number }, deps: { clock: Clock; random: () => number }) {
    this.#firstPauseMs = options.retryMs
    this.#deps = deps
  }

  /** Undefined while nothing is known against it. */
  open(link: Link): OpenLink | undefined {
    return this.#open.get(link)
  }

  all(): [Link, OpenLink][] {
    return [...this.#open]
  }

  /** Told when a link opened or closed, or its next try was set. Returns the way to stop listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** An earlier process left transfers that were waiting for it: one of them tries it, now. */
  restore(link: Link, reason: string): void {
    const now = this.#deps.clock.now()
    if (!this.#open.has(link))
      this.#open.set(link, { reason, since: now, nextTryAt: now, pauseMs: this.#firstPauseMs })
  }

  mayTry(link: Link, transfer: string): boolean {
    const open = this.#open.get(link)
    if (open === undefined || open.probe === transfer) return true
    return open.probe === undefined && open.nextTryAt <= this.#deps.clock.now()
  }

  /** This transfer is about to use the link; of an open one it is the probe. Throws `LINK_OPEN`. */
  enter(link: Link, transfer: string): void {
    if (!this.mayTry(link, transfer)) throw new TwiinError('LINK_OPEN', { link })
    const open = this.#open.get(link)
    if (open !== undefined) this.#open.set(link, { ...open, probe: transfer })
  }

  /** A sign of life. */
  alive(link: Link): void {
    if (this.#open.delete(link)) this.#tell()
  }

  failed(link: Link, reason: string, transfer: string): void {
    const before = this.#open.get(link)
    // Others that were under way when it opened add nothing.
    if (before !== undefined && before.probe !== transfer) return
    const now = this.#deps.clock.now()
    const pauseMs = before === undefined ? this.#firstPauseMs : Math.min(before.pauseMs * 2, longestPauseMs)
    const nextTryAt = now + Math.round(pauseMs * (0.9 + 0.2 * this.#deps.random()))
    this.#open.set(link, { reason, since: before?.since ?? now, nextTryAt, pauseMs })
    this.#tell()
  }

  /** The attempt is over: if it was a probe that said nothing of its link, the next in order may try. */
  left(transfer: string): void {
    for (const [link, open] of this.#open)
      if (open.probe === transfer) this.#open.set(link, { ...open, probe: undefined })
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

export const peerLink = ({ ura }: { ura: string }): Link => `peer:${ura}`

/** The link that its next step needs. */
export function linkOf(record: TransferRecord): Link {
  const isHere =
    record.kind === 'retrieval'
      ? record.brought === true && record.destination === 'pacs'
      : record.kind === 'arrival' && record.collected.length >= record.studyInstanceUids.length
  return isHere ? 'pacs' : peerLink(record.counterparty)
}

/** The link that is to blame for an error, if one is. */
export function blamedLink(
  { counterparty }: TransferRecord,
  code: string,
  facts: Readonly<Record<string, unknown>>,
): Link | undefined {
  if (facts['link'] === 'pacs') return 'pacs'
  const isOfPeer = peerCodes.has(code) || (code === 'TRANSFER_CUT' && peerCodes.has(facts['code']))
  return isOfPeer ? peerLink(counterparty) : undefined
}
