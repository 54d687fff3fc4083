import type { Bsn } from '@twiin/patient-token'
import { reasonForPeer } from '@twiin/consent'
import type { TransferRequest } from '@twiin/protocol'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Gatekeeper, Verdict } from '@twiin/transfer'
import type { Account } from '../account/account.ts'
import type { ConsentBook } from '../consents/consent-book.ts'
import type { AccessDesk } from './access-desk.ts'
import type { RequestGuard } from './request-guard.ts'

/** spec 05 §2: how long what a user authorised is good for. */
const jobMs = 24 * 3_600_000

type Retrieve = Extract<TransferRequest, { kind: 'retrieve' }>

interface Deps {
  desk: AccessDesk
  guard: RequestGuard
  consents: ConsentBook
  /** Whether a package with this study was offered to this peer. */
  isOffered: (packageId: Uint8Array, studyInstanceUid: string, peerId: string) => Promise<boolean>
  account: Account
  clock: Clock
  log: Logger
}

/** Judges every channel that wants pixels, when it opens, and cuts those whose right ends (spec 05 §2). */
export class TransferGate implements Gatekeeper {
  readonly #deps: Deps
  readonly #open = new Map<Bsn, Set<{ request: Retrieve; peerId: string; cut: AbortController }>>()

  constructor(deps: Deps) {
    this.#deps = deps
    deps.consents.onChange((bsn) => void this.#judgeAgain(bsn))
  }

  async judge(request: TransferRequest, peerId: string): Promise<Verdict> {
    try {
      this.#deps.guard.check(request, peerId)
    } catch (error) {
      this.#deps.log.warn('transfer refused', { peerId, code: codeOf(error) })
      return { permitted: false, reason: 'REQUEST_INVALID' }
    }
    return request.kind === 'retrieve'
      ? this.#judgeRetrieve(request, peerId)
      : this.#judgeCollect(request, peerId)
  }

  async #judgeCollect(
    request: Extract<TransferRequest, { kind: 'collect' }>,
    peerId: string,
  ): Promise<Verdict> {
    // The revocation of a peer cuts its connections, so there is nothing of its own to watch.
    return (await this.#deps.isOffered(request.package, request.studyInstanceUid, peerId))
      ? { permitted: true, watch: new AbortController().signal }
      : { permitted: false, reason: 'PACKAGE_UNKNOWN' }
  }

  async #judgeRetrieve(request: Retrieve, peerId: string): Promise<Verdict> {
    const now = this.#deps.clock.now()
    const age = now - request.authorisedAt
    if (age > jobMs || age < -60_000) return this.#refuse(request, peerId, 'JOB_EXPIRED')
    const { decision, bsn, studies } = await this.#deps.desk.judge(request, peerId)
    if (decision.why !== 'PERMITTED')
      return this.#refuse(request, peerId, decision.why, reasonForPeer(decision.why), bsn)
    const isThisPatients = studies.some(
      ({ studyInstanceUid }) => studyInstanceUid === request.studyInstanceUid,
    )
    if (bsn === undefined || !isThisPatients) return this.#refuse(request, peerId, 'STUDY_UNKNOWN')
    const watch = this.#watch(bsn, request, peerId)
    // Consent may have ended between the judgement and the watch.
    await this.#judgeAgain(bsn)
    return { permitted: true, watch }
  }

  #watch(bsn: Bsn, request: Retrieve, peerId: string): AbortSignal {
    const stream = { request, peerId, cut: new AbortController() }
    const streams = this.#open.get(bsn) ?? new Set()
    this.#open.set(bsn, streams.add(stream))
    return stream.cut.signal
  }

  /** Called when a served channel is over. */
  forget(request: TransferRequest): void {
    for (const [bsn, streams] of this.#open) {
      for (const stream of streams) if (stream.request === request) streams.delete(stream)
      if (streams.size === 0) this.#open.delete(bsn)
    }
  }

  async #judgeAgain(bsn: Bsn): Promise<void> {
    for (const stream of this.#open.get(bsn) ?? []) {
      const { decision } = await this.#deps.desk.judge(stream.request, stream.peerId)
      if (!decision.permitted) stream.cut.abort(new Error(decision.why))
    }
  }

  async #refuse(request: Retrieve, peerId: string, why: string, toPeer = why, bsn?: Bsn): Promise<Verdict> {
    await this.#deps.account.record({
      event: 'refused',
      outcome: 'refused',
      reason: why,
      user: request.user,
      peerId,
      purpose: request.purpose,
      ...(bsn === undefined ? {} : { patient: { citizenNumber: bsn } }),
      objects: { studyInstanceUids: [request.studyInstanceUid] },
      protocol: 'spec 05 §2',
      requestId: Buffer.from(request.requestId).toString('hex'),
    })
    return { permitted: false, reason: toPeer }
  }
}
