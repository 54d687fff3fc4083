import { authorRejectionNote, derivedUid } from '@twiin/dicom'
import type { AuthoredInstance, InstanceReference, RejectionTitle } from '@twiin/dicom'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { StudyRecord, StudyStore } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import type { Person } from '../people/people-file.ts'
import type { Follow } from '../send/follow-send.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import { isOver } from '../transfers/transfer-record.ts'
import type { Recipients } from './recipients.ts'
import type { StoreAuthored } from './store-authored.ts'

export type RecallKind = 'sent-by-mistake' | RejectionTitle

export interface RecallOrder {
  studyInstanceUid: string
  /** In words, for who received it. */
  reason: string
  kind: RecallKind
  /** URAs; all who received it when absent. */
  recipients?: readonly string[]
}

/** Stored before anything is done. Holds patient data: sealed. */
export interface Recall {
  id: string
  studyInstanceUid: string
  kind: RecallKind
  reason: string
  by: Person
  at: number
  recipients: readonly { ura: string; sendId: string }[]
  /** Everything of it is noted elsewhere: the note is in the holdings, its sends in the queue. */
  done: boolean
}

interface Deps {
  studies: StudyStore
  authored: StoreAuthored
  recipients: Recipients
  recalls: Repository<Recall>
  book: TransferBook
  bundle: NetworkBundle
  send: (follow: Follow) => Promise<void>
  account: Account
  sealer: Sealer
  clock: Clock
  log: Logger
}

/** An operator takes back a study that others received (spec 20 §5). */
export class Recalls implements Service {
  readonly name = 'recalls'
  readonly #options: { ura: string; institution: string }
  readonly #deps: Deps

  constructor(options: { ura: string; institution: string }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** What an earlier process did not finish. */
  async start(): Promise<void> {
    for await (const [, recall] of this.#deps.recalls.entries())
      if (!recall.done)
        await this.#carryOut(recall).catch((error: unknown) =>
          this.#deps.log.error('recall not carried out', { code: codeOf(error) }),
        )
  }

  /** On record, and durable, when it resolves. Throws `STUDY_UNKNOWN`, `NO_RECIPIENTS`. */
  async request(order: RecallOrder, by: Person): Promise<Recall> {
    const { studies, account, recalls, book, clock } = this.#deps
    const { studyInstanceUid, kind, reason } = order
    const study = await studies.studyByUid(studyInstanceUid)
    if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const uras = await this.#recipientsOf(order)
    // Taken back here it has to be kept from who comes later; sent by mistake it concerns only who has it.
    if (uras.length === 0 && kind === 'sent-by-mistake') throw new TwiinError('NO_RECIPIENTS')
    const id = book.newId()
    const recipients = uras.map((ura) => ({
      ura,
      sendId: this.#deps.sealer.opaque('recall send', `${id} ${ura}`),
    }))
    await account.record({
      event: 'study-recalled',
      outcome: 'success',
      reason: kind,
      user: by,
      patient: patientOnRecord(study),
      objects: { studyInstanceUids: [studyInstanceUid], count: study.instances },
      protocol: 'spec 20 §5',
      requestId: id,
    })
    const recall = { id, studyInstanceUid, kind, reason, by, at: clock.now(), recipients, done: false }
    await recalls.put(id, recall)
    await this.#carryOut(recall)
    return recall
  }

  async get(id: string): Promise<Recall | undefined> {
    return /^[0-9a-f]{32}$/.test(id) ? this.#deps.recalls.get(id) : undefined
  }

  async #recipientsOf({ studyInstanceUid, recipients }: RecallOrder): Promise<string[]> {
    const given = (await this.#deps.recipients.of({ owner: 'local', studyInstanceUid })).map(({ ura }) => ura)
    const onTheirWay = this.#pendingSends(studyInstanceUid).map(({ counterparty }) => counterparty.ura)
    const all = [...new Set([...given, ...onTheirWay])]
    return recipients === undefined ? all : all.filter((ura) => recipients.includes(ura))
  }

  #pendingSends(studyInstanceUid: string) {
    return this.#deps.book
      .active()
      .filter((record) => record.kind === 'send')
      .filter((send) => send.only === undefined && send.studyInstanceUids.includes(studyInstanceUid))
  }

  /** Done again it does the same. */
  async #carryOut(recall: Recall): Promise<void> {
    const { studies, authored, book, send, recalls } = this.#deps
    const { studyInstanceUid, kind } = recall
    const uras = new Set(recall.recipients.map(({ ura }) => ura))
    for (const { id, counterparty } of this.#pendingSends(studyInstanceUid))
      if (uras.has(counterparty.ura))
        await book.change(id, (now) => {
          if (now.kind !== 'send' || isOver(now)) return {}
          const others = now.studyInstanceUids.filter((uid) => uid !== studyInstanceUid)
          return others.length > 0 ? { studyInstanceUids: others } : { state: 'failed', reason: 'RECALLED' }
        })
    const { note, rejected } = await this.#write(recall)
    await authored.store(note)
    const title = kind === 'sent-by-mistake' ? 'patient-safety' : kind
    const why = { title: codes[title], note: note.sopInstanceUid }
    const hidden = kind === 'sent-by-mistake' ? [] : rejected.map(({ sopInstanceUid }) => sopInstanceUid)
    await studies.reject({ studyInstanceUid, owner: 'local' }, [...hidden, note.sopInstanceUid], why)
    for (const { ura, sendId } of recall.recipients)
      await send({
        ...{ id: sendId, ura, studyInstanceUid, kind: 'recall', reason: `Recall: ${recall.reason}` },
        only: { owner: 'local', sopInstanceUids: [note.sopInstanceUid] },
      })
    await recalls.put(recall.id, { ...recall, done: true })
  }

  /** The same note each time: of what was there when it was ordered, seen or hidden since. */
  async #write(recall: Recall): Promise<{ note: AuthoredInstance; rejected: InstanceReference[] }> {
    const { studies } = this.#deps
    const { studyInstanceUid, kind, reason, id, at } = recall
    const study = await studies.studyByUid(studyInstanceUid, 'local', { rejected: true })
    if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const sopInstanceUid = derivedUid('recall', this.#options.ura, id)
    const rejected: InstanceReference[] = []
    for await (const instance of studies.instances(study.handle, { rejected: true })) {
      const isOfBefore = instance.rejected === undefined || instance.rejected.note === sopInstanceUid
      if (!isOfBefore || instance.sopInstanceUid === sopInstanceUid || instance.receivedAt > at) continue
      const { seriesInstanceUid, sopClassUid } = instance
      rejected.push({
        ...{ studyInstanceUid, seriesInstanceUid, sopClassUid },
        sopInstanceUid: instance.sopInstanceUid,
      })
    }
    const day = new Date(at).toISOString().replace(/[-:T]/g, '')
    const note = authorRejectionNote({
      ...noteContext(study, this.#options.institution),
      ...{ sopInstanceUid, seriesInstanceUid: derivedUid('recall series', this.#options.ura, id) },
      ...{ contentDate: day.slice(0, 8), contentTime: day.slice(8, 14) },
      ...{ title: kind === 'sent-by-mistake' ? 'patient-safety' : kind, reason, rejected },
    })
    return { note, rejected }
  }
}

const codes: Readonly<Record<RejectionTitle, string>> = {
  quality: '113001',
  'patient-safety': '113037',
  'worklist-entry': '113038',
  retention: '113039',
}

function noteContext(study: StudyRecord, institution: string) {
  const { studyInstanceUid, studyDate, studyTime, description, accessionNumber, patient } = study
  const [bsn, ...others] = patient.citizenNumbers
  return {
    ...{ institution, seriesNumber: 9009, instanceNumber: 1 },
    patient: {
      ...{ id: patient.localId, issuer: patient.issuer, name: patient.name },
      ...{ birthDate: patient.birthDate, sex: patient.sex },
      ...(bsn === undefined || others.length > 0 ? {} : { citizenNumber: bsn }),
    },
    study: { studyInstanceUid, date: studyDate, time: studyTime, description, accessionNumber },
  }
}
