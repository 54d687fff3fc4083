import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:https'
import type { Decision, MitzAnswer } from '@twiin/consent'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { AskingTurns, mostAtOnce } from './asking-turns.ts'
import type { ConsentQuestion, ConsentSource } from './consent-source.ts'
import { readMitzAnswer } from './mitz-answer.ts'
import { mitzQuestion } from './mitz-question.ts'
import type { MitzCodes, MitzHolder } from './mitz-question.ts'

export interface MitzOptions {
  url: string
  /** mTLS: our certificate and key, and whom we believe; PEM. */
  tls: { cert: Buffer; key: Buffer; ca: Buffer }
  timeoutMs: number
  /** How long an answer counts. Zero: every question is asked. */
  cacheMs: number
  codes: MitzCodes
  /** Who holds the data; the category is that of the network bundle, and read anew each time. */
  holder: () => MitzHolder
}

const mostAnswerBytes = 64 * 1024
const mostCached = 10_000
/** After so many failures in a row, of Mitz itself, nobody waits for the next one; a single one may be chance. */
const failuresBeforeRest = 3
const restMs = 5000
/**
 * What stands before it says that it is not there. Any other status is of something that was there, also that it has too
 * much to do: whoever can bring that about by asking must not be helped by it (spec 08 §8).
 */
const notThere: ReadonlySet<number | undefined> = new Set([502, 504])

/** Mitz, or what speaks like it (spec 08 §8). Down, slow, unclear: no answer, and that is no yes. */
export class MitzSource implements ConsentSource {
  readonly #options: MitzOptions
  readonly #clock: Pick<Clock, 'now'>
  readonly #log: Logger
  readonly #agent: Agent
  readonly #cached = new Map<string, { decision: Decision; at: number }>()
  /** The same question at the same moment is one. */
  readonly #asking = new Map<string, Promise<MitzAnswer>>()
  readonly #turns = new AskingTurns()
  #failures = 0
  #restsUntil = 0
  /** Questions without an answer, since the last one that had one. */
  #unanswered: { since: number; lastAt: number } | undefined

  constructor(options: MitzOptions, deps: { clock: Pick<Clock, 'now'>; log: Logger }) {
    this.#options = options
    this.#clock = deps.clock
    this.#log = deps.log
    this.#agent = new Agent({
      ...options.tls,
      keepAlive: true,
      maxSockets: mostAtOnce,
      minVersion: 'TLSv1.2',
    })
  }

  /** From when to when questions have had no answer; nothing once one has. Milliseconds since the Unix epoch. */
  get unanswered(): { readonly since: number; readonly lastAt: number } | undefined {
    return this.#unanswered
  }

  async ask(question: ConsentQuestion): Promise<MitzAnswer> {
    const { bsn, requester, basis } = question
    // What the question says, and nothing else: what it does not say must not make it another one.
    const key = JSON.stringify([bsn, requester.ura, requester.category, basis])
    const known = this.#cached.get(key)
    if (known !== undefined && Math.abs(this.#clock.now() - known.at) < this.#options.cacheMs)
      return known.decision
    const asking = this.#asking.get(key) ?? this.#askNow(question, key)
    this.#asking.set(key, asking)
    const answer = await asking
    // An objection that was heard counts until something else is heard.
    return (answer === 'silent' || answer === 'busy') && known?.decision === 'deny' ? 'deny' : answer
  }

  /** Never rejects. */
  async #askNow(question: ConsentQuestion, key: string): Promise<MitzAnswer> {
    const end = await this.#turns.take(question.requester.ura)
    try {
      if (end === undefined) return 'busy'
      if (this.#clock.now() < this.#restsUntil) return this.#without('silent')
      const text = await this.#post(question)
      this.#failures = 0
      const decision = readMitzAnswer(text)
      this.#unanswered = undefined
      this.#keep(key, { decision, at: this.#clock.now() })
      return decision
    } catch (error) {
      this.#log.warn('no answer about consent', { code: codeOf(error) })
      if (isTwiinError(error, 'CONSENT_SOURCE_FAILED')) {
        this.#failed()
        return this.#without('silent')
      }
      // It is there, and nobody knows what it would have said.
      this.#failures = 0
      return this.#without('busy')
    } finally {
      this.#asking.delete(key)
      end?.()
    }
  }

  #without<A extends MitzAnswer>(answer: A): A {
    const lastAt = this.#clock.now()
    this.#unanswered = { since: this.#unanswered?.since ?? lastAt, lastAt }
    return answer
  }

  #failed(): void {
    this.#failures++
    if (this.#failures >= failuresBeforeRest) this.#restsUntil = this.#clock.now() + restMs
  }

  #keep(key: string, answer: { decision: Decision; at: number }): void {
    this.#cached.delete(key)
    this.#cached.set(key, answer)
    for (const oldest of this.#cached.keys()) {
      if (this.#cached.size <= mostCached) return
      this.#cached.delete(oldest)
    }
  }

  #post(question: ConsentQuestion): Promise<string> {
    const { url, timeoutMs, codes, holder } = this.#options
    const body = mitzQuestion(question, holder(), codes, { messageId: randomUUID(), to: url })
    const headers = {
      'content-type': 'application/soap+xml; charset=utf-8; action="XACMLAuthorizationDecisionQueryRequest"',
      'content-length': Buffer.byteLength(body),
    }
    const signal = AbortSignal.timeout(timeoutMs)
    return new Promise((resolve, reject) => {
      const fail = (code: 'CONSENT_SOURCE_FAILED' | 'ANSWER_INVALID', why: string) =>
        reject(new TwiinError(code, { why }))
      const call = request(url, { method: 'POST', agent: this.#agent, headers, signal }, (answer) => {
        const chunks: Buffer[] = []
        let bytes = 0
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.byteLength
          chunks.push(chunk)
          if (bytes <= mostAnswerBytes) return
          fail('ANSWER_INVALID', 'too long')
          call.destroy()
        })
        answer.on('error', () => fail('CONSENT_SOURCE_FAILED', 'answer cut'))
        answer.on('end', () => {
          const { statusCode } = answer
          if (statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'))
          else
            fail(
              notThere.has(statusCode) ? 'CONSENT_SOURCE_FAILED' : 'ANSWER_INVALID',
              `status ${statusCode}`,
            )
        })
      })
      call.on('error', () => fail('CONSENT_SOURCE_FAILED', 'not reached'))
      call.end(body)
    })
  }
}
