import { limits, protocolIds, indexAnswer, indexRequest } from '@twiin/protocol'
import type { ChannelHandler } from '@twiin/network'
import { codeOf } from '@twiin/runtime'
import { serveTransfer } from '@twiin/transfer'
import { ruleOf } from '../access/transfer-gate.ts'
import type { Account } from '../account/account.ts'
import { answerSend } from '../send/answer-send.ts'
import type { Sends } from '../send/sends.ts'
import type { Exchange } from './exchange.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'
import type { SelfTest } from './self-test.ts'

/** What certified peers can ask of this node: one line a protocol. Registered before the host listens. */
export function registerPeerProtocols(
  ground: Ground,
  index: IndexSide,
  exchange: Exchange,
  selfTest: SelfTest,
): void {
  const { host, log, account, gossip } = ground
  registerAuditProtocols(ground)
  const { searchAnswers, contentsAnswers, sends, arrivals } = exchange

  host.answer(
    protocolIds.index,
    { maxRequestBytes: limits.indexRequestBytes, maxAnswerBytes: limits.indexAnswerBytes, timeoutMs: 10_000 },
    async (bytes, peerId, signal) =>
      indexAnswer.encode(await index.replica.answer(peerId, indexRequest.decode(bytes), signal)),
  )
  for (const protocol of [protocolIds.search, protocolIds.searchWithRelation])
    host.answer(
      protocol,
      {
        maxRequestBytes: limits.searchRequestBytes + 1024,
        maxAnswerBytes: limits.searchAnswerBytes + 1024,
        timeoutMs: 8000,
        maxConcurrentPerPeer: 8,
      },
      async (bytes, peerId) =>
        (await selfTest.answerQuestion(bytes, peerId)) ??
        forgeryOnRecord(account, peerId, 'spec 04 §2', searchAnswers.answer(bytes, peerId)),
    )
  host.answer(
    protocolIds.contents,
    {
      maxRequestBytes: limits.contentsRequestBytes + 1024,
      maxAnswerBytes: limits.contentsAnswerBytes + 1024,
      timeoutMs: 8000,
      maxConcurrentPerPeer: 4,
    },
    (bytes, peerId) => forgeryOnRecord(account, peerId, 'spec 13 §5', contentsAnswers.answer(bytes, peerId)),
  )
  const sendLimits = {
    ...{ maxRequestBytes: limits.sendRequestBytes, maxAnswerBytes: limits.sendAnswerBytes },
    timeoutMs: 10_000,
  }
  const notes = {
    noteOffer: async (signed: Uint8Array, peerId: string) =>
      (await selfTest.takeOffer(signed, peerId)) || arrivals.noteOffer(signed, peerId),
    noteReceipt: async (signed: Uint8Array, peerId: string) => {
      if (await selfTest.takeReceipt(signed, peerId)) return
      await ground.credentials.note(peerId)
      await sends.noteReceipt(signed, peerId)
    },
    log,
  }
  host.answer(protocolIds.send, sendLimits, (bytes, peerId) => answerSend(bytes, peerId, notes))
  const noteProgress: Sends['noteProgress'] = (...told) => sends.noteProgress(...told)
  host.answer(protocolIds.sendWithProgress, sendLimits, (bytes, peerId) =>
    answerSend(bytes, peerId, { ...notes, noteProgress }),
  )
  const serve = transferHandler(ground, exchange, selfTest)
  for (const protocol of [protocolIds.transfer, protocolIds.transferToShare])
    host.serve(protocol, { maxFrameBytes: limits.transferFrameBytes }, serve)
  host.answer(
    protocolIds.bundle,
    {
      ...{ maxRequestBytes: limits.gossipBytes, maxAnswerBytes: limits.gossipAnswerBytes },
      ...{ timeoutMs: 10_000, maxConcurrentPerPeer: 2 },
    },
    async (bytes, peerId) => gossip.answer(bytes, peerId),
  )
  host.answer(
    protocolIds.selfTest,
    { maxRequestBytes: limits.selfTestBytes, maxAnswerBytes: limits.selfTestBytes, timeoutMs: 15_000 },
    (bytes, peerId, signal) => selfTest.answer(bytes, peerId, signal),
  )
}

/** The holder's side of a channel for pixels (spec 05 §1). */
function transferHandler(
  { account, key, verify, budget, clock }: Ground,
  { gate, held }: Exchange,
  selfTest: SelfTest,
): ChannelHandler {
  return (channel, peerId) =>
    forgeryOnRecord(
      account,
      peerId,
      'spec 05 §2',
      serveTransfer(
        channel,
        peerId,
        {},
        {
          ...{ source: selfTest.source(held), gatekeeper: selfTest.gatekeeper(gate) },
          ...{ signer: key, verify, budget, clock },
          onRefused: (request, by, reason) => gate.noteRefused(request, by, reason),
          onServed: async (served) => {
            if (selfTest.served(served)) return
            const { request, instances, named, cut } = served
            const retrieve = request.kind === 'retrieve'
            await account.record({
              event: 'study-served',
              outcome: cut === undefined ? 'success' : 'failed',
              ...(cut === undefined ? {} : { reason: cut }),
              ...(retrieve ? { user: request.user, purpose: request.purpose } : {}),
              peerId,
              objects: { studyInstanceUids: [request.studyInstanceUid], count: instances, named },
              protocol: ruleOf(request),
              requestId: Buffer.from(retrieve ? request.job : request.package).toString('hex'),
            })
          },
        },
      ),
    )
}

/** Spec 07 §8, §9. */
function registerAuditProtocols({ host, audit }: Pick<Ground, 'host' | 'audit'>): void {
  const { anchorWitness, answerDealings } = audit
  host.answer(
    protocolIds.anchor,
    {
      ...{ maxRequestBytes: limits.anchorMessageBytes, maxAnswerBytes: limits.anchorAnswerBytes },
      ...{ timeoutMs: 10_000, maxConcurrentPerPeer: 2 },
    },
    (bytes, peerId) => anchorWitness.answer(bytes, peerId),
  )
  host.answer(
    protocolIds.account,
    {
      ...{ maxRequestBytes: limits.accountRequestBytes, maxAnswerBytes: limits.accountAnswerBytes },
      ...{ timeoutMs: 20_000, maxConcurrentPerPeer: 1 },
    },
    (bytes, peerId) => answerDealings.answer(bytes, peerId),
  )
}

/** What no honest node sends: unreadable, or signed by somebody else than who brings it. */
const forgeries: ReadonlySet<string> = new Set(['SIGNATURE_INVALID', 'MESSAGE_INVALID', 'FRAME_INVALID'])

/** It gets no answer, but it is on record who tried. */
async function forgeryOnRecord<T>(
  account: Account,
  peerId: string,
  protocol: string,
  work: Promise<T>,
): Promise<T> {
  try {
    return await work
  } catch (error) {
    const reason = codeOf(error)
    if (forgeries.has(reason))
      await account.record({
        ...{ event: 'refused', outcome: 'refused', reason, peerId, protocol, countable: true },
      })
    throw error
  }
}
