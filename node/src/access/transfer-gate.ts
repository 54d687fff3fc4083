import type { Bsn } from '@twiin/patient-token'
import { reasonForPeer } from '@twiin/consent'
import type { AccessReason } from '@twiin/consent'
import type { TransferRequest } from '@twiin/protocol'
import { codeOf, TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Gatekeeper, Verdict } from '@twiin/transfer'
import type { Account } from '../account/account.ts'
import type { ConsentBook } from '../consents/consent-book.ts'
import type { Shieldings } from '../consents/shieldings.ts'
import type { EmergencyNotices } from '../emergency/emergency-notices.ts'
import { boxMs } from '../emergency/emergency-use.ts'
import type { AccessDesk, Judged } from './access-desk.ts'
import type { RequestGuard } from './request-guard.ts'

/** spec 05 §2: how long what a user authorised is good for; spec 21 §3: in an emergency. */
const jobMs = 24 * 3_600_000
const goodFor = ({ purpose }: Retrieve) => (purpose.basis === 'emergency' ? boxMs : jobMs)

type Retrieve = Extract<TransferRequest, { kind: 'retrieve' }>

type Why = AccessReason | 'STUDY_UNKNOWN'
interface OpenStream {
  request: Retrieve
  peerId: string
  cut: AbortController
  /** Served, or cut: nobody waits for its end any more. */
  over: AbortController
}

interface Deps {
  desk: AccessDesk
  guard: RequestGuard
  consents: ConsentBook
  shieldings: Shieldings
  emergencies: Pick<EmergencyNotices, 'note'>
  /** Whether a package with this study was offered to this peer. */
  isOffered: (packageId: Uint8Array, studyInstanceUid: string, peerId: string) => Promise<boolean>
  /** Who is given what, before it leaves (spec 20 §3). Durable when it resolves. */
  noteRecipient: (request: TransferRequest, peerId: string) => Promise<void>
  account: Account
  clock: Clock
  log: Logger
}

/** Judges every channel that wants pixels, when it opens, and cuts those whose right ends (spec 05 §2). */
export class TransferGate implements Gatekeeper {
  readonly #deps: Deps
  readonly #open = new Map<Bsn, Set<OpenStream>>()

  constructor(deps: Deps) {
    this.#deps = deps
    deps.consents.onChange((bsn) => void this.#judgeAgain(bsn))
    deps.shieldings.onChange((bsn) => void this.#judgeAgain(bsn))
  }

  async judge(request: TransferRequest, peerId: string): Promise<Verdict> {
    try {
      this.#deps.guard.check(request, peerId)
    } catch (error) {
      this.#deps.log.warn('transfer refused', { peerId, code: codeOf(error) })
      return this.#refuseUnasked(request, peerId, 'REQUEST_INVALID')
    }
    return request.kind === 'retrieve'
      ? this.#judgeRetrieve(request, peerId)
      : this.#judgeCollect(request, peerId)
  }

  async #judgeCollect(
    request: Extract<TransferRequest, { kind: 'collect' }>,
    peerId: string,
  ): Promise<Verdict> {
    const offered = await this.#deps.isOffered(request.package, request.studyInstanceUid, peerId)
    if (!offered) return this.#refuseUnasked(request, peerId, 'PACKAGE_UNKNOWN')
    await this.#release(request, peerId)
    // Taken back in between: whoever takes back did not yet see this recipient.
    if (!(await this.#deps.isOffered(request.package, request.studyInstanceUid, peerId)))
      return this.#refuse(request, peerId, 'PACKAGE_UNKNOWN')
    // The revocation of a peer cuts its connections, so there is nothing of its own to watch.
    return { permitted: true, watch: new AbortController().signal }
  }

  async #judgeRetrieve(request: Retrieve, peerId: string): Promise<Verdict> {
    const now = this.#deps.clock.now()
    const age = now - request.authorisedAt
    if (age > goodFor(request) || age < -60_000) return this.#refuseUnasked(request, peerId, 'JOB_EXPIRED')
    const { why, bsn, judged } = await this.#ask(request, peerId)
    await this.#deps.emergencies.note(request, peerId, judged, 'retrievals', request.job)
    if (bsn === undefined || why !== 'PERMITTED') {
      const isOurs = why === 'PERMITTED' || why === 'STUDY_UNKNOWN'
      return this.#refuse(request, peerId, why, isOurs ? 'STUDY_UNKNOWN' : reasonForPeer(why), bsn)
    }
    const stream = this.#watch(bsn, request, peerId, goodFor(request) - age)
    const watch = stream.cut.signal
    try {
      // Consent may have ended between the judgement and the watch. The other streams were watched meanwhile.
      await this.#judgeStream(bsn, stream)
      // Nothing leaves by a stream that was cut, and nothing is on record as released.
      if (watch.aborted)
        return await this.#refuse(request, peerId, codeOf(watch.reason), 'CONSENT_MISSING', bsn)
      await this.#release(request, peerId, bsn)
      return { permitted: true, watch }
    } catch (error) {
      this.#forgetStream(bsn, stream)
      throw error
    }
  }

  /** spec 07 §3: on record before the first byte leaves, so that no kill can hide a reading. */
  async #release(request: TransferRequest, peerId: string, bsn?: Bsn): Promise<void> {
    await this.#deps.noteRecipient(request, peerId)
    const retrieve = request.kind === 'retrieve'
    await this.#deps.account.record({
      event: 'study-released',
      outcome: 'success',
      ...(retrieve ? { user: request.user, purpose: request.purpose } : {}),
      peerId,
      ...(bsn === undefined ? {} : { patient: { citizenNumber: bsn } }),
      objects: { studyInstanceUids: [request.studyInstanceUid] },
      protocol: ruleOf(request),
      requestId: Buffer.from(retrieve ? request.job : request.package).toString('hex'),
    })
  }

  /** Whether this peer may have this study of this patient, now. */
  async #ask(
    request: Retrieve,
    peerId: string,
    how?: { again: boolean },
  ): Promise<{ why: Why; bsn: Bsn | undefined; judged: Judged }> {
    const judged = await this.#deps.desk.judge(request, peerId, how)
    const { decision, bsn, studies } = judged
    const isThisPatients = studies.some((study) => study.studyInstanceUid === request.studyInstanceUid)
    return {
      bsn,
      judged,
      why: decision.why === 'PERMITTED' && !isThisPatients ? 'STUDY_UNKNOWN' : decision.why,
    }
  }

  /** Ends when the right does: by consent, by shielding, or because what was authorised has run out. */
  #watch(bsn: Bsn, request: Retrieve, peerId: string, leftMs: number): OpenStream {
    const stream = { request, peerId, cut: new AbortController(), over: new AbortController() }
    this.#deps.clock.sleep(Math.max(0, leftMs), stream.over.signal).then(
      () => this.#cut(bsn, stream, 'JOB_EXPIRED'),
      () => {},
    )
    const streams = this.#open.get(bsn) ?? new Set()
    this.#open.set(bsn, streams.add(stream))
    return stream
  }

  forget(request: TransferRequest): void {
    for (const [bsn, streams] of this.#open)
      for (const stream of streams) if (stream.request === request) this.#forgetStream(bsn, stream)
  }

  #forgetStream(bsn: Bsn, stream: OpenStream): void {
    stream.over.abort(new Error('over'))
    const streams = this.#open.get(bsn)
    streams?.delete(stream)
    if (streams?.size === 0) this.#open.delete(bsn)
  }

  /** Every open stream of one patient. Never rejects: whom nobody can judge gets nothing. */
  async #judgeAgain(bsn: Bsn): Promise<void> {
    for (const stream of [...(this.#open.get(bsn) ?? [])]) await this.#judgeStream(bsn, stream)
  }

  async #judgeStream(bsn: Bsn, stream: OpenStream): Promise<void> {
    const why = await this.#ask(stream.request, stream.peerId, { again: true }).then(
      (judged) => judged.why,
      (error: unknown) => codeOf(error),
    )
    if (why !== 'PERMITTED') this.#cut(bsn, stream, why)
  }

  #cut(bsn: Bsn, stream: OpenStream, why: string): void {
    this.#deps.log.info('stream cut', { peerId: stream.peerId, reason: why })
    stream.cut.abort(new TwiinError(why))
    this.#forgetStream(bsn, stream)
  }

  /** A refusal that was clear before anybody was asked: stale, for another holder, of an authorisation that ran out. */
  async noteRefused(request: TransferRequest, peerId: string, reason: string): Promise<void> {
    await this.#refuseUnasked(request, peerId, reason)
  }

  /** Before any patient is looked up. */
  async #refuseUnasked(request: TransferRequest, peerId: string, reason: string): Promise<Verdict> {
    await this.#deps.account.record({ ...refusalLine(request, peerId, reason), countable: true })
    return { permitted: false, reason }
  }

  /** On record before the peer hears it. */
  async #refuse(
    request: TransferRequest,
    peerId: string,
    why: string,
    toPeer = why,
    bsn?: Bsn,
  ): Promise<Verdict> {
    await this.#deps.account.record({
      ...refusalLine(request, peerId, why),
      ...(bsn === undefined ? {} : { patient: { citizenNumber: bsn } }),
    })
    return { permitted: false, reason: toPeer }
  }
}

/** On record: by which rule it went, so that what was for handing on can be told apart. */
export const ruleOf = (request: TransferRequest): string =>
  request.kind === 'retrieve' && request.use === 'share' ? 'spec 25 §7: for sharing' : 'spec 05 §2'

const refusalLine = (request: TransferRequest, peerId: string, reason: string) => ({
  ...{ event: 'refused' as const, outcome: 'refused' as const, reason, peerId },
  ...(request.kind === 'retrieve' ? { user: request.user, purpose: request.purpose } : {}),
  objects: { studyInstanceUids: [request.studyInstanceUid] },
  protocol: ruleOf(request),
  requestId: Buffer.from(request.kind === 'retrieve' ? request.job : request.package).toString('hex'),
})
