import type { PeerHost } from '@twiin/network'
import type { TokenKeeper } from '@twiin/patient-token'
import { limits, protocolIds, tokenAnswer, tokenRequest } from '@twiin/protocol'
import type { TokenAnswer } from '@twiin/protocol'
import { codeOf, isTwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { Counter } from 'prom-client'
import type { Register } from '../ledger/register.ts'

const timeoutMs = 10_000

/** What a peer may be told. Anything else is an error of ours: it resets the stream and stands in our log. */
const toldCodes = ['TOKEN_REQUEST_INVALID', 'TOKEN_EPOCH_UNKNOWN', 'TOKEN_QUOTA_EXCEEDED'] as const

/** `/twiin/token/1.0.0`: one request, one answer. spec 02 */
export function serveTokens(
  host: PeerHost,
  deps: { keeper: TokenKeeper; register: Register; evaluations: Counter<'purpose' | 'outcome'>; log: Logger },
): void {
  const { keeper, register, evaluations, log } = deps
  const answer = async (bytes: Uint8Array, peerId: string): Promise<TokenAnswer> => {
    const ura = register.keys.get(peerId)?.ura
    if (ura === undefined) return { kind: 'refused', reason: 'PEER_UNKNOWN' }
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
      return { kind: 'refused', reason: error.code }
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
