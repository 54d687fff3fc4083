import { PeerAllowance } from '@twiin/network'
import type { PeerHost } from '@twiin/network'
import type { TokenKeeper } from '@twiin/patient-token'
import { limits, protocolIds, tokenAnswer, tokenRequest } from '@twiin/protocol'
import type { TokenAnswer } from '@twiin/protocol'
import { codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { DiskReserve } from '@twiin/store'
import type { Counter } from 'prom-client'
import type { Register } from '../ledger/register.ts'
import type { EvaluationRecords } from './evaluation-records.ts'

const timeoutMs = 10_000

/** Of one peer. A node whose batch was refused asks for its 256 patients one by one; no node goes on at ten a second. */
const requests = { burst: 600, perSecond: 10 }

/** What a request may put on the disk: a record and two counters. */
const bytesOfRequest = 16 * 1024

/** What a peer may be told. Anything else is an error of ours: it resets the stream and stands in our log. */
const toldCodes = ['TOKEN_REQUEST_INVALID', 'TOKEN_EPOCH_UNKNOWN', 'TOKEN_QUOTA_EXCEEDED'] as const

/** `/twiin/token/1.0.0`: one request, one answer. spec 02 */
export function serveTokens(
  host: PeerHost,
  deps: {
    keeper: TokenKeeper
    register: Register
    records: Pick<EvaluationRecords, 'countRefusal'>
    reserve: Pick<DiskReserve, 'admits'>
    evaluations: Counter<'purpose' | 'outcome'>
    clock: Pick<Clock, 'now'>
    log: Logger
  },
): void {
  const { keeper, register, records, reserve, evaluations, log } = deps
  const allowance = new PeerAllowance(requests, deps)
  const refused = (reason: string): TokenAnswer => ({ kind: 'refused', reason })
  const answer = async (bytes: Uint8Array, peerId: string): Promise<TokenAnswer> => {
    const ura = register.keys.get(peerId)?.ura
    if (ura === undefined) return refused('PEER_UNKNOWN')
    // Before it costs decoding, a counter or a line: spec 02 §6.
    if (!allowance.take(peerId)) {
      records.countRefusal(peerId)
      return refused('TOO_MANY_REQUESTS')
    }
    // The last room on the disk is the ledger's.
    if (!(await reserve.admits(bytesOfRequest))) {
      records.countRefusal(peerId)
      return refused('OUT_OF_RESOURCES')
    }
    const { kind: _, user, ...request } = tokenRequest.decode(bytes)
    const count = (outcome: string) =>
      evaluations.inc({ purpose: request.purpose, outcome }, request.blinded.length)
    try {
      const evaluated = await keeper.evaluate(
        { ura, peerId },
        { ...request, ...(user !== undefined && { user }) },
      )
      count('evaluated')
      return { kind: 'evaluated', ...evaluated, evaluated: [...evaluated.evaluated] }
    } catch (error) {
      if (!isTwiinError(error, ...toldCodes)) throw error
      count('refused')
      log.warn('tokens refused', { peerId, ura, code: error.code, count: request.blinded.length })
      return refused(error.code)
    }
  }
  const granted = {
    maxRequestBytes: limits.tokenRequestBytes,
    maxAnswerBytes: limits.tokenAnswerBytes,
    timeoutMs,
  }
  host.answer(protocolIds.token, granted, async (bytes, peerId) => {
    try {
      return tokenAnswer.encode(await answer(bytes, peerId))
    } catch (error) {
      log.warn('token request failed', { peerId, code: codeOf(error) })
      throw error
    }
  })
}
