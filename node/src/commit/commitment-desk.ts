import { isDeepStrictEqual } from 'node:util'
import { dimseStatus } from '@twiin/dimse'
import type { CommitmentRequestReceived, CommitmentResult, SopReference } from '@twiin/dimse'
import { Backoff, TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { StudyStore } from '@twiin/study-store'
import type { Pacs } from '../deliver/pacs.ts'
import { judgeReferences } from './judge-references.ts'
import { reportCommitment } from './report-commitment.ts'

/** A request that was answered Success and not yet followed by its result. */
interface CommitmentAsked {
  callingAe: string
  /** The title of ours that was asked, and that reports. */
  calledAe: string
  transactionUid: string
  references: readonly SopReference[]
  at: number
}

type Reply = CommitmentRequestReceived['reply']

interface Deps {
  asked: Repository<CommitmentAsked>
  studies: StudyStore
  /** Where a system of this hospital is called. */
  place: (aeTitle: string) => Pacs | undefined
  sealer: Sealer
  clock: Clock
  random: (bytes: number) => Uint8Array
  log: Logger
}

/** One request names so many instances at the most: a study of a whole-body scanner has less. */
const mostReferences = 20_000
/** Of one system, waiting for their result. */
const mostOpen = 64
const giveUpMs = 86_400_000
const longestPauseMs = 900_000

/**
 * Answers systems of this hospital whether this node keeps what they stored (PS3.4 annex J): on the association that asked
 * while it lasts, else on one of its own, tried again for a day. What is open survives a restart.
 */
export class CommitmentDesk implements Service {
  readonly name = 'commitments asked'
  readonly #options: { mayAsk: readonly string[]; retryMs: number }
  readonly #deps: Deps
  /** Requests that are followed, by id. */
  readonly #open = new Map<string, { callingAe: string; noted: Promise<void>; done: Promise<void> }>()
  /** One of each system at a time, so that many of them need no more memory than one. */
  readonly #turns = new Map<string, Promise<unknown>>()
  #stopping = new AbortController()

  constructor(options: { mayAsk: readonly string[]; retryMs: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** Durable when it resolves. Throws `DIMSE_REFUSED`. */
  async commit(request: CommitmentRequestReceived): Promise<void> {
    const { asked, sealer, clock } = this.#deps
    const { transactionUid, references } = request
    const { callingAe, calledAe } = request.association
    if (!this.#options.mayAsk.includes(callingAe)) throw refusal(dimseStatus.notAuthorised)
    if (references.length > mostReferences) throw refusal(dimseStatus.resourceLimitation)
    const id = sealer.opaque('commitment asked', `${callingAe}\0${transactionUid}`)
    const open = this.#open.get(id)
    if (open !== undefined) {
      // Asked once more, because our Success was lost: its result is on its way. Another request may not have its number.
      await open.noted
      const there = await asked.get(id)
      if (there === undefined || isDeepStrictEqual(there.references, references)) return
      throw refusal(dimseStatus.invalidArgument)
    }
    const ofThisSystem = [...this.#open.values()].filter((other) => other.callingAe === callingAe)
    if (ofThisSystem.length >= mostOpen) throw refusal(dimseStatus.resourceLimitation)
    const noted = asked.put(id, { callingAe, calledAe, transactionUid, references, at: clock.now() })
    // In the list before it is on disk: two at once would both find room.
    this.#follow(id, callingAe, noted, (result) => request.reply(result))
    await noted
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    for await (const [id, { callingAe }] of this.#deps.asked.entries())
      this.#follow(id, callingAe, Promise.resolve())
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new TwiinError('STOPPED'))
    await Promise.all([...this.#open.values()].map(({ done }) => done))
  }

  #follow(id: string, callingAe: string, noted: Promise<void>, reply?: Reply): void {
    const done = noted
      .then(() => this.#untilTold(id, callingAe, reply))
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted)
          this.#deps.log.error('commitment not answered before a restart', { code: codeOf(error) })
      })
      .finally(() => this.#open.delete(id))
    this.#open.set(id, { callingAe, noted, done })
  }

  async #untilTold(id: string, callingAe: string, reply: Reply | undefined): Promise<void> {
    const { clock, random } = this.#deps
    const { signal } = this.#stopping
    const backoff = new Backoff({ firstMs: this.#options.retryMs, mostMs: longestPauseMs }, { random })
    let onAssociation = reply
    while (!(await this.#inTurn(callingAe, () => this.#tryToTell(id, onAssociation)))) {
      onAssociation = undefined
      await clock.sleep(backoff.next(), signal)
    }
  }

  /** Whether it is over. */
  async #tryToTell(id: string, reply: Reply | undefined): Promise<boolean> {
    const { asked, clock, log } = this.#deps
    const { signal } = this.#stopping
    signal.throwIfAborted()
    const request = await asked.get(id)
    if (request === undefined) return true
    const { callingAe } = request
    try {
      const result = await judgeReferences(request, signal, this.#deps)
      await this.#tell(request, result, reply)
      const [committed, failed] = [result.committed.length, result.failed.length]
      log.info('commitment reported', { callingAe, committed, failed })
    } catch (error) {
      signal.throwIfAborted()
      const isOver = clock.now() - request.at >= giveUpMs || isTwiinError(error, 'COMMITMENT_NO_PLACE')
      log.warn(isOver ? 'commitment given up' : 'commitment not reported yet', {
        callingAe,
        code: codeOf(error),
      })
      if (!isOver) return false
    }
    await asked.delete(id)
    return true
  }

  async #tell(request: CommitmentAsked, result: CommitmentResult, reply: Reply | undefined): Promise<void> {
    const { place, log } = this.#deps
    const { callingAe, calledAe } = request
    if (reply !== undefined) {
      const status = await reply(result).catch((error: unknown) => {
        log.debug('asker is gone: reported on a new association', { callingAe, code: codeOf(error) })
        return undefined
      })
      if (status === 0) return
    }
    const there = place(callingAe)
    if (there === undefined) throw new TwiinError('COMMITMENT_NO_PLACE')
    await reportCommitment(result, { ...there, callingAeTitle: calledAe }, this.#stopping.signal, log)
  }

  #inTurn<T>(callingAe: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#turns.get(callingAe) ?? Promise.resolve()).then(work)
    this.#turns.set(
      callingAe,
      mine.catch(() => {}),
    )
    return mine
  }
}

const refusal = (status: number) => new TwiinError('DIMSE_REFUSED', { status, comment: '' })
