import type { PeerHost } from '@twiin/network'
import { accountAnswer, accountRequest, limits, protocolIds } from '@twiin/protocol'
import { Loop, TwiinError, codeOf, fractionOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository } from '@twiin/store'
import type { Account } from '../account/account.ts'
import { fromWire } from './answer-dealings.ts'
import { compareDealings } from './compare-dealings.ts'
import type { Discrepancy } from './compare-dealings.ts'
import type { DayDealings, OwnDealing } from './day-dealings.ts'

/** One thing that two hospitals do not agree on, as it stands on the list. */
export interface Difference extends Omit<Discrepancy, 'code'> {
  /** MANY_DIFFERENCES: there are more of that day than are noted, and `requestId` is empty. */
  readonly code: Discrepancy['code'] | 'MANY_DIFFERENCES'
  readonly peer: { readonly ura: string; readonly name: string }
  /** UTC. */
  readonly day: string
  readonly foundAt: number
  /** Since when both accounts agree after all. */
  readonly settledAt?: number
}

interface Peer {
  readonly ura: string
  readonly name: string
  readonly peerId: string
}
const keyOf = ({ ura }: Peer, day: string, { requestId }: { requestId: string }) =>
  `${ura}.${requestId === '' ? `many-${day}` : requestId}`

interface Deps {
  dealings: DayDealings
  /** `<URA>.<request>`, or `<URA>.many-<day>` → what differs */
  differences: Repository<Difference>
  others: () => readonly Peer[]
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
/**
 * Of one member, day and kind. Two honest nodes have a few; a dishonest one must not fill list, log and disk, nor take the
 * place of what really went by what it only asked, or made up.
 */
const mostNoted = 100
const kinds = ['transfer', 'question', 'invention'] as const

/** The gravest first, by what stands here: what the other end alone says may be made up. */
function kindOf({ here }: Pick<Discrepancy, 'here'>): (typeof kinds)[number] {
  if (here.length === 0) return 'invention'
  return here.some((event) => /^(study-|send|receipt)/.test(event)) ? 'transfer' : 'question'
}

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

  /** Newest first; `after`: behind this one, as `next` named it. */
  async list({ after, limit = 200 }: { after?: string; limit?: number } = {}): Promise<{
    differences: Difference[]
    next?: string
  }> {
    const all: [string, Difference][] = []
    for await (const each of this.#deps.differences.entries()) all.push(each)
    all.sort(([one, a], [other, b]) => b.foundAt - a.foundAt || (one < other ? -1 : 1))
    const from = after === undefined ? 0 : all.findIndex(([key]) => key === after) + 1
    // A place that is not there any more is the end, not the beginning.
    const page = after !== undefined && from === 0 ? [] : all.slice(from, from + limit)
    const last = page.at(-1)?.[0]
    const isMore = from + page.length < all.length && last !== undefined
    return { differences: page.map(([, each]) => each), ...(isMore ? { next: last } : {}) }
  }

  async #compareWith(peer: Peer, day: string, signal?: AbortSignal): Promise<void> {
    const { dealings } = this.#deps
    const theirs = await this.#theirs(peer.peerId, day, signal)
    if (theirs === undefined) return
    const ours = await dealings.of(day, peer.ura)
    const found = compareDealings({ ours, searches: await dealings.of(day, ''), theirs })
    const open = new Set(found.map(({ requestId }) => requestId))
    const left = await this.#noteSome(peer, day, found)
    if (left > 0) {
      open.add('')
      await this.#note(peer, day, { code: 'MANY_DIFFERENCES', requestId: '', here: [], there: [] })
    }
    await this.#settle(peer.ura, day, open)
  }

  /** Resolves to how many of these have no room on the list. */
  async #noteSome(peer: Peer, day: string, found: readonly Discrepancy[]): Promise<number> {
    const noted = new Map<string, Difference>()
    for await (const [key, known] of this.#deps.differences.entries({ prefix: `${peer.ura}.` }))
      noted.set(key, known)
    const ofDay = [...noted.values()].filter((known) => known.day === day && known.requestId !== '')
    let left = 0
    for (const kind of kinds) {
      let room = mostNoted - ofDay.filter((known) => kindOf(known) === kind).length
      for (const discrepancy of found.filter((each) => kindOf(each) === kind)) {
        const isNew = !noted.has(keyOf(peer, day, discrepancy))
        if (isNew && room <= 0) left++
        else await this.#note(peer, day, discrepancy)
        if (isNew) room--
      }
    }
    return left
  }

  /** On record before it is on the list; once, whatever it turns into. */
  async #note(peer: Peer, day: string, found: Omit<Discrepancy, 'code'> & Pick<Difference, 'code'>) {
    const { differences, account, clock } = this.#deps
    const key = keyOf(peer, day, found)
    const known = await differences.get(key)
    if (known?.code === found.code && known.settledAt === undefined) return
    if (known === undefined)
      await account.record({
        event: 'account-difference',
        outcome: 'failed',
        reason: found.code,
        peerId: peer.peerId,
        protocol: 'spec 07 §9',
        ...(found.requestId === '' ? {} : { requestId: found.requestId }),
      })
    const { ura, name } = peer
    await differences.put(key, {
      ...{ ...found, peer: { ura, name }, day: known?.day ?? day },
      foundAt: known?.foundAt ?? clock.now(),
    })
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
        for (const dealing of answer.dealings.map(fromWire)) {
          // In order, each once, and behind what was asked for: else the same could come for ever.
          if (dealing.requestId <= (all.at(-1)?.requestId ?? '')) throw new TwiinError('ANSWER_INVALID')
          all.push(dealing)
        }
        if (!answer.more || answer.dealings.length === 0) return all
      }
      return all
    } catch (error) {
      this.#deps.log.debug('peer gave no account', { peerId, code: codeOf(error) })
      return undefined
    }
  }
}
