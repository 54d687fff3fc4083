import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { SelfTestStep } from '../ledger/acts.ts'
import type { Question, TestedPeer } from './tested-peer.ts'

export type StepName = SelfTestStep['name']

/** What a run is now: steps that came to their end, and the one that goes on. */
export interface Progress {
  readonly done: readonly SelfTestStep[]
  readonly running?: StepName
}

export interface Outcome {
  readonly passed: boolean
  readonly steps: readonly SelfTestStep[]
  /** Of the node's software, as it says. */
  readonly version: string
}

/** spec 12 §3: with the end together less than the minute that a run takes at most. */
const stepMs: Readonly<Record<StepName, number>> = {
  reach: 6_000,
  echo: 7_000,
  publish: 12_000,
  find: 10_000,
  send: 10_000,
  receive: 10_000,
}
/** spec 12 §3: so far the clocks may differ. */
const clockMs = 60_000
const endMs = 3_000
const pauseMs = 300
/** After a step that failed: whether the reference is still there. */
const stillThereMs = 2_000
/** The reference went away: it says nothing of the node. The ledger goes by it (spec 12 §3). */
export const referenceAway = 'REFERENCE_UNREACHABLE'

/**
 * What passes by itself while nodes start, fetch the newest bundle and find each other: asked again within the time of
 * the step. Everything else is an answer.
 */
const passing: ReadonlySet<string> = new Set([
  'PEER_UNKNOWN',
  'PEER_UNREACHABLE',
  'PEER_REFUSED',
  'PEER_NOT_ADMITTED',
  referenceAway,
  'TOKEN_UNAVAILABLE',
  'INDEX_UNREACHABLE',
  'ENTRY_NOT_FOUND',
  'DICOM_PORT_CLOSED',
  'TRANSFER_CUT',
  'STUDY_NOT_WHOLE',
  'RECEIPT_MISSING',
])

/** Answers of the reference that no node can bring about. Its line is judged apart. */
const faultsOfReference: ReadonlySet<string> = new Set([
  ...['BUSY', 'RUN_UNKNOWN', 'NUMBER_TAKEN', 'ANSWER_INVALID', 'TOKEN_UNAVAILABLE', 'INDEX_UNREACHABLE'],
])

/**
 * Leads a node and its reference through the steps of one run (spec 12 §3), one after the other; a failed one is the
 * last. Both are told when it is over. Rejects only when `signal` aborts.
 */
export async function conductRun(
  pair: { node: TestedPeer; reference: TestedPeer },
  deps: { clock: Clock; onProgress: (progress: Progress) => void },
  signal: AbortSignal,
): Promise<Outcome> {
  const conversation = new Conversation(pair, deps.clock, signal)
  const done: SelfTestStep[] = []
  try {
    for (const name of Object.keys(stepMs) as StepName[]) {
      deps.onProgress({ done, running: name })
      const step = await conversation.take(name)
      signal.throwIfAborted()
      done.push(step)
      if (step.result === 'failed') break
    }
  } finally {
    await conversation.end()
  }
  deps.onProgress({ done })
  const passed = done.every(({ result }) => result !== 'failed')
  return { passed, steps: done, version: conversation.version }
}

/** Whether the peer is there now, with a clock that is right. Begins the run at its side. */
export async function greet(
  peer: TestedPeer,
  options: { timeoutMs: number; signal: AbortSignal },
  clock: Clock,
): Promise<{ version: string }> {
  const asked = clock.now()
  const { version, time } = await peer.ask({ kind: 'hello' }, options)
  const heard = clock.now()
  if (time < asked - clockMs || time > heard + clockMs) throw new TwiinError('CLOCK_OFF')
  // It goes into the public ledger: a version number, and nothing else that somebody may write there.
  return { version: /^[0-9A-Za-z.+-]{1,32}$/.test(version) ? version : 'unknown' }
}

class Conversation {
  readonly #node: TestedPeer
  readonly #reference: TestedPeer
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #steps: Readonly<Record<StepName, () => Promise<string | undefined>>> = {
    reach: () => this.#reach(),
    echo: () => this.#echo(),
    publish: () => this.#findable(this.#node, this.#reference),
    find: () => this.#findable(this.#reference, this.#node),
    send: () => this.#transferred(this.#node, this.#reference),
    receive: () => this.#transferred(this.#reference, this.#node),
  }
  /** Errors that this conversation laid at the reference: the tested node may answer with that code itself. */
  readonly #ofReference = new WeakSet<object>()
  #deadline = 0
  version = 'unknown'

  constructor(pair: { node: TestedPeer; reference: TestedPeer }, clock: Clock, signal: AbortSignal) {
    this.#node = pair.node
    this.#reference = pair.reference
    this.#clock = clock
    this.#signal = signal
  }

  async take(name: StepName): Promise<SelfTestStep> {
    const began = this.#clock.now()
    this.#deadline = began + stepMs[name]
    const ms = () => Math.max(0, this.#clock.now() - began)
    try {
      const warning = await this.#steps[name]()
      if (warning === undefined) return { name, result: 'passed', ms: ms() }
      return { name, result: 'warned', ms: ms(), reason: warning }
    } catch (error) {
      const took = ms()
      const isAway = this.#ofReference.has(error as object) || !(await this.#isReferenceThere(name))
      const reason = isAway ? referenceAway : reasonOf(error)
      return { name, result: 'failed', ms: took, reason }
    }
  }

  /** Told in any case, also when the run was broken off; who does not hear it forgets by itself (spec 12 §2). */
  async end(): Promise<void> {
    const asked = [this.#node, this.#reference].map((peer) => peer.ask({ kind: 'end' }, { timeoutMs: endMs }))
    await Promise.allSettled(asked)
  }

  async #reach(): Promise<undefined> {
    await this.#again(async () => {
      const options = { timeoutMs: this.#left(), signal: this.#signal }
      this.version = (await greet(this.#node, options, this.#clock)).version
    })
  }

  /** A PACS may be away for an hour; the own port is the node's alone. */
  async #echo(): Promise<string | undefined> {
    const { pacs } = await this.#again(async () => {
      const answer = await this.#ask(this.#node, { kind: 'echo' })
      if (!answer.loop) throw new TwiinError('DICOM_PORT_CLOSED')
      return answer
    })
    return pacs ? undefined : 'PACS_SILENT'
  }

  async #findable(holder: TestedPeer, reader: TestedPeer): Promise<undefined> {
    const held = await this.#again(() => this.#ask(holder, { kind: 'hold', peer: reader.peerId }))
    const found = await this.#again(() => this.#ask(reader, { kind: 'find', peer: holder.peerId }))
    if (found.studyInstanceUid !== held.studyInstanceUid) throw new TwiinError('STUDY_OTHER')
  }

  async #transferred(sender: TestedPeer, recipient: TestedPeer): Promise<undefined> {
    await this.#again(async () => {
      const { receipt } = await this.#ask(sender, { kind: 'send', peer: recipient.peerId })
      const { whole } = await this.#ask(recipient, { kind: 'received', peer: sender.peerId })
      if (!whole) throw new TwiinError('STUDY_NOT_WHOLE')
      if (!receipt) throw new TwiinError('RECEIPT_MISSING')
    })
  }

  /** That the reference is not there, or does nothing in this run, says nothing of the node. */
  async #ask<Q extends Question>(peer: TestedPeer, question: Q) {
    try {
      return await peer.ask(question, { timeoutMs: this.#left(), signal: this.#signal })
    } catch (error) {
      const code = codeOf(error)
      const isItsOwn = peer === this.#reference && (code.startsWith('PEER_') || faultsOfReference.has(code))
      if (!isItsOwn) throw error
      const away = new TwiinError(referenceAway, {}, { cause: error })
      this.#ofReference.add(away)
      throw away
    }
  }

  /** What the node told as its own failure may come of a reference that went away meanwhile. */
  async #isReferenceThere(name: StepName): Promise<boolean> {
    if (name === 'reach' || name === 'echo' || this.#signal.aborted) return true
    const options = { timeoutMs: stillThereMs, signal: this.#signal }
    return greet(this.#reference, options, this.#clock).then(
      () => true,
      () => false,
    )
  }

  async #again<T>(work: () => Promise<T>): Promise<T> {
    let before: unknown
    for (;;) {
      try {
        return await work()
      } catch (error) {
        this.#signal.throwIfAborted()
        // That there was no time for another answer says less than the answer before.
        if (codeOf(error) === 'PEER_TIMEOUT' && before !== undefined) throw before as Error
        if (!passing.has(codeOf(error)) || this.#left() <= pauseMs) throw error
        before = error
        await this.#clock.sleep(pauseMs, this.#signal)
      }
    }
  }

  #left(): number {
    return Math.max(1, this.#deadline - this.#clock.now())
  }
}

/** A code that may stand in the ledger. */
function reasonOf(error: unknown): string {
  const code = codeOf(error)
  return /^[A-Z][A-Z0-9_]{2,40}$/.test(code) && code !== referenceAway ? code : 'UNEXPECTED'
}
