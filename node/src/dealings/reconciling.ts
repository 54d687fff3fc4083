import type { PeerHost } from '@twiin/network'
import { accountAnswer, accountRequest, limits, protocolIds } from '@twiin/protocol'
import { Loop, codeOf, fractionOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository } from '@twiin/store'
import type { Account } from '../account/account.ts'
import { fromWire } from './answer-dealings.ts'
import { compareDealings } from './compare-dealings.ts'
import type { Discrepancy } from './compare-dealings.ts'
import type { DayDealings, OwnDealing } from './day-dealings.ts'

/** One thing that two hospitals do not agree on, as it stands on the list. */
export interface Difference extends Discrepancy {
  readonly peer: { readonly ura: string; readonly name: string }
  /** UTC. */
  readonly day: string
  readonly foundAt: number
  /** Since when both accounts agree after all. */
  readonly settledAt?: number
}

interface Deps {
  dealings: DayDealings
  /** `<URA>.<request>` → what differs */
  differences: Repository<Difference>
  others: () => readonly { ura: string; name: string; peerId: string }[]
  host: Pick<PeerHost, 'ask'>
  account: Account
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}

const dayMs = 86_400_000
const askedAtOnce = 4
/** 20 pages of 5,000: more dealings with one member in a day than a country has. */
const mostPages = 20

/** Every so often asks every other member for its account of today and yesterday, and compares. Spec 07 §9. */
export class Reconciling implements Service {
  readonly name = 'account reconciliation'
  readonly #deps: Deps
  readonly #rounds: Loop

  constructor(options: { everyMs: number }, deps: Deps) {
    this.#deps = deps
    const { clock, log, random } = deps
    this.#rounds = new Loop(
      { name: this.name },
      {
        turn: async (signal) => {
          // First: a node that just started has not met anybody yet, and nothing is urgent here.
          await clock.sleep(options.everyMs * (0.75 + fractionOf(random) / 2), signal)
          await this.compare(signal)
        },
        pause: async () => {},
        onError: (error) => log.warn('accounts not compared', { code: codeOf(error) }),
      },
    )
  }

  start(): Promise<void> {
    return this.#rounds.start()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** With everybody, for yesterday and today. */
  async compare(signal?: AbortSignal): Promise<void> {
    const waiting = [...this.#deps.others()]
    const today = this.#deps.clock.now()
    const days = [today - dayMs, today].map((at) => new Date(at).toISOString().slice(0, 10))
    const compareSome = async () => {
      for (let peer = waiting.shift(); peer !== undefined; peer = waiting.shift())
        for (const day of days) if (signal?.aborted !== true) await this.#compareWith(peer, day, signal)
    }
    await Promise.all(Array.from({ length: askedAtOnce }, compareSome))
  }

  /** Newest first. */
  async list(): Promise<Difference[]> {
    const found: Difference[] = []
    for await (const [, difference] of this.#deps.differences.entries()) found.push(difference)
    return found.sort((a, b) => b.foundAt - a.foundAt)
  }

  async #compareWith(
    peer: { ura: string; name: string; peerId: string },
    day: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const { dealings } = this.#deps
    const theirs = await this.#theirs(peer.peerId, day, signal)
    if (theirs === undefined) return
    const ours = await dealings.of(day, peer.ura)
    const found = compareDealings({ ours, searches: await dealings.of(day, ''), theirs })
    for (const discrepancy of found) await this.#note(peer, day, discrepancy)
    await this.#settle(peer.ura, day, new Set(found.map(({ requestId }) => requestId)))
  }

  /** On record before it is on the list; once. */
  async #note(
    peer: { ura: string; name: string; peerId: string },
    day: string,
    discrepancy: Discrepancy,
  ): Promise<void> {
    const { differences, account, clock } = this.#deps
    const key = `${peer.ura}.${discrepancy.requestId}`
    const known = await differences.get(key)
    if (known?.code === discrepancy.code && known.settledAt === undefined) return
    await account.record({
      event: 'account-difference',
      outcome: 'failed',
      reason: discrepancy.code,
      peerId: peer.peerId,
      protocol: 'spec 07 §9',
      requestId: discrepancy.requestId,
    })
    const { ura, name } = peer
    await differences.put(key, { ...discrepancy, peer: { ura, name }, day, foundAt: clock.now() })
  }

  async #settle(ura: string, day: string, stillOpen: ReadonlySet<string>): Promise<void> {
    const { differences, clock } = this.#deps
    for await (const [key, known] of differences.entries({ prefix: `${ura}.` })) {
      const isOpen = known.day !== day || stillOpen.has(known.requestId) || known.settledAt !== undefined
      if (!isOpen) await differences.put(key, { ...known, settledAt: clock.now() })
    }
  }

  /** Undefined for a peer that cannot be reached, does not speak this, or says nothing sensible. */
  async #theirs(peerId: string, day: string, signal?: AbortSignal): Promise<OwnDealing[] | undefined> {
    const all: OwnDealing[] = []
    try {
      for (let page = 0; page < mostPages; page++) {
        const last = all.at(-1)
        const request = {
          kind: 'day' as const,
          day,
          ...(last && { after: Buffer.from(last.requestId, 'hex') }),
        }
        const bytes = await this.#deps.host.ask(peerId, protocolIds.account, accountRequest.encode(request), {
          ...{ maxAnswerBytes: limits.accountAnswerBytes, timeoutMs: 20_000 },
          ...(signal && { signal }),
        })
        const answer = accountAnswer.decode(bytes)
        if (answer.kind === 'refused') return undefined
        all.push(...answer.dealings.map(fromWire))
        if (!answer.more || answer.dealings.length === 0) return all
      }
      return all
    } catch (error) {
      this.#deps.log.debug('peer gave no account', { peerId, code: codeOf(error) })
      return undefined
    }
  }
}
