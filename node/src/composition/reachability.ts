import { gossipRequest, limits, protocolIds } from '@twiin/protocol'
import { Reachability } from '../reachability/reachability.ts'
import type { Ground } from './ground.ts'

/** Asks as members ask each other all the time: which directory they hold (spec 06 §8). */
export function composeReachability({ host, bundle, logView, events, clock, log }: Ground): Reachability {
  const ask = (peerId: string) =>
    host.ask(
      peerId,
      protocolIds.bundle,
      gossipRequest.encode({ kind: 'tell', ...bundle.held, checkpoint: logView.newest }),
      { maxAnswerBytes: limits.gossipAnswerBytes, timeoutMs: 4000 },
    )
  return new Reachability({}, { host, ask, bundle, events, clock, log })
}
