import { rejectionTitles } from '@twiin/dicom'
import { isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { InstanceRecord, StudyRecord, StudyStore } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import type { ExceptionWorklist } from '../filing/exception-worklist.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { TransferRecord } from '../transfers/transfer-record.ts'
import type { FollowUps } from './follow-ups.ts'
import { applyRejectionNote, isKeyObjects, readRejectionNote } from './rejection-notes.ts'
import type { RejectionNote } from './rejection-notes.ts'
import type { Recipients } from './recipients.ts'

interface Deps {
  studies: StudyStore
  worklist: ExceptionWorklist
  book: TransferBook
  recipients: Recipients
  followUps: FollowUps
  account: Account
  clock: Clock
  log: Logger
}

/** A transfer that brought something, of this copy of a study. */
export interface Brought {
  transfer: Pick<TransferRecord, 'id' | 'counterparty'>
  study: StudyRecord
  instances: readonly InstanceRecord[]
}

/** What other hospitals send after a study: takes back what is here, tells people, and goes on to whom we gave it (spec 20 §5). */
export class ArrivedDocuments {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** True when something was taken back. The same for every attempt; durable, and on record, when it resolves. */
  async note(brought: Brought): Promise<boolean> {
    const { recipients, followUps } = this.#deps
    const { study, transfer } = brought
    const documents = brought.instances.filter((instance) => followUps.concerns(instance))
    let isRecall = false
    for (const instance of documents)
      if (isKeyObjects(instance) && (await this.#takeBack(instance, brought))) isRecall = true
    // Whom we gave our own study under this UID has nothing of this sender.
    const copy = { owner: transfer.counterparty.ura, studyInstanceUid: study.studyInstanceUid }
    if (documents.length === 0 || (await recipients.of(copy)).length === 0) return isRecall
    for (const { sopInstanceUid } of documents) await followUps.note({ ...copy, sopInstanceUid })
    return isRecall
  }

  async #takeBack(instance: InstanceRecord, { study, transfer }: Brought): Promise<boolean> {
    const { studies, account, worklist } = this.#deps
    const note = await this.#read(instance)
    if (note === undefined) return false
    const { studyInstanceUid } = study
    const owner = transfer.counterparty.ura
    const hidden = await applyRejectionNote(note, { instance, studyInstanceUid, owner }, studies)
    for (const uid of note.rejected.keys()) await this.#stopFiling(uid, transfer)
    // Told once: the notice has the id of the note's transfer.
    const id = `${transfer.id}.${study.handle}.0`
    if ((await worklist.get(id)) !== undefined) return true
    await account.record({
      event: 'study-recalled',
      outcome: 'success',
      reason: rejectionTitles[note.title].value,
      peerId: transfer.counterparty.peerId,
      patient: patientOnRecord(study),
      objects: { studyInstanceUids: [...note.rejected.keys()].slice(0, 100), count: hidden },
      protocol: 'spec 20 §5',
      requestId: transfer.id,
    })
    await worklist.raise(recallNotice(id, study, transfer, note))
    return true
  }

  async #read(instance: InstanceRecord): Promise<RejectionNote | undefined> {
    try {
      return await readRejectionNote(instance, this.#deps.studies)
    } catch (error) {
      if (!isTwiinError(error, 'REPORT_TOO_LARGE', 'DICOM_UNREADABLE')) throw error
      this.#deps.log.warn('a document was not understood', { code: error.code })
      return undefined
    }
  }

  /** Whatever still waits to be filed looks again, and finds that nothing is left. */
  async #stopFiling(studyInstanceUid: string, { id, counterparty }: Brought['transfer']): Promise<void> {
    const { book, worklist, clock } = this.#deps
    for (const record of book.active()) {
      const uids = record.kind === 'retrieval' ? [record.studyInstanceUid] : record.studyInstanceUids
      const isOfIt = record.counterparty.ura === counterparty.ura && uids.includes(studyInstanceUid)
      if (record.id === id || record.kind === 'send' || !isOfIt || record.state !== 'held') continue
      await worklist.withdraw(record.id)
      await book.change(record.id, (now) =>
        now.state === 'held' ? { state: 'queued', nextTryAt: clock.now() } : {},
      )
    }
  }
}

function recallNotice(
  id: string,
  study: StudyRecord,
  { id: transferId, counterparty }: Brought['transfer'],
  { reason, title }: RejectionNote,
) {
  const { studyInstanceUid, studyDate, description, modalities, patient } = study
  const { localId, issuer, name, birthDate, sex } = patient
  const side = { localId, issuer, name, birthDate, sex }
  const from = { ura: counterparty.ura, name: counterparty.name }
  return {
    ...({ id, transferId, kind: 'RECALLED', state: 'notice', differences: [] } as const),
    reason: reason || rejectionTitles[title].meaning,
    study: { studyInstanceUid, studyDate, description, modalities },
    incoming: { ...side, bsn: undefined, from },
    local: side,
  }
}
