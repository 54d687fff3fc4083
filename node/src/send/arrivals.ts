import { offer as offerType } from '@twiin/protocol'
import type { Offer, VerifySignature } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { DiskReserve } from '@twiin/store'
import type { StudyStore } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account, Line } from '../account/account.ts'
import type { DeliverStudy } from '../deliver/deliver-study.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { FileStudy } from '../filing/file-study.ts'
import type { FetchStudy } from '../retrieve/fetch-study.ts'
import { reached } from '../transfers/hops.ts'
import type { HopName } from '../transfers/hops.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { ReportsOut } from '../reports/reports-out.ts'
import type { Brought } from '../reports/arrived-documents.ts'
import { isOver } from '../transfers/transfer-record.ts'
import type { Arrival } from '../transfers/transfer-record.ts'
import type { Attempt } from '../transfers/transfer-runner.ts'

/** spec 05 §5: how old an offer may be at its first arrival. */
const freshMs = 60_000
/** One peer cannot fill the queue; what is over is offered again later. */
const openOffersPerPeer = 200

interface Deps {
  reportsOut: ReportsOut
  /** What came of a study may take back what is here (true), and have to go on (spec 20 §3, §5). */
  noteArrived: (brought: Brought) => Promise<boolean>
  book: TransferBook
  bundle: NetworkBundle
  studies: StudyStore
  fetcher: FetchStudy
  filing: FileStudy
  delivery: DeliverStudy
  reserve: DiskReserve
  verify: VerifySignature
  account: Account
  clock: Clock
}

/** Directed sends to this hospital (J2, spec 05 §5): noted, collected, filed safely, in the PACS. */
export class Arrivals {
  readonly #self: { peerId: string }
  readonly #deps: Deps

  constructor(options: { self: { peerId: string } }, deps: Deps) {
    this.#self = options.self
    this.#deps = deps
  }

  /**
   * An offer came in. Durable and on record when it resolves; one that was noted before is noted again.
   * Throws `SIGNATURE_INVALID`, `REQUEST_INVALID`, `MEMBER_TESTING`, `OUT_OF_RESOURCES`.
   */
  async noteOffer(signed: Uint8Array, peerId: string): Promise<void> {
    const { book, bundle, reserve, verify, clock, account } = this.#deps
    const { message } = offerType.open(signed, peerId, verify)
    const id = Buffer.from(message.package).toString('hex')
    const known = await book.get(id)
    if (known !== undefined) {
      if (known.kind !== 'arrival' || known.counterparty.peerId !== peerId)
        throw new TwiinError('REQUEST_INVALID')
      // Offered again: the sender has no receipt, whatever became of the one it was told.
      await book.change(id, (now) => (now.kind === 'arrival' ? { receiptDue: dueOf(now) } : {}))
      return
    }
    const member = bundle.member(peerId)
    const forUs = message.recipient === this.#self.peerId && message.sender === peerId
    const fresh = Math.abs(clock.now() - message.issuedAt) <= freshMs
    const open = book
      .active()
      .filter(({ kind, counterparty }) => kind === 'arrival' && counterparty.peerId === peerId)
    if (member === undefined || !forUs || !fresh) throw new TwiinError('REQUEST_INVALID')
    // spec 12 §3: offers of a self-test do not come here.
    if (member.state === 'testing') throw new TwiinError('MEMBER_TESTING')
    if (open.length >= openOffersPerPeer) throw new TwiinError('OUT_OF_RESOURCES')
    await reserve.require(sum(message, 'bytes'))
    await account.record({
      event: 'send-received',
      outcome: 'success',
      user: message.user,
      peerId,
      purpose: { basis: 'referral', reason: message.reason },
      objects: {
        studyInstanceUids: message.studies.map(({ studyInstanceUid }) => studyInstanceUid),
        count: sum(message, 'instances'),
      },
      protocol: 'spec 05 §5',
      requestId: id,
    })
    await book.add(
      arrivalOf(id, signed, message, { ura: member.ura, name: member.name, peerId }, clock.now()),
    )
  }

  /** One attempt: what is done already is not done again. */
  async run(arrival: Arrival, signal: AbortSignal): Promise<Attempt> {
    for (const uid of arrival.studyInstanceUids) {
      if (!arrival.collected.includes(uid)) await this.#collect(arrival, uid, signal)
    }
    const held: string[] = []
    let rejected = 0
    let recalled = 0
    let delivered = 0
    for (const uid of arrival.studyInstanceUids) {
      const outcome = await this.#file(arrival, uid, delivered, signal)
      if (outcome === 'held') held.push(uid)
      else if (outcome === 'rejected') rejected++
      else if (outcome === 'recalled') recalled++
      else delivered += outcome
    }
    // Some may be in the PACS already while another waits for a person; the sender hears of the one that waits.
    if (held.length > 0) return { state: 'held', reason: 'PATIENT_CONFLICT', also: { receiptDue: 'held' } }
    if (recalled > 0 && delivered + rejected === 0)
      return { state: 'failed', reason: 'RECALLED', also: { receiptDue: 'rejected' } }
    if (rejected > 0) return { state: 'failed', reason: 'REJECTED', also: { receiptDue: 'rejected' } }
    const { book, clock, delivery } = this.#deps
    const inPacs = reached(book.working(arrival.id) ?? arrival, 'delivered', clock.now())
    return {
      state: 'delivered',
      also: {
        receiptDue: 'delivered',
        instances: { done: delivered, total: delivered },
        ...(delivery.commits ? reached(inPacs, 'committed', clock.now()) : inPacs),
      },
    }
  }

  async #reach(id: string, hop: HopName): Promise<void> {
    const { book, clock } = this.#deps
    if (book.working(id)?.hops?.[hop] !== undefined) return
    await book.change(id, (now) => reached(now, hop, clock.now()))
  }

  async #collect(arrival: Arrival, studyInstanceUid: string, signal: AbortSignal): Promise<void> {
    const { book, fetcher, account, clock } = this.#deps
    const { id, counterparty, studyInstanceUids, instances } = arrival
    const single = studyInstanceUids.length === 1
    const fetched = await fetcher.fetch(
      {
        transferId: id,
        studyInstanceUid,
        holder: counterparty,
        entitlement: { kind: 'collect', package: Buffer.from(id, 'hex'), studyInstanceUid },
        onManifest: async () => {},
        onProgress: ({ bytes }) =>
          single && book.progress(id, { bytes, instances: { done: 0, total: instances.total } }),
      },
      signal,
    )
    await account.record({
      event: 'study-received',
      outcome: 'success',
      user: arrival.sender,
      peerId: counterparty.peerId,
      purpose: { basis: 'referral', reason: arrival.sendReason },
      ...(await this.#patientOf(studyInstanceUid, counterparty)),
      objects: { studyInstanceUids: [studyInstanceUid], count: fetched.instances.length },
      requestId: id,
    })
    const bytes = fetched.instances.reduce((total, instance) => total + instance.bytes, 0)
    await book.change(id, (before) => {
      if (before.kind !== 'arrival') return {}
      const collected = [...new Set([...before.collected, studyInstanceUid])]
      return {
        collected,
        manifests: { ...before.manifests, [studyInstanceUid]: fetched.manifestDigest },
        bytes: {
          done: Math.min(before.bytes.done + bytes, Math.max(before.bytes.total, bytes)),
          total: Math.max(before.bytes.total, bytes),
        },
        ...(collected.length < studyInstanceUids.length ? {} : reached(before, 'fetched', clock.now())),
      }
    })
  }

  /** As the study states him, for the record. */
  async #patientOf(studyInstanceUid: string, { ura }: { ura: string }): Promise<Pick<Line, 'patient'>> {
    const study = await this.#deps.studies.studyByUid(studyInstanceUid, ura)
    return study === undefined ? {} : { patient: patientOnRecord(study) }
  }

  async #file(
    arrival: Arrival,
    uid: string,
    before: number,
    signal: AbortSignal,
  ): Promise<number | 'held' | 'rejected' | 'recalled'> {
    const { fetcher, filing, delivery, book } = this.#deps
    const from = { transferId: arrival.id, holder: arrival.counterparty }
    let brought = await fetcher.brought({ ...from, studyInstanceUid: uid })
    if (await this.#deps.noteArrived({ transfer: arrival, ...brought }))
      brought = await fetcher.brought({ ...from, studyInstanceUid: uid })
    // Nothing of it is left: its holder took it back before it was filed.
    if (brought.instances.length === 0) return 'recalled'
    // spec 20 §3: what follows on a study that was only viewed stays beside it, in the node.
    const { study } = brought
    const isBeside =
      arrival.follows !== undefined && !(await filing.isFiled(study.handle, arrival.counterparty))
    if (isBeside && study.receivedAt < arrival.createdAt) {
      // Not when the study itself is still to be filed: then it comes after it.
      if (this.#isToBeFiled(uid, arrival)) throw new TwiinError('STUDY_NOT_FILED')
      return brought.instances.length
    }
    const outcome = await filing.file({ ...from, ...brought, bsn: undefined })
    if ('held' in outcome) return 'held'
    if ('rejected' in outcome) return 'rejected'
    if (uid === arrival.studyInstanceUids.at(-1)) await this.#reach(arrival.id, 'filed')
    const { bytes, instances } = (await book.get(arrival.id)) ?? arrival
    const onDelivered = (done: number) =>
      book.progress(arrival.id, {
        bytes,
        instances: { done: before + done, total: Math.max(instances.total, before + done) },
      })
    await delivery.deliver({ transferId: arrival.id, ...outcome, onDelivered }, signal)
    await this.#deps.reportsOut.note(study, outcome.instances, outcome.overlay)
    return outcome.instances.length
  }

  #isToBeFiled(uid: string, { id, counterparty }: Arrival): boolean {
    return this.#deps.book.active().some((record) => {
      if (record.id === id || record.counterparty.ura !== counterparty.ura) return false
      if (record.kind === 'retrieval') return record.destination === 'pacs' && record.studyInstanceUid === uid
      return (
        record.kind === 'arrival' &&
        record.follows === undefined &&
        !isOver(record) &&
        record.studyInstanceUids.includes(uid)
      )
    })
  }
}

function arrivalOf(
  id: string,
  signed: Uint8Array,
  message: Offer,
  sender: Arrival['counterparty'],
  now: number,
): Arrival {
  return {
    kind: 'arrival',
    id,
    state: 'queued',
    createdAt: now,
    updatedAt: now,
    attempts: 0,
    nextTryAt: now,
    urgent: message.urgency === 'urgent',
    counterparty: sender,
    instances: { done: 0, total: sum(message, 'instances') },
    bytes: { done: 0, total: sum(message, 'bytes') },
    studyInstanceUids: [...new Set(message.studies.map(({ studyInstanceUid }) => studyInstanceUid))],
    description: message.studies
      .map(({ description }) => description)
      .join(', ')
      .slice(0, 200),
    sendReason: message.reason,
    sender: message.user,
    hops: { queued: now },
    offer: signed,
    manifests: {},
    collected: [],
    ...(message.follows === undefined ? {} : { follows: message.follows }),
    ...(message.mailbox === undefined ? {} : { mailbox: message.mailbox }),
    ...(message.note === undefined ? {} : { note: message.note }),
  }
}

/** What the sender is to hear of one that it offers again. */
function dueOf({ state, reason, receiptDue }: Arrival): Arrival['receiptDue'] {
  switch (state) {
    case 'delivered':
      return 'delivered'
    case 'held':
      return 'held'
    case 'failed':
      return reason === 'REJECTED' ? 'rejected' : 'held'
    case 'cancelled':
      return 'rejected'
    case 'queued':
    case 'running':
      return receiptDue
  }
}

const sum = ({ studies }: Offer, what: 'instances' | 'bytes') =>
  studies.reduce((total, study) => total + study[what], 0)
