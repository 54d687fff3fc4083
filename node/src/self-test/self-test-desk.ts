import { selfTestAnswer, selfTestRequest } from '@twiin/protocol'
import type { Bundle, SelfTestAnswer, SelfTestRequest, TransferRequest } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Gatekeeper, Served, StudySource } from '@twiin/transfer'
import type { Account } from '../account/account.ts'
import type { AnswerQuestion } from './answer-question.ts'
import type { FindStudy } from './find-study.ts'
import type { HoldStudy } from './hold-study.ts'
import type { ReceiveStudy } from './receive-study.ts'
import { recordPart } from './record-part.ts'
import type { SelfTestRun } from './self-test-run.ts'
import type { SendStudy } from './send-study.ts'

/** spec 12 §2: how long after its last request a run is forgotten. */
const forgottenMs = 120_000
/** What one request may take here; the registry asks again within the time of its step. */
const requestMs = 6000

interface Deps {
  bundle: { readonly current: Pick<Bundle, 'tokens'>; member(peerId: string): object | undefined }
  hold: HoldStudy
  questions: AnswerQuestion
  finding: FindStudy
  sending: SendStudy
  receiving: ReceiveStudy
  /** C-ECHO to the own port. */
  echoLoop: (signal: AbortSignal) => Promise<boolean>
  /** C-ECHO to the PACS. */
  echoPacs: (signal: AbortSignal) => Promise<boolean>
  account: Account
  clock: Clock
  log: Logger
}

/**
 * This node's side of a conformance self-test (spec 12): one run at a time, led by a keeper of the bundle, over the
 * protocols of every day. It stands before the desks of those protocols and takes from them what is of the run.
 */
export class SelfTestDesk implements Service {
  readonly name = 'self-test'
  readonly #version: string
  readonly #deps: Deps
  #run: SelfTestRun | undefined
  #lastRequest = 0
  #forgetting = new AbortController()
  /** Requests of a run are done one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: { version: string }, deps: Deps) {
    this.#version = options.version
    this.#deps = deps
  }

  /** An entry that a crash left in the index is withdrawn. */
  start(): Promise<void> {
    return this.#deps.hold.withdrawAll()
  }

  /** What stands in the index is withdrawn at the next start. */
  async stop(): Promise<void> {
    this.#forgetting.abort(new Error('stopping'))
    this.#run?.over.abort(new Error('stopping'))
    this.#run = undefined
    await this.#turn
  }

  /** `/twiin/self-test/1.0.0`. Throws, and so resets the stream, for whoever is no keeper. */
  async answer(bytes: Uint8Array, peerId: string, gone: AbortSignal): Promise<Uint8Array> {
    const { keepers } = this.#deps.bundle.current.tokens
    if (!keepers.some((keeper) => keeper.peerId === peerId)) throw new TwiinError('NOT_A_KEEPER', { peerId })
    return selfTestAnswer.encode(await this.#answerKeeper(bytes, peerId, gone))
  }

  /** A question at the synthetic location, by the peer of the run; undefined for any other. */
  async answerQuestion(bytes: Uint8Array, peerId: string): Promise<Uint8Array | undefined> {
    return this.#run && this.#deps.questions.answer(this.#run, bytes, peerId)
  }

  /** Whether the offer was a run's, and is taken. Throws REQUEST_INVALID for one of another run than this. */
  takeOffer(signed: Uint8Array, peerId: string): Promise<boolean> {
    return this.#deps.receiving.takeOffer(this.#run, signed, peerId)
  }

  /** Whether the receipt was the run's, and is taken. */
  async takeReceipt(signed: Uint8Array, peerId: string): Promise<boolean> {
    return this.#run !== undefined && this.#deps.sending.takeReceipt(this.#run, signed, peerId)
  }

  /** Judges what is collected in a run itself, and leaves the rest to `others`. */
  gatekeeper(others: Gatekeeper): Gatekeeper {
    return {
      judge: async (request: TransferRequest, peerId: string) =>
        (this.#run && (await this.#deps.sending.judge(this.#run, request, peerId))) ??
        others.judge(request, peerId),
      forget: (request) => others.forget(request),
    }
  }

  /** The run's study from memory, and all others from `others`. */
  source(others: StudySource): StudySource {
    const { sending } = this.#deps
    return {
      manifestInstances: async (uid, request) =>
        (this.#run && sending.instances(this.#run, uid)) ?? others.manifestInstances(uid, request),
      read: (uid, instance, offset) => {
        const dataSet = this.#run && sending.dataSet(this.#run, uid)
        return dataSet === undefined ? others.read(uid, instance, offset) : oneChunk(dataSet.subarray(offset))
      },
    }
  }

  /** Whether a channel that ended was the run's. */
  served(served: Served): boolean {
    return this.#run !== undefined && this.#deps.sending.served(this.#run, served)
  }

  /** spec 12 §2: failure is an answer with a code, never a reset. */
  async #answerKeeper(bytes: Uint8Array, keeper: string, gone: AbortSignal): Promise<SelfTestAnswer> {
    try {
      const request = selfTestRequest.decode(bytes)
      const run = await this.#runOf(request, keeper)
      if (run === undefined) return { kind: 'ended' }
      const signal = AbortSignal.any([gone, run.over.signal, AbortSignal.timeout(requestMs)])
      const answer = this.#turn.then(() => this.#do(run, request, signal))
      this.#turn = answer.catch(() => {})
      return await answer
    } catch (error) {
      const reason = reasonOf(error)
      this.#deps.log.warn('self-test request failed', { keeper, reason, code: codeOf(error) })
      return { kind: 'failed', reason }
    }
  }

  /** The run that this request is of, begun when it says hello. Undefined for the end of one that is over. */
  async #runOf(request: SelfTestRequest, keeper: string): Promise<SelfTestRun | undefined> {
    const now = this.#deps.clock.now()
    if (this.#run !== undefined && now - this.#lastRequest > forgottenMs) await this.#forget(this.#run)
    const name = Buffer.from(request.run).toString('hex')
    const isThis = this.#run?.name === name && this.#run.keeper === keeper
    if (!isThis && request.kind === 'end') return undefined
    if (!isThis && this.#run !== undefined) throw new TwiinError('BUSY')
    if (this.#run === undefined) {
      if (request.kind !== 'hello') throw new TwiinError('RUN_UNKNOWN')
      this.#run = { id: Uint8Array.from(request.run), name, keeper, over: new AbortController() }
      this.#deps.log.info('self-test begins', { run: name, keeper })
    }
    this.#lastRequest = now
    this.#forgetLater(this.#run)
    if ('peer' in request) this.#namePeer(this.#run, request.peer)
    return this.#run
  }

  /** spec 12 §2: one run has one peer. */
  #namePeer(run: SelfTestRun, peer: string): void {
    if (run.peer !== undefined && run.peer !== peer) throw new TwiinError('PEER_OTHER')
    if (this.#deps.bundle.member(peer) === undefined) throw new TwiinError('PEER_UNKNOWN')
    run.peer = peer
  }

  async #do(run: SelfTestRun, request: SelfTestRequest, signal: AbortSignal): Promise<SelfTestAnswer> {
    const { hold, finding, sending, receiving, account, clock, echoLoop, echoPacs } = this.#deps
    if (this.#run !== run) throw new TwiinError('RUN_UNKNOWN')
    switch (request.kind) {
      case 'hello':
        await recordPart(account, run, 'begin', { peerId: run.keeper })
        return { kind: 'hello', version: this.#version, time: clock.now() }
      case 'echo': {
        const [loop, pacs] = await Promise.all([echoLoop(signal), echoPacs(signal)])
        return { kind: 'echo', loop, pacs }
      }
      case 'hold': {
        const { studyInstanceUid } = await hold.hold(run, request.peer, signal)
        return { kind: 'study', studyInstanceUid }
      }
      case 'find': {
        const { studyInstanceUid } = await finding.find(run, request.peer, signal)
        return { kind: 'study', studyInstanceUid }
      }
      case 'send':
        return { kind: 'sent', receipt: await sending.send(run, request.peer, signal) }
      case 'received':
        return { kind: 'received', whole: await receiving.received(run, signal) }
      case 'end':
        await this.#forget(run)
        return { kind: 'ended' }
    }
  }

  #forgetLater(run: SelfTestRun): void {
    const { clock, log } = this.#deps
    this.#forgetting.abort(new Error('asked again'))
    this.#forgetting = new AbortController()
    clock.sleep(forgottenMs, this.#forgetting.signal).then(
      () =>
        this.#forget(run).catch((error: unknown) =>
          log.error('self-test not forgotten', { run: run.name, code: codeOf(error) }),
        ),
      () => {},
    )
  }

  async #forget(run: SelfTestRun): Promise<void> {
    if (this.#run !== run) return
    this.#forgetting.abort(new Error('over'))
    // Not answered for any more; then out of the index.
    this.#run = undefined
    run.over.abort(new Error('over'))
    await this.#deps.hold.withdraw(run)
    this.#deps.log.info('self-test over', { run: run.name })
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** A code that fits the answer; what nobody foresaw is told as that. */
function reasonOf(error: unknown): string {
  const code = codeOf(error)
  if (code === 'MESSAGE_INVALID' || code === 'MESSAGE_TOO_LARGE') return 'REQUEST_INVALID'
  return /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? code : 'UNEXPECTED'
}
