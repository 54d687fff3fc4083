import { searchAnswer, searchRequest } from '@twiin/protocol'
import type { SearchAnswer, Signer, VerifySignature } from '@twiin/protocol'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { RequestGuard } from '../access/request-guard.ts'
import type { Account } from '../account/account.ts'
import { recordPart } from './record-part.ts'
import type { SelfTestRun } from './self-test-run.ts'
import type { SyntheticStudy } from './synthetic-study.ts'

interface Deps {
  guard: RequestGuard
  account: Account
  signer: Signer<'twiin/answer/v1'>
  verify: VerifySignature
  clock: Clock
  log: Logger
}

/** The holder's side of a run: what it has at the synthetic location, from memory, for the peer of the run alone. */
export class AnswerQuestion {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * Undefined when the question is not of this run: then it is everybody's. Throws, and so resets the stream, when the
   * signature is not this peer's.
   */
  async answer(run: SelfTestRun, bytes: Uint8Array, peerId: string): Promise<Uint8Array | undefined> {
    const { guard, account, signer, verify, clock, log } = this.#deps
    const { held } = run
    if (held === undefined || peerId !== run.peer) return undefined
    const { message } = searchRequest.open(bytes, peerId, verify)
    if (message.epoch !== held.epoch || !Buffer.from(held.loc).equals(message.loc)) return undefined
    const head = { requestId: message.requestId, issuedAt: clock.now() }
    const sign = (answer: SearchAnswer) => searchAnswer.sign(answer, signer).bytes
    try {
      guard.check(message, peerId)
    } catch (error) {
      log.warn('search refused', { peerId, code: codeOf(error) })
      await recordPart(account, run, 'search', { peerId, outcome: 'refused', reason: 'REQUEST_INVALID' })
      return sign({ status: 'refused', ...head, reason: 'REQUEST_INVALID' })
    }
    const objects = { studyInstanceUids: [held.study.studyInstanceUid], count: 1 }
    await recordPart(account, run, 'search', { peerId, objects })
    return sign({
      status: 'answered',
      ...head,
      patient: { name: 'Zelftest^Synthetisch', sex: '' },
      studies: [answeredStudy(held.study)],
      more: false,
    })
  }
}

function answeredStudy({ studyInstanceUid, handle, instance }: SyntheticStudy) {
  return {
    studyInstanceUid,
    handle,
    modalities: ['OT'],
    description: 'Zelftest (synthetisch)',
    instances: 1,
    bytes: instance.bytes,
    reports: 0,
  }
}
