import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:https'
import type { Decision } from '@twiin/consent'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
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
const mostAtOnce = 32
const mostCached = 10_000
/** After a failure nobody waits for the next one. */
const restMs = 5000

/** Mitz, or what speaks like it (spec 08 §8). Down, slow, unclear: no answer, and that is unknown. */
export class MitzSource implements ConsentSource {
  readonly #options: MitzOptions
  readonly #clock: Pick<Clock, 'now'>
  readonly #log: Logger
  readonly #agent: Agent
  readonly #cached = new Map<string, { decision: Decision; at: number }>()
  #running = 0
  #restsUntil = 0

  constructor(options: MitzOptions, deps: { clock: Pick<Clock, 'now'>; log: Logger }) {
    this.#options = options
    this.#clock = deps.clock
    this.#log = deps.log
    this.#agent = new Agent({ ...options.tls, keepAlive: true, maxSockets: 8, minVersion: 'TLSv1.2' })
  }

  async ask(question: ConsentQuestion): Promise<Decision | undefined> {
    const { bsn, requester, role, basis } = question
    const key = JSON.stringify([bsn, requester.ura, requester.category, role, basis])
    const known = this.#cached.get(key)
    const now = this.#clock.now()
    if (known !== undefined && Math.abs(now - known.at) < this.#options.cacheMs) return known.decision
    if (now < this.#restsUntil || this.#running >= mostAtOnce) return undefined
    this.#running++
    try {
      const decision = readMitzAnswer(await this.#post(question))
      this.#keep(key, { decision, at: now })
      return decision
    } catch (error) {
      this.#restsUntil = this.#clock.now() + restMs
      this.#log.warn('no answer about consent', { code: codeOf(error) })
      return undefined
    } finally {
      this.#running--
    }
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
      const fail = (why: string) => () => reject(new TwiinError('CONSENT_SOURCE_FAILED', { why }))
      const call = request(url, { method: 'POST', agent: this.#agent, headers, signal }, (answer) => {
        const chunks: Buffer[] = []
        let bytes = 0
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.byteLength
          if (bytes > mostAnswerBytes) return call.destroy(new Error('too long'))
          chunks.push(chunk)
        })
        answer.on('error', fail('answer cut'))
        answer.on('end', () =>
          answer.statusCode === 200
            ? resolve(Buffer.concat(chunks).toString('utf8'))
            : fail(`status ${answer.statusCode}`)(),
        )
      })
      call.on('error', fail('not reached'))
      call.end(body)
    })
  }
}
