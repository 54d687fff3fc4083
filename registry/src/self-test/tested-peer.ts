import type { PeerHost } from '@twiin/network'
import { limits, protocolIds, selfTestAnswer, selfTestRequest } from '@twiin/protocol'
import type { SelfTestAnswer, SelfTestRequest } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type Question = Without<SelfTestRequest, 'run'>
type AnswerTo<Q extends Question> = Extract<SelfTestAnswer, { kind: AnswerKind[Q['kind']] }>

/** What answers each request when it goes well (spec 12 §2). */
const answers = {
  hello: 'hello',
  echo: 'echo',
  hold: 'study',
  find: 'study',
  send: 'sent',
  received: 'received',
  end: 'ended',
} as const
type AnswerKind = typeof answers

/** Its own connection, so that the announced address is dialled although the node may have one with us already. */
const lane = 1

/** One of the two nodes of a run, as the registry asks it. */
export class TestedPeer {
  readonly peerId: string
  readonly #run: Uint8Array
  readonly #host: Pick<PeerHost, 'ask'>

  constructor(options: { run: Uint8Array; peerId: string }, deps: { host: Pick<PeerHost, 'ask'> }) {
    this.#run = options.run
    this.peerId = options.peerId
    this.#host = deps.host
  }

  /** Throws the code with which it failed, the network's codes, ANSWER_INVALID. */
  async ask<Q extends Question>(
    question: Q,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<AnswerTo<Q>> {
    const request = selfTestRequest.encode({ ...question, run: this.#run })
    const bytes = await this.#host.ask(this.peerId, protocolIds.selfTest, request, {
      ...options,
      maxAnswerBytes: limits.selfTestBytes,
      lane,
    })
    const answer = selfTestAnswer.decode(bytes)
    if (answer.kind === 'failed') throw new TwiinError(answer.reason, { peerId: this.peerId })
    if (answer.kind !== answers[question.kind])
      throw new TwiinError('ANSWER_INVALID', { peerId: this.peerId })
    return answer as AnswerTo<Q>
  }
}
