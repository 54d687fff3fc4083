import type { PeerHost } from '@twiin/network'
import { indexAnswer, indexRequest, limits, protocolIds } from '@twiin/protocol'
import type { IndexNetwork } from '@twiin/study-index'

const answerTimeoutMs = 5000

/** The study index's questions over `/twiin/index/1.0.0` (spec 03 §5). */
export function indexNetwork(deps: { host: Pick<PeerHost, 'ask'> }): IndexNetwork {
  return {
    ask: async (peerId, request, signal) => {
      const bytes = await deps.host.ask(peerId, protocolIds.index, indexRequest.encode(request), {
        maxAnswerBytes: limits.indexAnswerBytes,
        timeoutMs: answerTimeoutMs,
        ...(signal === undefined ? {} : { signal }),
      })
      return indexAnswer.decode(bytes)
    },
  }
}
