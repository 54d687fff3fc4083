import type { PeerHost } from '@twiin/network'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Person } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import { isTestable, referencesFor, untested } from './candidates.ts'
import { conductRun, greet, referenceAway } from './conduct-run.ts'
import type { Outcome, Progress } from './conduct-run.ts'
import { TestedPeer } from './tested-peer.ts'

/** A reference is there, or another one is taken. */
const greetMs = 3_000
const longestRetryMs = 3_600_000
/** After so many failures a new announcement does not bring the next test forward: a node may announce every minute. */
const mostBroughtForward = 3
/** Runs at the same time; each keeps two nodes busy. */
const mostAtOnce = 8
/** Who ordered the one that follows an enrolment. */
const byItself: Person = 'console'

/** A run that goes on. */
export interface LiveRun {
  readonly run: string
  readonly peerId: string
  readonly reference: string
  readonly by: Person
  readonly startedAt: number
  progress: Progress
}

/** Why a member is not tested at the moment. */
export interface Waiting {
  readonly peerId: string
  readonly reason: 'NO_REFERENCE' | 'FAILED_BEFORE'
  /** When it is looked at again, at the latest. Milliseconds since the Unix epoch. */
  readonly until: number
}

interface Attempts {
  failures: number
  notBefore: number
  reason: Waiting['reason']
  /** Of the run that failed last: another one is tried first. */
  reference?: string
}

interface Deps {
  books: Books
  host: Pick<PeerHost, 'ask'>
  /** A run began, went on, or ended. */
  tell: (run: string, state: 'running' | 'passed' | 'failed') => void
  random: (bytes: number) => Uint8Array
  clock: Clock
  log: Logger
}

/** Lets every member show that it exchanges before it counts as exchanging: by itself after an enrolment, or ordered. */
export class SelfTests implements Service {
  readonly name = 'self-tests'
  readonly #options: { references: readonly string[]; retryMs: number }
  readonly #deps: Deps
  readonly #live = new Map<string, LiveRun>()
  /** Peers of runs that go on: a node is in one at a time. */
  readonly #busy = new Set<string>()
  readonly #attempts = new Map<string, Attempts>()
  readonly #running = new Set<Promise<unknown>>()
  #stopping = new AbortController()
  #wake = Promise.withResolvers<void>()
  #done: Promise<void> = Promise.resolve()

  constructor(options: { references: readonly string[]; retryMs: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
    deps.books.onRecorded((act) => {
      if (act.act === 'announced') this.#bringForward(act.peerId)
      if (act.act === 'announced' || act.act === 'self-tested' || act.act === 'issued') this.#lookAgain()
    })
  }

  async start(): Promise<void> {
    if (this.#stopping.signal.aborted) this.#stopping = new AbortController()
    this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new TwiinError('STOPPING'))
    this.#wake.resolve()
    await this.#done
    await Promise.all(this.#running)
  }

  /**
   * Begins a run that somebody ordered; resolves to its name once it has a reference.
   * Throws NOT_FOUND, NOT_TESTABLE, SELF_TEST_RUNNING, NO_REFERENCE.
   */
  async order(peerId: string, by: Person): Promise<string> {
    const { books, clock } = this.#deps
    if (books.register.keys.get(peerId)?.role !== 'member') throw new TwiinError('NOT_FOUND')
    if (!isTestable(books.register, peerId, clock.now())) throw new TwiinError('NOT_TESTABLE')
    if (this.#busy.has(peerId)) throw new TwiinError('SELF_TEST_RUNNING')
    const live = await this.#begin(peerId, by)
    return live.run
  }

  /** The run with this name, while it goes on. */
  live(run: string): LiveRun | undefined {
    return this.#live.get(run)
  }

  liveRuns(): LiveRun[] {
    return [...this.#live.values()]
  }

  /** Members in testing for whom nothing happens now, and why. */
  waiting(): Waiting[] {
    const { books, clock } = this.#deps
    return untested(books.register, clock.now()).flatMap(({ peerId }) => {
      const attempts = this.#attempts.get(peerId)
      if (attempts === undefined || this.#busy.has(peerId)) return []
      return [{ peerId, reason: attempts.reason, until: attempts.notBefore }]
    })
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers()
      await this.#beginDue()
      const awake = new AbortController()
      const slept = this.#deps.clock.sleep(this.#untilDue(), AbortSignal.any([signal, awake.signal]))
      await Promise.race([this.#wake.promise, slept.catch(() => {})])
      awake.abort(new Error('awake'))
    }
  }

  /** One after the other: two that begin at once would take each other for a reference. */
  async #beginDue(): Promise<void> {
    const { books, clock, log } = this.#deps
    for (const { peerId } of untested(books.register, clock.now())) {
      if (this.#stopping.signal.aborted || this.#running.size >= mostAtOnce) return
      const due = (this.#attempts.get(peerId)?.notBefore ?? 0) <= clock.now()
      if (!due || this.#busy.has(peerId) || this.#mustWait(peerId)) continue
      await this.#begin(peerId, byItself).catch((error: unknown) => {
        if (codeOf(error) !== 'NO_REFERENCE') log.warn('self-test not begun', { peerId, code: codeOf(error) })
      })
    }
  }

  /** There are references, and all of them are in a run. */
  #mustWait(peerId: string): boolean {
    const references = this.#referencesFor(peerId)
    return references.length > 0 && references.every((reference) => this.#busy.has(reference))
  }

  #untilDue(): number {
    const now = this.#deps.clock.now()
    const due = [...this.#attempts.values()].map(({ notBefore }) => notBefore - now).filter((ms) => ms > 0)
    return Math.min(this.#options.retryMs, ...due)
  }

  /** `tried`: references with which a person's order came to nothing, for they went away. */
  async #begin(peerId: string, by: Person, tried: readonly string[] = []): Promise<LiveRun> {
    const { random, clock, log, tell } = this.#deps
    const id = random(16)
    const run = Buffer.from(id).toString('hex')
    this.#busy.add(peerId)
    const node = new TestedPeer({ run: id, peerId }, this.#deps)
    const reference = await this.#takeReference(id, peerId, tried)
    if (reference === undefined) {
      this.#busy.delete(peerId)
      this.#postpone(peerId, { reason: 'NO_REFERENCE' })
      throw new TwiinError('NO_REFERENCE')
    }
    const live: LiveRun = {
      ...{ run, peerId, by, reference: reference.peerId, startedAt: clock.now() },
      progress: { done: [] },
    }
    this.#live.set(run, live)
    log.info('self-test begins', { run, peerId, reference: reference.peerId })
    tell(run, 'running')
    const running = this.#conduct(live, node, reference).finally(() => {
      this.#live.delete(run)
      this.#busy.delete(peerId)
      this.#busy.delete(reference.peerId)
      this.#running.delete(running)
      this.#wake.resolve()
    })
    const again = async (isReferenceAway: boolean) => {
      if (!isReferenceAway || by === byItself || this.#stopping.signal.aborted) return
      await this.#begin(peerId, by, [...tried, reference.peerId]).catch((error: unknown) =>
        log.info('no other reference', { peerId, code: codeOf(error) }),
      )
    }
    running.then(again).catch(() => {})
    this.#running.add(running)
    return live
  }

  /** The first that answers; the one that was there when the last run failed comes last. */
  async #takeReference(
    run: Uint8Array,
    peerId: string,
    tried: readonly string[],
  ): Promise<TestedPeer | undefined> {
    const { clock, log } = this.#deps
    const last = this.#attempts.get(peerId)?.reference
    const candidates = this.#referencesFor(peerId).sort((a, b) => Number(a === last) - Number(b === last))
    for (const candidate of candidates) {
      if (this.#busy.has(candidate) || tried.includes(candidate)) continue
      const reference = new TestedPeer({ run, peerId: candidate }, this.#deps)
      this.#busy.add(candidate)
      try {
        await greet(reference, { timeoutMs: greetMs, signal: this.#stopping.signal }, clock)
        return reference
      } catch (error) {
        this.#busy.delete(candidate)
        // It may have begun all the same.
        reference.ask({ kind: 'end' }, { timeoutMs: greetMs }).catch(() => {})
        log.info('reference not there', { peerId: candidate, code: codeOf(error) })
      }
    }
    return undefined
  }

  #referencesFor(peerId: string): string[] {
    const { books, clock } = this.#deps
    const found = referencesFor(peerId, books.register, clock.now(), this.#options.references)
    return found.map((key) => key.peerId)
  }

  /**
   * Whether it came to nothing because the reference went away. Never rejects. One that was broken off because the registry
   * stops is not on record.
   */
  async #conduct(live: LiveRun, node: TestedPeer, reference: TestedPeer): Promise<boolean> {
    const { clock, log, tell } = this.#deps
    const { signal } = this.#stopping
    const onProgress = (progress: Progress) => {
      live.progress = { ...progress, done: [...progress.done] }
      tell(live.run, 'running')
    }
    try {
      const outcome = await conductRun({ node, reference }, { clock, onProgress }, signal)
      await this.#record(live, outcome)
      return outcome.steps.at(-1)?.reason === referenceAway
    } catch (error) {
      log.warn('self-test broken off', { run: live.run, code: codeOf(error) })
      this.#postpone(live.peerId, { reason: 'FAILED_BEFORE', reference: live.reference })
      tell(live.run, 'failed')
      return false
    }
  }

  async #record({ run, peerId, reference, by }: LiveRun, outcome: Outcome): Promise<void> {
    const { books, log, tell } = this.#deps
    const { version, steps } = outcome
    const { passed } = await books.record((register, now) => ({
      act: 'self-tested' as const,
      ...{ run, peerId, reference, version, by },
      steps: [...steps],
      // It may have ended while it was tested.
      passed: outcome.passed && register.isActive(peerId, now),
    }))
    if (passed) this.#attempts.delete(peerId)
    else this.#postpone(peerId, { reason: 'FAILED_BEFORE', reference })
    const failed = steps.find(({ result }) => result === 'failed')
    log.info('self-test over', { run, peerId, passed, step: failed?.name, reason: failed?.reason })
    tell(run, passed ? 'passed' : 'failed')
  }

  #postpone(peerId: string, why: Pick<Attempts, 'reason' | 'reference'>): void {
    const { retryMs } = this.#options
    const before = this.#attempts.get(peerId)
    const failures = (before?.failures ?? 0) + Number(why.reason === 'FAILED_BEFORE')
    const pause = retryMs * 2 ** Math.max(0, failures - 1)
    const notBefore = this.#deps.clock.now() + Math.min(pause, longestRetryMs)
    this.#attempts.set(peerId, { ...before, ...why, failures, notBefore })
  }

  /** A new address deserves a new test; how often the node failed before is not forgotten. */
  #bringForward(peerId: string): void {
    const attempts = this.#attempts.get(peerId)
    if (attempts?.failures === 0) this.#attempts.delete(peerId)
    else if (attempts !== undefined && attempts.failures < mostBroughtForward) attempts.notBefore = 0
  }

  /** Who waited for a reference may have one now. */
  #lookAgain(): void {
    for (const attempts of this.#attempts.values())
      if (attempts.reason === 'NO_REFERENCE') attempts.notBefore = 0
    this.#wake.resolve()
  }
}
