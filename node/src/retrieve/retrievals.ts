import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { InstanceRecord, StudyRecord } from '@twiin/study-store'
import type { Account } from '../account/account.ts'
import type { ReportsOut } from '../reports/reports-out.ts'
import type { DeliverStudy } from '../deliver/deliver-study.ts'
import type { EmergencyAccesses } from '../emergency/emergency-accesses.ts'
import type { FileStudy } from '../filing/file-study.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Person } from '../people/people-file.ts'
import { reached } from '../transfers/hops.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Retrieval } from '../transfers/transfer-record.ts'
import type { Attempt } from '../transfers/transfer-runner.ts'
import type { FetchStudy } from './fetch-study.ts'
import { isOf } from './identity.ts'

/** spec 05 §2; an emergency ends with its box. */
const jobMs = 24 * 3_600_000

export interface RetrievalOrder {
  searchId: string
  studyInstanceUid: string
  holder: string
  destination: 'pacs' | 'viewer'
  /** Nobody waits for it. */
  background?: boolean
  /** What for: to be handed on (spec 25 §7). */
  use?: 'share'
}

interface Deps {
  reportsOut: ReportsOut
  searches: PatientSearches
  book: TransferBook
  studies: Pick<Holdings, 'studyByUid' | 'instances'>
  fetcher: FetchStudy
  filing: FileStudy
  delivery: DeliverStudy
  account: Account
  emergencies: Pick<EmergencyAccesses, 'isOpen' | 'used'>
  clock: Clock
}

/** A radiologist has a study brought here (J5): fetched, verified, filed safely, in the PACS. */
export class Retrievals {
  readonly #self: { peerId: string }
  readonly #deps: Deps

  constructor(options: { self: { peerId: string } }, deps: Deps) {
    this.#self = options.self
    this.#deps = deps
  }

  /** On record and durable when it resolves. Throws `NOT_FOUND`, `STUDY_UNKNOWN`, `EMERGENCY_NOT_OPEN`. */
  async request(order: RetrievalOrder, person: Person): Promise<string> {
    const { searches, book, clock, account, emergencies } = this.#deps
    const search = searches.find(order.searchId, person)
    if (search === undefined) throw new TwiinError('NOT_FOUND')
    const holder = search.holders.find(({ ura }) => ura === order.holder)
    const study = search.studies.find(
      (row) => row.studyInstanceUid === order.studyInstanceUid && row.holder === order.holder,
    )
    if (holder === undefined || study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const now = clock.now()
    const id = book.newId()
    const box = search.emergency?.id
    const isOver = box !== undefined && !emergencies.isOpen(box)
    await account.record({
      event: 'retrieve-requested',
      ...(isOver ? { outcome: 'refused', reason: 'EMERGENCY_NOT_OPEN' } : { outcome: 'success' }),
      user: person,
      peerId: holder.peerId,
      patient: { citizenNumber: search.bsn },
      purpose: search.purpose,
      objects: { studyInstanceUids: [order.studyInstanceUid], count: study.instances },
      ...forSharing(order),
      requestId: id,
    })
    if (isOver) throw new TwiinError('EMERGENCY_NOT_OPEN')
    if (box !== undefined) await emergencies.used(box, 'retrievals')
    await book.add({
      kind: 'retrieval',
      id,
      state: 'queued',
      createdAt: now,
      updatedAt: now,
      attempts: 0,
      nextTryAt: now,
      urgent: true,
      counterparty: { ura: holder.ura, name: holder.name, peerId: holder.peerId },
      instances: { done: 0, total: study.instances },
      bytes: { done: 0, total: study.bytes },
      user: person,
      studyInstanceUid: order.studyInstanceUid,
      description: study.description,
      destination: order.destination,
      purpose: search.purpose,
      ...(holder.relation === undefined ? {} : { relation: holder.relation }),
      ...(box === undefined ? {} : { emergency: box }),
      ...(order.use === undefined ? {} : { use: order.use }),
      authorisedAt: now,
      epoch: search.epoch,
      loc: search.loc,
      bsn: search.bsn,
      hops: { queued: now },
      ...(order.background === true ? { background: true, urgent: false } : {}),
    })
    return id
  }

  /** One attempt: what is done already is not done again. */
  async run(retrieval: Retrieval, signal: AbortSignal): Promise<Attempt> {
    const { counterparty, studyInstanceUid, bsn, id, bytes } = retrieval
    const isOwn = counterparty.peerId === this.#self.peerId
    // What was brought in time is filed and delivered, however long that takes.
    if (this.#isCutOff(retrieval)) return { state: 'cancelled', reason: 'EMERGENCY_ENDED' }
    // A PACS that is away, or a person who has to decide, may take longer than the authorisation lasts.
    if (!isOwn && retrieval.brought !== true && !(await this.#bring(retrieval, signal)))
      return { state: 'failed', reason: 'JOB_EXPIRED' }
    const work = { transferId: id, studyInstanceUid, holder: counterparty }
    const { study, instances } = isOwn
      ? await this.#ownStudy(studyInstanceUid)
      : await this.#deps.fetcher.brought(work)
    if (retrieval.destination === 'viewer') {
      // Nobody's images are shown as those of the patient who was searched for.
      return isOf(study, retrieval.bsn)
        ? { state: 'delivered' }
        : { state: 'failed', reason: 'IDENTITY_MISMATCH' }
    }
    // What this hospital made itself keeps its identifiers.
    const filing = isOwn
      ? { instances, overlay: undefined }
      : await this.#deps.filing.file({ transferId: id, study, instances, holder: counterparty, bsn })
    if ('held' in filing) return { state: 'held', reason: 'PATIENT_CONFLICT' }
    if ('rejected' in filing) return { state: 'failed', reason: 'REJECTED' }
    const total = filing.instances.length
    await this.#deps.book.change(id, (now) => reached(now, 'filed', this.#deps.clock.now()))
    const known = await this.#deps.book.get(id)
    const onDelivered = (done: number) =>
      this.#deps.book.progress(id, { instances: { done, total }, bytes: known?.bytes ?? bytes })
    await this.#deps.delivery.deliver({ transferId: id, ...filing, onDelivered }, signal)
    if (filing.overlay !== undefined)
      await this.#deps.reportsOut.note(study, filing.instances, filing.overlay)
    await this.#deps.book.change(id, (now) => {
      const at = this.#deps.clock.now()
      const inPacs = reached(now, 'delivered', at)
      return {
        instances: { done: total, total },
        ...(this.#deps.delivery.commits ? reached(inPacs, 'committed', at) : inPacs),
      }
    })
    return { state: 'delivered' }
  }

  /** Everything that the holder's manifest names, verified. False when the authorisation has run out. */
  async #bring(retrieval: Retrieval, signal: AbortSignal): Promise<boolean> {
    const { book, fetcher, clock, account } = this.#deps
    const { id, counterparty, studyInstanceUid, user, purpose, authorisedAt, epoch, loc, bsn } = retrieval
    if (clock.now() - authorisedAt > jobMs || user === undefined) return false
    const toViewer = retrieval.destination === 'viewer'
    const fetched = await this.#onRecordIfRefused(
      retrieval,
      fetcher.fetch(
        {
          transferId: id,
          studyInstanceUid,
          holder: counterparty,
          entitlement: {
            kind: 'retrieve',
            job: Buffer.from(id, 'hex'),
            authorisedAt,
            epoch,
            loc,
            studyInstanceUid,
            user: { id: user.id, name: user.name, role: user.role },
            purpose,
            ...(retrieval.relation === undefined ? {} : { relation: retrieval.relation }),
            ...(retrieval.use === undefined ? {} : { use: retrieval.use }),
          },
          onManifest: async (manifest) => {
            const total = manifest.instances.reduce((sum, { bytes }) => sum + bytes, 0)
            await book.change(id, {
              instances: { done: 0, total: manifest.instances.length },
              bytes: { done: 0, total },
            })
          },
          // For a study that goes to the PACS an instance is done when the PACS has it.
          onProgress: ({ instances, bytes }) =>
            book.progress(id, {
              bytes,
              instances: toViewer ? instances : { done: 0, total: instances.total },
            }),
        },
        signal,
      ),
    )
    const total = fetched.instances.length
    const bytes = fetched.instances.reduce((sum, instance) => sum + instance.bytes, 0)
    await account.record({
      event: 'study-received',
      outcome: 'success',
      user,
      peerId: counterparty.peerId,
      patient: { citizenNumber: bsn },
      purpose,
      objects: { studyInstanceUids: [studyInstanceUid], count: total },
      ...forSharing(retrieval),
      requestId: id,
    })
    await book.change(id, (now) => ({
      instances: { done: toViewer ? total : 0, total },
      bytes: { done: bytes, total: bytes },
      brought: true,
      ...reached(now, 'fetched', clock.now()),
    }))
    return true
  }

  #isCutOff({ emergency, brought }: Retrieval): boolean {
    return emergency !== undefined && brought !== true && !this.#deps.emergencies.isOpen(emergency)
  }

  /** A refusal is on record at both ends (spec 07). */
  async #onRecordIfRefused<T>({ id, ...retrieval }: Retrieval, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (isTwiinError(error, 'TRANSFER_REFUSED')) {
        await this.#deps.account.record({
          event: 'study-received',
          outcome: 'refused',
          reason: String(error.facts['reason'] ?? error.code),
          ...(retrieval.user === undefined ? {} : { user: retrieval.user }),
          peerId: retrieval.counterparty.peerId,
          patient: { citizenNumber: retrieval.bsn },
          purpose: retrieval.purpose,
          objects: { studyInstanceUids: [retrieval.studyInstanceUid] },
          ...forSharing(retrieval),
          requestId: id,
        })
      }
      throw error
    }
  }

  async #ownStudy(studyInstanceUid: string): Promise<{ study: StudyRecord; instances: InstanceRecord[] }> {
    const study = await this.#deps.studies.studyByUid(studyInstanceUid)
    const instances: InstanceRecord[] = []
    if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    for await (const instance of this.#deps.studies.instances(study.handle)) instances.push(instance)
    return { study, instances }
  }
}

/** On record: what it was brought for. */
const forSharing = ({ use }: { use?: 'share' }) =>
  use === 'share' ? { protocol: 'spec 25 §7: for sharing' } : {}
