import type { PeerHost } from '@twiin/network'
import { limits, protocolIds, sendRequestWithProgress } from '@twiin/protocol'
import type { PackageProgress } from '@twiin/protocol'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { expectedEnds } from '../transfers/expected-ends.ts'
import type { LinkSpeeds } from '../transfers/link-speeds.ts'
import type { Links } from '../transfers/links.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Arrival } from '../transfers/transfer-record.ts'
import { progressOf, sayingOf } from './package-progress.ts'

/** spec 05 §7 */
const betweenMs = 1000
const whileRunningMs = 10_000
const notSpokenMs = 3_600_000
const packagesPerMessage = 100

interface Deps {
  book: TransferBook
  links: Links
  speeds: LinkSpeeds
  host: PeerHost
  clock: Clock
  log: Logger
}

/** Tells senders how far their packages are, while they are not there yet (spec 05 §7): news, never repeated. */
export class ProgressReports implements Service {
  readonly name = 'progress reports'
  readonly #deps: Deps
  /** What was told last of each arrival that is under way. */
  readonly #told = new Map<string, { saying: string; at: number }>()
  /** Peers that do not speak it, and until when they are left alone. */
  readonly #silent = new Map<string, number>()
  #stopping = new AbortController()
  #wake = Promise.withResolvers<void>()
  #done: Promise<void> = Promise.resolve()
  #stopListening: (() => void)[] = []

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    const wake = () => this.#wake.resolve()
    this.#stopListening = [this.#deps.book.onWork(wake), this.#deps.links.onChange(wake)]
    this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    for (const stop of this.#stopListening) stop()
    this.#stopping.abort(new Error('stopping'))
    this.#wake.resolve()
    await this.#done
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      await this.#round().catch((error: unknown) => log.error('progress not told', { code: codeOf(error) }))
      await clock.sleep(betweenMs, signal).catch(() => {})
      // What runs is told of from time to time, though nothing in the book changes.
      const timer = new AbortController()
      if (this.#told.size > 0)
        clock.sleep(whileRunningMs - betweenMs, timer.signal).then(
          () => this.#wake.resolve(),
          () => {},
        )
      await this.#wake.promise
      timer.abort(new Error('woken'))
    }
  }

  async #round(): Promise<void> {
    const news = Map.groupBy(await this.#news(), ({ arrival }) => arrival.counterparty.peerId)
    await Promise.all(
      [...news].map(async ([peerId, changed]) => {
        for (let at = 0; at < changed.length; at += packagesPerMessage)
          if (!(await this.#tell(peerId, changed.slice(at, at + packagesPerMessage)))) return
      }),
    )
  }

  /** What is to be told: of those under way what changed, and once more of those that are over since. */
  async #news(): Promise<News[]> {
    const { book, links, clock } = this.#deps
    const active = book.active()
    const under = book.withProgress(active).filter((record): record is Arrival => record.kind === 'arrival')
    const known = new Set(under.map(({ id }) => id))
    for (const id of this.#told.keys()) {
      const record = known.has(id) ? undefined : await book.get(id)
      if (record?.kind === 'arrival') under.push(record)
      else if (!known.has(id)) this.#told.delete(id)
    }
    if (under.length === 0) return []
    const ends = expectedEnds(active, this.#deps)
    const now = clock.now()
    return under.flatMap((arrival) => {
      const progress = progressOf(arrival, { links, eta: ends.get(arrival.id) })
      const told = this.#told.get(arrival.id)
      const saying = sayingOf(progress)
      const isOld = arrival.state === 'running' && now - (told?.at ?? 0) >= whileRunningMs
      const isNews = progress.state === 'over' ? told !== undefined : told?.saying !== saying || isOld
      return isNews && (this.#silent.get(arrival.counterparty.peerId) ?? 0) <= now
        ? [{ arrival, progress, saying }]
        : []
    })
  }

  async #tell(peerId: string, news: readonly News[]): Promise<boolean> {
    const { host, clock, log } = this.#deps
    const packages = news.map(({ progress }) => progress)
    try {
      const message = sendRequestWithProgress.encode({ kind: 'progress', packages })
      await host.ask(peerId, protocolIds.sendWithProgress, message, {
        maxAnswerBytes: limits.sendAnswerBytes,
        timeoutMs: 5000,
      })
    } catch (error) {
      const code = codeOf(error)
      log.debug('progress not told', { peerId, code })
      const now = clock.now()
      this.#silent.set(peerId, now + (code === 'PEER_REFUSED' ? notSpokenMs : whileRunningMs))
      return false
    }
    for (const { arrival, progress, saying } of news) {
      if (progress.state === 'over') this.#told.delete(arrival.id)
      else this.#told.set(arrival.id, { saying, at: clock.now() })
    }
    return true
  }
}

interface News {
  arrival: Arrival
  progress: PackageProgress
  saying: string
}
