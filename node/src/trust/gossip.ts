import type { PeerHost } from '@twiin/network'
import { gossipAnswer, gossipRequest, limits, protocolIds } from '@twiin/protocol'
import type { GossipAnswer, GossipRequest } from '@twiin/protocol'
import { codeOf, fractionOf, Loop } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { GossipAnswers } from './gossip-answers.ts'
import type { LogView } from './log-view.ts'
import type { Held, NetworkBundle } from './network-bundle.ts'
import { PullQueue } from './pull-queue.ts'

/** spec 06 §8 */
const toldOfNews = 6
const triedForNews = 24
const comparedEachRound = 2
const timeoutMs = 5000

interface Deps {
  bundle: NetworkBundle
  logView: LogView
  host: Pick<PeerHost, 'ask' | 'connectedPeers'>
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}

/**
 * Bundles, and proof that the log showed two lists, pass from member to member (spec 06 §8): told on when they come, and
 * asked for from time to time. Nothing is believed for who tells it; everything is judged as if the registry had sent it.
 */
export class Gossip implements Service {
  readonly name = 'bundle gossip'
  readonly #self: string
  readonly #deps: Deps
  readonly #answers: GossipAnswers
  readonly #pulls: PullQueue
  readonly #rounds: Loop
  #isRunning = false
  #isTelling = false
  /** What comes while others are being told is told after. */
  #hasNews = false

  constructor(options: { peerId: string; roundMs: number }, deps: Deps) {
    this.#self = options.peerId
    this.#deps = deps
    const { bundle, logView, clock, log, random } = deps
    this.#pulls = new PullQueue({
      ...{ clock, log },
      isNews: (theirs) => this.#isNews(theirs),
      pull: (peerId, theirs) => this.#pull(peerId, theirs),
    })
    const heard = (peerId: string, theirs: Held) => this.#pulls.add(peerId, theirs)
    this.#answers = new GossipAnswers({ bundle, logView, heard, clock })
    this.#rounds = new Loop(
      { name: this.name },
      {
        turn: (signal) => this.compare(signal),
        // Nodes that started together must not ask together.
        pause: (signal) => clock.sleep(options.roundMs * (0.75 + fractionOf(random) / 2), signal),
        onError: (error) => log.warn('bundles not compared', { code: codeOf(error) }),
      },
    )
    bundle.onChange(() => this.#tellNews())
    logView.onContradiction((first, second) => this.#tellContradiction(first, second))
  }

  async start(): Promise<void> {
    this.#isRunning = true
    await this.#rounds.start()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#rounds.stop()
  }

  /** What a peer asks. Throws MESSAGE_*. */
  answer(bytes: Uint8Array, peerId: string): Uint8Array {
    return this.#answers.answer(bytes, peerId)
  }

  /** Asks a few members what they have; in doing so tells them what we have. */
  async compare(signal?: AbortSignal): Promise<void> {
    const { logView } = this.#deps
    const asked = shuffled(this.#others(), this.#deps.random).slice(0, comparedEachRound)
    await Promise.all(
      asked.map(async (peerId) => {
        await this.#take(await this.#ask(peerId, { kind: 'pull', ...this.#state() }, signal), peerId)
        const { first = '', second = '' } = logView.distrust ?? {}
        if (first !== '') await this.#ask(peerId, { kind: 'contradiction', first, second }, signal)
      }),
    )
  }

  #state(held: Held = this.#deps.bundle.held) {
    return { ...held, checkpoint: this.#deps.logView.newest }
  }

  /** Whether we could learn from who holds that. */
  #isNews({ version, isWhole }: Held): boolean {
    const { bundle } = this.#deps
    return version > (isWhole ? bundle.version : bundle.held.version)
  }

  async #pull(peerId: string, theirs: Held): Promise<void> {
    const { bundle } = this.#deps
    // Who only restricts with a higher number still lacks the whole one before.
    const ours = theirs.isWhole ? { version: bundle.version, isWhole: true } : bundle.held
    await this.#take(await this.#ask(peerId, { kind: 'pull', ...this.#state(ours) }), peerId)
  }

  async #take(answer: GossipAnswer | undefined, peerId: string): Promise<void> {
    const { bundle, log } = this.#deps
    if (answer?.kind === 'noted') this.#pulls.add(peerId, { version: answer.version, isWhole: true })
    if (answer?.kind !== 'newer') return
    try {
      await bundle.accept(answer.bundle, peerId)
    } catch (error) {
      log.warn('bundle of a peer refused', { peerId, code: codeOf(error) })
    }
  }

  #tellNews(): void {
    this.#hasNews = this.#isRunning
    if (!this.#isTelling) void this.#tellAll()
  }

  async #tellAll(): Promise<void> {
    this.#isTelling = true
    while (this.#hasNews) {
      this.#hasNews = false
      await this.#spread(() => ({ kind: 'tell', ...this.#state() }))
    }
    this.#isTelling = false
  }

  #tellContradiction(first: string, second: string): void {
    if (this.#isRunning) void this.#spread(() => ({ kind: 'contradiction', first, second }))
  }

  /** To so many members as can be reached, those first to whom there is a connection. Never rejects. */
  async #spread(message: () => GossipRequest): Promise<void> {
    const { host, random } = this.#deps
    const connected = new Set(host.connectedPeers())
    const members = shuffled(this.#others(), random)
    const ordered = [
      ...members.filter((peerId) => connected.has(peerId)),
      ...members.filter((peerId) => !connected.has(peerId)),
    ].slice(0, triedForNews)
    let told = 0
    const tellSome = async () => {
      for (let peerId = ordered.shift(); peerId !== undefined; peerId = ordered.shift()) {
        if (told >= toldOfNews || !this.#isRunning) return
        told++
        const answer = await this.#ask(peerId, message())
        if (answer === undefined) told--
      }
    }
    await Promise.all(Array.from({ length: toldOfNews }, tellSome))
  }

  #others(): string[] {
    const { bundle } = this.#deps
    if (bundle.version === 0) return []
    return bundle.current.members.flatMap(({ peerId }) =>
      peerId === this.#self || bundle.cutOf(peerId) !== undefined ? [] : [peerId],
    )
  }

  /** Undefined for a peer that cannot be reached or says nothing sensible: the next one may. */
  async #ask(
    peerId: string,
    request: GossipRequest,
    signal?: AbortSignal,
  ): Promise<GossipAnswer | undefined> {
    try {
      const bytes = await this.#deps.host.ask(peerId, protocolIds.bundle, gossipRequest.encode(request), {
        maxAnswerBytes: limits.gossipAnswerBytes,
        timeoutMs,
        ...(signal && { signal }),
      })
      return gossipAnswer.decode(bytes)
    } catch (error) {
      this.#deps.log.debug('peer not told', { peerId, kind: request.kind, code: codeOf(error) })
      return undefined
    }
  }
}

/** Fisher and Yates, in place of a copy. */
function shuffled<T>(items: readonly T[], random: (bytes: number) => Uint8Array): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(fractionOf(random) * (i + 1))
    ;[result[i], result[j]] = [result[j] as T, result[i] as T]
  }
  return result
}
