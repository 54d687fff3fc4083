import { citizenNumberCandidates } from '@twiin/dicom'
import type { HeadReader } from '@twiin/dicom'
import type { MemoryBudget, PeerHost } from '@twiin/network'
import {
  limits,
  offer,
  protocolIds,
  receipt,
  sendAnswer,
  sendRequest,
  transferRequest,
} from '@twiin/protocol'
import type { ManifestInstance, Offer, Signer, VerifySignature } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { receiveStudy } from '@twiin/transfer'
import type { Account } from '../account/account.ts'
import { MemoryStudy } from './memory-study.ts'
import { recordPart } from './record-part.ts'
import { selfTestUser } from './self-test-run.ts'
import type { SelfTestRun, SyntheticArrival } from './self-test-run.ts'
import { packageOf, syntheticStudy } from './synthetic-study.ts'
import type { SyntheticStudy } from './synthetic-study.ts'
import { untilOver } from './until-over.ts'

/** spec 05 §5: how old an offer may be. */
const freshMs = 60_000
/** One image of 16 × 16 pixels, and room for another writer's head. */
const mostBytes = 64 * 1024

interface Deps {
  host: PeerHost
  heads: HeadReader
  budget: MemoryBudget
  account: Account
  signer: Signer<'twiin/request/v1'> & Signer<'twiin/receipt/v1'>
  verify: VerifySignature
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}

/** The peer's synthetic study on its way here: collected into memory, verified, acknowledged, and nowhere filed. */
export class ReceiveStudy {
  readonly #self: { peerId: string }
  readonly #deps: Deps

  constructor(options: { self: { peerId: string } }, deps: Deps) {
    this.#self = options.self
    this.#deps = deps
  }

  /**
   * Whether this offer is a run's; if so it is being collected. One that is of no run here goes nowhere else: it must
   * not come into a PACS. Throws SIGNATURE_INVALID, REQUEST_INVALID.
   */
  async takeOffer(run: SelfTestRun | undefined, signed: Uint8Array, peerId: string): Promise<boolean> {
    const { account, verify } = this.#deps
    const { message } = offer.open(signed, peerId, verify)
    if (message.user.role !== selfTestUser.role) return false
    if (run === undefined || peerId !== run.peer) throw new TwiinError('REQUEST_INVALID')
    const study = syntheticStudy(run.id, peerId)
    if (!this.#isOf(run, study, message, peerId)) throw new TwiinError('REQUEST_INVALID')
    const objects = { studyInstanceUids: [study.studyInstanceUid], count: 1 }
    await recordPart(account, run, 'offer', { peerId, objects })
    if (run.arrival === undefined || run.arrival.failed) run.arrival = this.#arrive(run, study, peerId)
    return true
  }

  /** Whether the peer's study is whole, once that is known. Throws why it is not; false when none was offered. */
  async received(run: SelfTestRun, signal: AbortSignal): Promise<boolean> {
    if (run.arrival === undefined) return false
    return Promise.race([run.arrival.whole.then(() => true), untilOver(signal)])
  }

  #isOf(run: SelfTestRun, study: SyntheticStudy, message: Offer, peerId: string): boolean {
    const [offered, ...others] = message.studies
    return (
      Buffer.from(packageOf(run.id, peerId, this.#self.peerId)).equals(message.package) &&
      message.recipient === this.#self.peerId &&
      message.sender === peerId &&
      Math.abs(this.#deps.clock.now() - message.issuedAt) <= freshMs &&
      offered?.studyInstanceUid === study.studyInstanceUid &&
      others.length === 0
    )
  }

  #arrive(run: SelfTestRun, study: SyntheticStudy, peerId: string): SyntheticArrival {
    const whole = this.#collect(run, study, peerId)
    const arrival: SyntheticArrival = { whole: whole.then(() => {}), failed: false }
    arrival.whole.catch(() => {})
    whole
      .then((manifestDigest) => this.#acknowledge(run, peerId, manifestDigest))
      .catch((error: unknown) => {
        arrival.failed = true
        this.#deps.log.warn('self-test study not received', { run: run.name, code: codeOf(error) })
      })
    return arrival
  }

  /** Resolves to the digest of the manifest when every byte of it is here, and is what it says. */
  async #collect(run: SelfTestRun, study: SyntheticStudy, peerId: string): Promise<Uint8Array> {
    const { account } = this.#deps
    const objects = { studyInstanceUids: [study.studyInstanceUid], count: 1 }
    try {
      const store = new MemoryStudy({ mostBytes })
      const { manifestDigest, instance } = await this.#pull(run, study, peerId, store)
      await this.#judge(study, instance, store.dataSet(instance.sopInstanceUid))
      await recordPart(account, run, 'receive', { peerId, objects })
      return manifestDigest
    } catch (error) {
      const reason = codeOf(error)
      await recordPart(account, run, 'receive', { peerId, objects, outcome: 'failed', reason })
      throw error
    }
  }

  async #pull(run: SelfTestRun, study: SyntheticStudy, peerId: string, store: MemoryStudy) {
    const { host, budget, signer, verify, clock, random } = this.#deps
    const { studyInstanceUid } = study
    let instance: ManifestInstance | undefined
    const { manifestDigest } = await receiveStudy(
      { recipient: this.#self.peerId, lanes: 1, answerTimeoutMs: 5000 },
      {
        ...{ store, verify, budget, clock },
        open: (lane, signal) =>
          host.open(peerId, protocolIds.transfer, { maxFrameBytes: limits.transferFrameBytes, lane, signal }),
        request: () =>
          transferRequest.sign(
            {
              kind: 'collect',
              requestId: random(16),
              issuedAt: clock.now(),
              holder: peerId,
              package: packageOf(run.id, peerId, this.#self.peerId),
              studyInstanceUid,
            },
            signer,
          ),
        onManifest: async (_signed, { instances }) => {
          const [only, ...others] = instances
          if (only?.sopInstanceUid !== study.instance.sopInstanceUid || others.length > 0)
            throw new TwiinError('STUDY_OTHER')
          instance = only
        },
      },
      run.over.signal,
    )
    if (instance === undefined) throw new TwiinError('STUDY_OTHER')
    return { manifestDigest, instance }
  }

  /** What every instance that comes from elsewhere is asked: is it the one that the manifest names, of that study. */
  async #judge(study: SyntheticStudy, instance: ManifestInstance, dataSet: Uint8Array | undefined) {
    if (dataSet === undefined) throw new TwiinError('STUDY_OTHER')
    const { transferSyntaxUid } = instance
    const head = await this.#deps.heads.read({ transferSyntaxUid, head: dataSet, complete: true })
    const numbers = citizenNumberCandidates(head, { acceptLegacyOtherPatientIds: false })
    if (
      head.studyInstanceUid !== study.studyInstanceUid ||
      head.sopInstanceUid !== instance.sopInstanceUid ||
      head.sopClassUid !== instance.sopClassUid ||
      numbers.length !== 1 ||
      numbers[0] !== study.number
    )
      throw new TwiinError('STUDY_OTHER')
  }

  async #acknowledge(run: SelfTestRun, peerId: string, manifestDigest: Uint8Array): Promise<void> {
    const { host, account, signer, clock } = this.#deps
    const { bytes } = receipt.sign(
      {
        kind: 'receipt',
        package: packageOf(run.id, peerId, this.#self.peerId),
        sender: peerId,
        recipient: this.#self.peerId,
        issuedAt: clock.now(),
        state: 'delivered',
        manifests: [manifestDigest],
        instances: 1,
      },
      signer,
    )
    await recordPart(account, run, 'receipt', { peerId })
    const answer = await host.ask(
      peerId,
      protocolIds.send,
      sendRequest.encode({ kind: 'receipt', signed: bytes }),
      { maxAnswerBytes: limits.sendAnswerBytes, timeoutMs: 5000, signal: run.over.signal },
    )
    const { kind } = sendAnswer.decode(answer)
    if (kind !== 'noted') throw new TwiinError('RECEIPT_REFUSED')
  }
}
