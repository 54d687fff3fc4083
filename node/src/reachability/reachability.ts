import { Loop, TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { PeerHost } from '@twiin/network'
import type { LiveEvents } from '../http/events.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'

/** How often a hospital that somebody waits for is tried, and how long somebody waits. */
const everyMs = 5000
const watchedMs = 12 * 3_600_000
const mostWatched = 64

interface Deps {
  host: Pick<PeerHost, 'connectedPeers'>
  /** One question to a peer that it answers; throws the network's codes. */
  ask: (peerId: string) => Promise<unknown>
  bundle: Pick<NetworkBundle, 'memberByUra'>
  events: LiveEvents
  clock: Clock
  log: Logger
}

/**
 * Which hospitals were there when, and who is told when one is there again (spec 10 §4). In memory: a page that was
 * closed asks anew. Peers are tried only while somebody waits for them.
 */
export class Reachability implements Service {
  readonly name = 'reachability'
  readonly #deps: Deps
  readonly #seen = new Map<string, number>()
  /** URA → until when it is tried. */
  readonly #watched = new Map<string, number>()
  readonly #loop: Loop

  constructor(options: { everyMs?: number }, deps: Deps) {
    this.#deps = deps
    this.#loop = new Loop(
      { name: this.name },
      {
        turn: () => this.look(),
        pause: (signal) => deps.clock.sleep(options.everyMs ?? everyMs, signal),
        onError: (error) => deps.log.warn('peers not looked at', { code: codeOf(error) }),
      },
    )
  }

  start(): Promise<void> {
    return this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** When it was last connected, in milliseconds since the Unix epoch; undefined when not since the start. */
  lastSeen(peerId: string): number | undefined {
    this.#note()
    return this.#seen.get(peerId)
  }

  /** The event `peer` / `reachable` with this URA follows as soon as it answers. Throws `RECIPIENT_UNKNOWN`, `TOO_MANY_ATTEMPTS`. */
  watch(ura: string): void {
    if (this.#deps.bundle.memberByUra(ura) === undefined) throw new TwiinError('RECIPIENT_UNKNOWN')
    if (this.#watched.size >= mostWatched && !this.#watched.has(ura))
      throw new TwiinError('TOO_MANY_ATTEMPTS')
    this.#watched.set(ura, this.#deps.clock.now() + watchedMs)
  }

  /** One look at every peer that is watched. */
  async look(): Promise<void> {
    this.#note()
    await Promise.all([...this.#watched].map(([ura, until]) => this.#try(ura, until)))
  }

  #note(): void {
    const now = this.#deps.clock.now()
    for (const peerId of this.#deps.host.connectedPeers()) this.#seen.set(peerId, now)
  }

  async #try(ura: string, until: number): Promise<void> {
    const { bundle, clock, events } = this.#deps
    const member = bundle.memberByUra(ura)
    if (member === undefined || until < clock.now()) return void this.#watched.delete(ura)
    if (!(await this.#answers(member.peerId))) return
    this.#watched.delete(ura)
    this.#seen.set(member.peerId, clock.now())
    events.emit({ kind: 'peer', id: ura, state: 'reachable' })
  }

  /** A connection may be one of which nobody has noticed yet that it is dead; an answer, also a no, is a sign of life. */
  async #answers(peerId: string): Promise<boolean> {
    try {
      await this.#deps.ask(peerId)
      return true
    } catch (error) {
      return codeOf(error) === 'PEER_REFUSED'
    }
  }
}
