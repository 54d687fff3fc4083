import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import { askHolder } from '../find/ask-holder.ts'
import { AnswerQuestion } from '../self-test/answer-question.ts'
import { echoOwnPort } from '../self-test/echo-own-port.ts'
import { FindStudy } from '../self-test/find-study.ts'
import { HoldStudy } from '../self-test/hold-study.ts'
import { ReceiveStudy } from '../self-test/receive-study.ts'
import { SelfTestDesk } from '../self-test/self-test-desk.ts'
import { SendStudy } from '../self-test/send-study.ts'
import { version } from '../version.ts'
import type { Exchange } from './exchange.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'

export type SelfTest = ReturnType<typeof composeSelfTest>

/** Shows, led by the registry, that this node exchanges (spec 12): on what the others stand on, past what they keep. */
export function composeSelfTest(
  settings: Settings,
  ground: Ground,
  index: IndexSide,
  exchange: Exchange,
): SelfTestDesk {
  const { self, key, verify, clock, log, random, account, bundle, host, heads, budget, store, sealer } =
    ground
  const { keepers: tokens, publisher, reader, patients, consents, ownTokens, publication } = index
  const { guard, delivery, dimse } = exchange
  const { aeTitle, callingAeTitles } = settings.dicom
  const epoch = () => bundle.current.index.epoch
  const signer = key
  const parts = { guard, account, signer, verify, clock, log }
  const own = { aeTitle, callingAeTitle: callingAeTitles[0] ?? aeTitle }
  return new SelfTestDesk(
    { version },
    {
      ...{ bundle, account, clock, log },
      hold: new HoldStudy(
        { self },
        {
          ...{ tokens, publisher, patients, consents, ownTokens, publication, sealer, account, epoch },
          marks: store.repository(buckets.selfTests, { keys: 'plain-opaque' }),
        },
      ),
      questions: new AnswerQuestion(parts),
      finding: new FindStudy({
        ...{ tokens, reader, account, epoch, random },
        ask: (question, peerId) => askHolder(question, peerId, { host, signer, verify, clock }),
      }),
      sending: new SendStudy({ self }, { ...parts, host }),
      receiving: new ReceiveStudy({ self }, { ...parts, host, heads, budget, random }),
      echoLoop: (signal) => echoOwnPort(own, { address: () => dimse.address(), log }, signal),
      echoPacs: (signal) => delivery.isReachable(AbortSignal.any([signal, AbortSignal.timeout(3000)])),
    },
  )
}
