import { createHash } from 'node:crypto'
import type { PeerHost } from '@twiin/network'
import { limits, offer, protocolIds, receipt as receiptType, sendAnswer, sendRequest } from '@twiin/protocol'
import type { Progress, Signer, VerifySignature } from '@twiin/protocol'
import { TwiinError, doubled } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { Route } from '../intake/route-to-recipient.ts'
import type { Person } from '../people/people-file.ts'
import { reached } from '../transfers/hops.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import { isOver } from '../transfers/transfer-record.ts'
import type { Send } from '../transfers/transfer-record.ts'
import type { Attempt } from '../transfers/transfer-runner.ts'
import { changeBy } from './change-by-receipt.ts'
import { ToldByPeers, changeByProgress } from './package-progress.ts'
import type { Follow, Only } from './follow-send.ts'
import { previewSend } from './preview-send.ts'
import { whatGoes } from './what-goes.ts'
import type { WhatGoes } from './what-goes.ts'

/** How long the sender waits for news or a receipt before it offers again: noting twice does no harm. Doubles to an hour. */
const patience = { firstMs: 60_000, mostMs: 3_600_000 }

/** What one offer can name (packages/protocol). */
const studiesPerOffer = 100
/** Refusals of an offer that another try can change. */
const passing: ReadonlySet<string> = new Set(['REQUEST_INVALID', 'MEMBER_TESTING', 'OUT_OF_RESOURCES'])

export interface SendOrder {
  studyInstanceUids: readonly string[]
  recipient: { ura: string; mailbox?: string }
  reason: string
  note?: string
  urgency?: 'routine' | 'urgent'
  /** Nothing leaves before that: time to undo it (spec 10 §6). */
  startAfterSeconds?: number
}

/** A study that a rule sends (spec 17 §4). */
export interface RuledSend extends Omit<SendOrder, 'studyInstanceUids'> {
  rule: string
  study: StudyRecord
  excluded: readonly string[]
}

interface Deps {
  book: TransferBook
  bundle: NetworkBundle
  studies: Holdings
  house: Pick<HouseStudies, 'copyToGive'>
  host: PeerHost
  signer: Signer<'twiin/offer/v1'>
  verify: VerifySignature
  account: Account
  clock: Clock
}

/** Directed sends from here (J2, spec 05 §5): offered until the recipient notes it, done when its receipt says so. */
export class Sends {
  readonly #self: { ura: string; peerId: string }
  readonly #excluded: readonly string[]
  readonly #deps: Deps
  readonly #told = new ToldByPeers()

  constructor(options: { self: { ura: string; peerId: string }; excluded: readonly string[] }, deps: Deps) {
    this.#self = options.self
    this.#excluded = options.excluded
    this.#deps = deps
  }

  /** A person sends. Throws `RECIPIENT_UNKNOWN`, `STUDY_UNKNOWN`. */
  async request(order: SendOrder, person: Person): Promise<string> {
    const { bundle, book } = this.#deps
    const { ura, mailbox } = order.recipient
    const member = bundle.memberByUra(ura)
    const isKnown = mailbox === undefined || member?.mailboxes.includes(mailbox) === true
    if (member === undefined || ura === this.#self.ura || !isKnown) throw new TwiinError('RECIPIENT_UNKNOWN')
    const id = book.newId()
    await this.#create(id, order, member, { user: person, excluded: this.#excluded })
    return id
  }

  /** What this would send; see `previewSend`. */
  preview(studyInstanceUids: readonly string[]): ReturnType<typeof previewSend> {
    return previewSend(studyInstanceUids, { ...this.#deps, excluded: this.#excluded })
  }

  /** A rule sends. The same study as it is now is one send, however often told. */
  async byRule({ study, rule, excluded, ...order }: RuledSend): Promise<void> {
    const { bundle, studies } = this.#deps
    const { studyInstanceUid, handle, instances, updatedAt } = study
    if ((await whatGoes(study, excluded, studies)).instances === 0) return
    const { ura } = order.recipient
    const recipient = bundle.memberByUra(ura) ?? { ura, name: ura, peerId: '' }
    const digest = createHash('sha256').update(`${rule}|${handle}|${instances}|${updatedAt}`).digest('hex')
    const id = updatedAt.toString(16).padStart(12, '0') + digest.slice(0, 20)
    await this.#create(id, { ...order, studyInstanceUids: [studyInstanceUid] }, recipient, { rule, excluded })
  }

  /** What stays here of the studies of a package. */
  async excludedFrom(packageId: Uint8Array): Promise<readonly string[]> {
    const send = await this.#deps.book.get(Buffer.from(packageId).toString('hex'))
    return send?.kind === 'send' ? (send.excluded ?? []) : []
  }

  /**
   * The PACS sends, by an AE title that stands for the recipient. The association makes it one send, however often told
   * (more when an offer cannot hold all its studies). A study of which no instance was acknowledged is none.
   */
  async route({ associationId, destination, callingAe, studyInstanceUids }: Route): Promise<void> {
    const { ura, mailbox, urgency } = destination
    const here: string[] = []
    for (const uid of studyInstanceUids)
      if ((await this.#deps.studies.studyByUid(uid)) !== undefined) here.push(uid)
    for (let at = 0; at < here.length; at += studiesPerOffer) {
      const order = {
        studyInstanceUids: here.slice(at, at + studiesPerOffer),
        recipient: { ura, ...(mailbox === undefined ? {} : { mailbox }) },
        urgency,
        reason: `Sent by the PACS (${callingAe})`,
      }
      // Whoever stored it has his Success: with a recipient that is not there now it waits for a person.
      const recipient = this.#deps.bundle.memberByUra(ura) ?? { ura, name: ura, peerId: '' }
      await this.#create(idFor(associationId, at), order, recipient, { callingAe })
    }
  }

  /** What follows on a study that the recipient has: on record, and durable, when it resolves. */
  async follow({ id, ura, studyInstanceUid, only, kind, reason }: Follow): Promise<void> {
    const { studies, book, bundle, clock } = this.#deps
    if ((await book.get(id)) !== undefined) return
    const study = await studies.studyByUid(studyInstanceUid, only.owner, { rejected: true })
    if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const recipient = bundle.memberByUra(ura) ?? { ura, name: ura, peerId: '' }
    const { instances, bytes } = await this.#sizeOf(only)
    const order = { studyInstanceUids: [studyInstanceUid], recipient: { ura }, reason: reason.slice(0, 500) }
    await this.#putOnRecord(id, { ...study, instances }, order, recipient, { callingAe: 'TWIIN' })
    await book.add({
      ...newSend(id, order, recipient, clock.now()),
      ...{ callingAe: 'TWIIN', only, follows: kind, urgent: kind === 'recall' },
      instances: { done: 0, total: instances },
      bytes: { done: 0, total: bytes },
      studyInstanceUids: [studyInstanceUid],
      description: study.description.slice(0, 200),
    })
  }

  /** The instances of a package that is not of a whole study. */
  async onlyOf(packageId: Uint8Array): Promise<Only | undefined> {
    const send = await this.#deps.book.get(Buffer.from(packageId).toString('hex'))
    return send?.kind === 'send' ? send.only : undefined
  }

  async run(send: Send): Promise<Attempt> {
    const { book, bundle, host, clock } = this.#deps
    const member = bundle.memberByUra(send.counterparty.ura)
    if (member === undefined) return { state: 'failed', reason: 'RECIPIENT_UNKNOWN' }
    const sinceNewsMs = clock.now() - (send.atRecipient?.toldAt ?? -Infinity)
    if (send.offered && sinceNewsMs < patience.firstMs)
      return { state: 'waiting', reason: 'AWAITING_RECEIPT', forMs: patience.firstMs }
    const bytes = await host.ask(
      member.peerId,
      protocolIds.send,
      sendRequest.encode({ kind: 'offer', signed: await this.#offer(send, member.peerId) }),
      { maxAnswerBytes: limits.sendAnswerBytes, timeoutMs: 10_000 },
    )
    const answer = sendAnswer.decode(bytes)
    if (answer.kind === 'refused') {
      // A clock that is off, a directory that is behind, a self-test to come, a full disk: all of these pass.
      if (passing.has(answer.reason)) return { state: 'again', reason: answer.reason }
      throw new TwiinError('OFFER_REFUSED', { reason: answer.reason })
    }
    await book.change(send.id, (now) => ({
      offered: true,
      counterparty: { ...send.counterparty, peerId: member.peerId },
      ...reached(now, 'offered', clock.now()),
    }))
    const forMs = doubled(send.attempts - 1, patience)
    return { state: 'waiting', reason: 'AWAITING_RECEIPT', forMs }
  }

  /** Whether this peer may collect this study of this package. */
  async isOffered(packageId: Uint8Array, studyInstanceUid: string, peerId: string): Promise<boolean> {
    const send = await this.#deps.book.get(Buffer.from(packageId).toString('hex'))
    return (
      send?.kind === 'send' &&
      !isOver(send) &&
      send.studyInstanceUids.includes(studyInstanceUid) &&
      this.#deps.bundle.member(peerId)?.ura === send.counterparty.ura
    )
  }

  /** A receipt came in. Durable and on record when it resolves. Throws `SIGNATURE_INVALID`, `PACKAGE_UNKNOWN`. */
  async noteReceipt(signed: Uint8Array, peerId: string): Promise<void> {
    const { book, bundle, account, verify } = this.#deps
    const { message } = receiptType.open(signed, peerId, verify)
    const id = Buffer.from(message.package).toString('hex')
    const send = await book.get(id)
    const isRecipient = send?.kind === 'send' && bundle.member(peerId)?.ura === send.counterparty.ura
    if (!isRecipient || message.sender !== this.#self.peerId || message.recipient !== peerId) {
      throw new TwiinError('PACKAGE_UNKNOWN')
    }
    if (send.state === 'delivered') return
    await account.record({
      event: 'receipt',
      outcome: message.state === 'delivered' ? 'success' : 'failed',
      ...(message.reason === undefined ? {} : { reason: message.reason }),
      peerId,
      objects: { studyInstanceUids: send.studyInstanceUids, count: message.instances },
      requestId: id,
    })
    await book.change(id, (now) =>
      now.kind !== 'send' || now.state === 'delivered'
        ? {}
        : { ...changeBy(message, signed, now), ...reached(now, 'receipt', this.#deps.clock.now()) },
    )
  }

  /** How far packages are at their recipient. News only: of what this peer was not offered it says nothing. */
  async noteProgress({ packages }: Progress, peerId: string): Promise<void> {
    const { book, bundle, clock } = this.#deps
    const ura = bundle.member(peerId)?.ura
    if (ura === undefined || !this.#told.allows(peerId, packages.length, clock.now())) return
    await Promise.all(
      packages.map(async (told) => {
        const id = Buffer.from(told.package).toString('hex')
        const send = await book.get(id)
        if (send?.kind !== 'send' || send.counterparty.ura !== ura) return
        if (changeByProgress(send, told, clock.now()) === undefined) return
        await book.change(id, (now) =>
          now.kind === 'send' ? (changeByProgress(now, told, clock.now()) ?? {}) : {},
        )
      }),
    )
  }

  async #create(
    id: string,
    order: SendOrder,
    recipient: { ura: string; name: string; peerId: string },
    by: By,
  ): Promise<void> {
    const { studies, house, book, clock } = this.#deps
    const { mailbox } = order.recipient
    const found: StudyRecord[] = []
    for (const uid of new Set(order.studyInstanceUids)) {
      const study = await house.copyToGive(uid)
      if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
      found.push(study)
    }
    const { excluded = [] } = by
    const going = await Promise.all(found.map((study) => whatGoes(study, excluded, studies)))
    if (sum(going, 'instances') === 0) throw new TwiinError('NOTHING_LEFT')
    const now = clock.now()
    for (const study of found) await this.#putOnRecord(id, study, order, recipient, by)
    await book.add({
      ...newSend(id, order, recipient, now),
      nextTryAt: now + (order.startAfterSeconds ?? 0) * 1000,
      instances: { done: 0, total: sum(going, 'instances') },
      bytes: { done: 0, total: sum(going, 'bytes') },
      studyInstanceUids: found.map(({ studyInstanceUid }) => studyInstanceUid),
      description: found
        .map(({ description }) => description)
        .join(', ')
        .slice(0, 200),
      hops: { received: Math.max(...found.map(({ updatedAt }) => updatedAt)), queued: now },
      ...by,
      ...(mailbox === undefined ? {} : { mailbox }),
      ...(order.note === undefined ? {} : { note: order.note }),
    })
  }

  async #putOnRecord(
    id: string,
    study: StudyRecord,
    { reason }: SendOrder,
    { peerId }: { peerId: string },
    by: By,
  ): Promise<void> {
    await this.#deps.account.record({
      event: 'send',
      outcome: 'success',
      ...('user' in by ? { user: by.user } : {}),
      peerId,
      patient: patientOnRecord(study),
      purpose: { basis: 'referral', reason },
      objects: { studyInstanceUids: [study.studyInstanceUid], count: study.instances },
      protocol: protocolOf(by),
      requestId: id,
    })
  }

  async #offeredStudy(uid: string, { only }: Send): Promise<StudyRecord | undefined> {
    const { studies, house } = this.#deps
    if (only === undefined) return house.copyToGive(uid)
    const study = await studies.studyByUid(uid, only.owner, { rejected: true })
    return study && { ...study, ...(await this.#sizeOf(only)) }
  }

  async #sizeOf({ owner, sopInstanceUids }: Only): Promise<{ instances: number; bytes: number }> {
    let bytes = 0
    for (const uid of sopInstanceUids)
      bytes += (await this.#deps.studies.instanceByUid(uid, owner, { rejected: true }))?.size ?? 0
    return { instances: sopInstanceUids.length, bytes }
  }

  async #offer(send: Send, recipient: string): Promise<Uint8Array> {
    const { clock, signer, studies } = this.#deps
    const offered = []
    for (const uid of send.studyInstanceUids) {
      const study = await this.#offeredStudy(uid, send)
      if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
      offered.push({
        studyInstanceUid: uid,
        ...(study.studyDate === '' ? {} : { studyDate: study.studyDate }),
        modalities: study.modalities.slice(0, 16).map((modality) => modality.slice(0, 16)),
        description: study.description.slice(0, 256),
        ...pick(await whatGoes(study, send.excluded ?? [], studies)),
      })
    }
    const { user, rule } = send
    const actor = rule === undefined ? (send.callingAe ?? '') : `rule: ${rule}`.slice(0, 64)
    return offer.sign(
      {
        kind: 'offer',
        package: Buffer.from(send.id, 'hex'),
        issuedAt: clock.now(),
        sender: this.#self.peerId,
        recipient,
        reason: send.sendReason,
        urgency: send.urgent ? 'urgent' : 'routine',
        user:
          user === undefined
            ? { id: actor, name: actor, role: 'system' }
            : { id: user.id.slice(0, 64), name: user.name.slice(0, 128), role: user.role },
        studies: offered,
        ...(send.follows === undefined ? {} : { follows: send.follows }),
        ...(send.mailbox === undefined ? {} : { mailbox: send.mailbox }),
        ...(send.note === undefined ? {} : { note: send.note }),
      },
      signer,
    ).bytes
  }
}

function newSend(
  id: string,
  { reason, urgency }: SendOrder,
  { ura, name, peerId }: { ura: string; name: string; peerId: string },
  now: number,
) {
  return {
    ...({ kind: 'send', id, state: 'queued', attempts: 0, offered: false, sendReason: reason } as const),
    ...{ createdAt: now, updatedAt: now, nextTryAt: now, urgent: urgency === 'urgent' },
    counterparty: { ura, name, peerId },
  }
}

/** The same for every try to hand over the same association. */
function idFor(associationId: string, part: number): string {
  if (part === 0) return associationId.replaceAll('-', '')
  return createHash('sha256').update(`${associationId} ${part}`).digest('hex').slice(0, 32)
}

/** Who or what sends. */
type By = { excluded?: readonly string[] } & ({ user: Person } | { callingAe: string } | { rule: string })

/** The rule that allowed it, for the audit. */
function protocolOf(by: By): string {
  if ('rule' in by) return `rule: ${by.rule}`
  return 'callingAe' in by ? `called AE title, by ${by.callingAe}` : 'spec 05 §5'
}

const pick = ({ instances, bytes }: WhatGoes) => ({ instances, bytes })
const sum = (studies: readonly WhatGoes[], what: 'instances' | 'bytes') =>
  studies.reduce((total, study) => total + study[what], 0)
