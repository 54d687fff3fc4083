import type { PeerHost } from '@twiin/network'
import type { EvaluationAnswer, EvaluationRequest, TokenKeepers } from '@twiin/patient-token'
import { limits, protocolIds, tokenAnswer, tokenRequest } from '@twiin/protocol'
import type { Bundle } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'

const keeperTimeoutMs = 5000

/** The token keepers of the network bundle, asked over `/twiin/token/1.0.0` (spec 02). */
export function peerKeepers(bundle: Bundle, deps: { host: Pick<PeerHost, 'ask'> }): TokenKeepers {
  const { publicKey, threshold, keepers } = bundle.tokens
  return {
    epoch: bundle.index.epoch,
    publicKey,
    threshold,
    keepers: keepers.map((keeper) => ({
      index: keeper.index,
      publicKey: keeper.publicKey,
      evaluate: (request) => evaluate(keeper.peerId, request, deps.host),
    })),
  }
}

async function evaluate(
  peerId: string,
  request: EvaluationRequest,
  host: Pick<PeerHost, 'ask'>,
): Promise<EvaluationAnswer> {
  const { epoch, purpose, blinded, user } = request
  const message = tokenRequest.encode({
    kind: 'evaluate',
    epoch,
    purpose,
    blinded: [...blinded],
    ...(user === undefined ? {} : { user }),
  })
  const bytes = await host.ask(peerId, protocolIds.token, message, {
    maxAnswerBytes: limits.tokenAnswerBytes,
    timeoutMs: keeperTimeoutMs,
  })
  const answer = tokenAnswer.decode(bytes)
  if (answer.kind === 'refused') throw new TwiinError(answer.reason, { peerId })
  return answer
}
