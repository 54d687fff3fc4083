import type { PeerHost } from '@twiin/network'
import { limits, offer, protocolIds, receipt as receiptType, sendAnswer, sendRequest } from '@twiin/protocol'
import type { ManifestInstance, Signer, TransferRequest, VerifySignature } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Served, Verdict } from '@twiin/transfer'
import type { RequestGuard } from '../access/request-guard.ts'
import type { Account } from '../account/account.ts'
import { recordPart } from './record-part.ts'
import { selfTestUser } from './self-test-run.ts'
import type { SelfTestRun, SyntheticSend } from './self-test-run.ts'
import { packageOf, syntheticStudy } from './synthetic-study.ts'
import { untilOver } from './until-over.ts'

interface Deps {
  host: Pick<PeerHost, 'ask'>
  guard: RequestGuard
  account: Account
  signer: Signer<'twiin/offer/v1'>
  verify: VerifySignature
  clock: Clock
  log: Logger
}

/** This node's synthetic study on its way to the peer: offered, collected from memory, ended by a signed receipt. */
export class SendStudy {
  readonly #self: { peerId: string }
  readonly #deps: Deps

  constructor(options: { self: { peerId: string } }, deps: Deps) {
    this.#self = options.self
    this.#deps = deps
  }

  /** Whether a receipt came, for what the peer really collected. Throws the peer's refusal, and what asking throws. */
  async send(run: SelfTestRun, peerId: string, signal: AbortSignal): Promise<boolean> {
    const { host, account } = this.#deps
    const sending = (run.sending ??= this.#begin(run, peerId))
    const objects = { studyInstanceUids: [sending.study.studyInstanceUid], count: 1 }
    await recordPart(account, run, 'offer', { peerId, objects })
    const bytes = await host.ask(
      peerId,
      protocolIds.send,
      sendRequest.encode({ kind: 'offer', signed: this.#offer(sending, peerId) }),
      { maxAnswerBytes: limits.sendAnswerBytes, timeoutMs: 5000, signal },
    )
    const answer = sendAnswer.decode(bytes)
    if (answer.kind === 'refused') throw new TwiinError(answer.reason)
    const ended = untilOver(signal)
    while (!isReceived(sending)) {
      const changed = sending.changed.promise.then(() => true)
      if (!(await Promise.race([changed, ended]))) return false
    }
    return true
  }

  /** Whether this receipt is for the run's package; if so it was taken. Throws SIGNATURE_INVALID, REQUEST_INVALID. */
  async takeReceipt(run: SelfTestRun, signed: Uint8Array, peerId: string): Promise<boolean> {
    const { sending } = run
    if (sending === undefined || peerId !== run.peer) return false
    const { message } = receiptType.open(signed, peerId, this.#deps.verify)
    if (!same(message.package, sending.package)) return false
    if (message.sender !== this.#self.peerId || message.recipient !== peerId)
      throw new TwiinError('REQUEST_INVALID')
    const { state, reason, manifests } = message
    const objects = { studyInstanceUids: [sending.study.studyInstanceUid], count: message.instances }
    const outcome = state === 'delivered' ? 'success' : 'failed'
    await recordPart(this.#deps.account, run, 'receipt', {
      ...{ peerId, objects, outcome },
      ...(reason !== undefined && { reason }),
    })
    if (state === 'delivered') {
      sending.receipt = manifests
      tell(sending)
    }
    return true
  }

  /** Judges a channel for the run's package as any other; undefined when it is not for that. */
  async judge(run: SelfTestRun, request: TransferRequest, peerId: string): Promise<Verdict | undefined> {
    const { sending } = run
    if (sending === undefined || peerId !== run.peer || !isOf(sending, request)) return undefined
    const { guard, account, log } = this.#deps
    const objects = { studyInstanceUids: [sending.study.studyInstanceUid], count: 1 }
    try {
      guard.check(request, peerId)
    } catch (error) {
      log.warn('transfer refused', { peerId, code: codeOf(error) })
      const reason = 'REQUEST_INVALID'
      await recordPart(account, run, 'release', { peerId, objects, outcome: 'refused', reason })
      return { permitted: false, reason }
    }
    await recordPart(account, run, 'release', { peerId, objects })
    return { permitted: true, watch: run.over.signal }
  }

  /** Whether the channel was the run's; if so it is noted. */
  served(run: SelfTestRun, { request, manifestDigest, instances, cut }: Served): boolean {
    const { sending } = run
    if (sending === undefined || !isOf(sending, request)) return false
    if (cut === undefined && instances === 1) {
      sending.manifests.push(manifestDigest)
      tell(sending)
    }
    return true
  }

  instances({ sending }: SelfTestRun, studyInstanceUid: string): ManifestInstance[] | undefined {
    return sending?.study.studyInstanceUid === studyInstanceUid ? [sending.study.instance] : undefined
  }

  dataSet({ sending }: SelfTestRun, studyInstanceUid: string): Uint8Array | undefined {
    return sending?.study.studyInstanceUid === studyInstanceUid ? sending.study.dataSet : undefined
  }

  #begin(run: SelfTestRun, peerId: string): SyntheticSend {
    return {
      study: syntheticStudy(run.id, this.#self.peerId),
      package: packageOf(run.id, this.#self.peerId, peerId),
      manifests: [],
      changed: Promise.withResolvers(),
    }
  }

  #offer({ study, package: name }: SyntheticSend, recipient: string): Uint8Array {
    const { clock, signer } = this.#deps
    return offer.sign(
      {
        kind: 'offer',
        package: name,
        issuedAt: clock.now(),
        sender: this.#self.peerId,
        recipient,
        reason: 'self-test',
        urgency: 'routine',
        user: selfTestUser,
        studies: [
          {
            studyInstanceUid: study.studyInstanceUid,
            modalities: ['OT'],
            description: 'Zelftest (synthetisch)',
            instances: 1,
            bytes: study.instance.bytes,
          },
        ],
      },
      signer,
    ).bytes
  }
}

/** The receipt names the manifest that we signed and served to its end; the channel may end after the receipt came. */
function isReceived({ manifests, receipt }: SyntheticSend): boolean {
  return receipt?.some((named) => manifests.some((served) => same(served, named))) === true
}

function isOf({ study, package: name }: SyntheticSend, request: TransferRequest): boolean {
  return (
    request.kind === 'collect' &&
    same(request.package, name) &&
    request.studyInstanceUid === study.studyInstanceUid
  )
}

function tell(sending: SyntheticSend): void {
  sending.changed.resolve()
  sending.changed = Promise.withResolvers()
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(b)
