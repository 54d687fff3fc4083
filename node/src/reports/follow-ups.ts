import { encapsulatedPdf, readReportDocument } from '@twiin/dicom'
import { codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { InstanceRecord, Owner, StudyStore } from '@twiin/study-store'
import type { Follow } from '../send/follow-send.ts'
import { applyRejectionNote, isKeyObjects, readRejectionNote } from './rejection-notes.ts'
import type { Recipients } from './recipients.ts'

/** Something new in a study that may have to reach others. */
export interface FollowUp {
  owner: Owner
  studyInstanceUid: string
  sopInstanceUid: string
}

interface Deps {
  studies: StudyStore
  recipients: Recipients
  /** Name of the instance → what is still to be looked at. */
  todo: Repository<FollowUp>
  send: (follow: Follow) => Promise<void>
  sealer: Sealer
  clock: Clock
  log: Logger
}

/**
 * Reports, corrections and rejection notes go on to who received their study (spec 20 §3, §5). Noted durably before their
 * sender hears Success; worked off one after the other, each with the same sends however often it is done.
 */
export class FollowUps implements Service {
  readonly name = 'follow-ups'
  readonly #retryMs: number
  readonly #deps: Deps
  #stopping = new AbortController()
  #wake = Promise.withResolvers<void>()
  #done: Promise<void> = Promise.resolve()

  constructor(options: { retryMs: number }, deps: Deps) {
    this.#retryMs = options.retryMs
    this.#deps = deps
  }

  /** Whether an instance of this class is to be noted. */
  concerns(instance: { sopClassUid: string }): boolean {
    return isReportOrNote(instance)
  }

  /** Durable when it resolves. */
  async note(followUp: FollowUp): Promise<void> {
    const key = this.#deps.sealer.opaque('follow-up', `${followUp.owner} ${followUp.sopInstanceUid}`)
    await this.#deps.todo.put(key, followUp)
    this.#wake.resolve()
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    this.#wake.resolve()
    await this.#done
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      const isDone = await this.#workOff(signal)
      if (signal.aborted) return
      if (!isDone) {
        await this.#deps.clock.sleep(this.#retryMs, signal).catch(() => {})
        continue
      }
      await this.#wake.promise
    }
  }

  async #workOff(signal: AbortSignal): Promise<boolean> {
    const { todo, log } = this.#deps
    try {
      for await (const [key, followUp] of todo.entries()) {
        if (signal.aborted) return false
        await this.#follow(followUp)
        await todo.delete(key)
      }
      return true
    } catch (error) {
      log.warn('what follows on a study waits', { code: codeOf(error) })
      return false
    }
  }

  async #follow(followUp: FollowUp): Promise<void> {
    const { studies, log } = this.#deps
    const { owner, sopInstanceUid } = followUp
    const instance = await studies.instanceByUid(sopInstanceUid, owner, { rejected: true })
    if (instance === undefined) return
    try {
      if (isKeyObjects(instance)) await this.#followNote(instance, followUp)
      else await this.#followReport(instance, followUp)
    } catch (error) {
      if (!isTwiinError(error, 'REPORT_TOO_LARGE', 'DICOM_UNREADABLE')) throw error
      // It cannot be read, now or later: it stays in its study, and nothing follows from it.
      log.warn('a document was not understood', { code: error.code })
    }
  }

  async #followNote(instance: InstanceRecord, followUp: FollowUp): Promise<void> {
    const note = await readRejectionNote(instance, this.#deps.studies)
    if (note === undefined) return
    await applyRejectionNote(note, { instance, ...followUp }, this.#deps.studies)
    const { owner } = followUp
    for (const studyInstanceUid of new Set([followUp.studyInstanceUid, ...note.rejected.keys()]))
      for (const { ura } of await this.#deps.recipients.of({ owner, studyInstanceUid }))
        await this.#send(ura, followUp, { kind: 'recall', reason: `Recall: ${note.reason || note.title}` })
  }

  async #followReport(instance: InstanceRecord, followUp: FollowUp): Promise<void> {
    // Corrected, and taken back before anybody was told.
    if (instance.rejected !== undefined) return
    const { transferSyntaxUid, size, sopClassUid, receivedAt } = instance
    const { predecessors, status } = await readReportDocument(
      { transferSyntaxUid, size, dataSet: this.#deps.studies.readDataSet(instance) },
      { isEncapsulated: sopClassUid === encapsulatedPdf },
    )
    const isVersion = predecessors.length > 0
    for (const { ura, wasSent, at } of await this.#deps.recipients.of(followUp)) {
      // Who was given the study after that has it from there. Who retrieved it by consent gets corrections only.
      if (at > receivedAt || (!isVersion && !wasSent)) continue
      await this.#send(ura, followUp, { kind: 'report', reason: `Report, ${status}` })
    }
  }

  async #send(ura: string, followUp: FollowUp, what: Pick<Follow, 'kind' | 'reason'>): Promise<void> {
    // What came from there is known there.
    if (ura === followUp.owner) return
    const { sealer, send } = this.#deps
    const { owner, studyInstanceUid, sopInstanceUid } = followUp
    await send({
      id: sealer.opaque('follow-up send', `${ura} ${owner} ${sopInstanceUid}`),
      ura,
      studyInstanceUid,
      only: { owner, sopInstanceUids: [sopInstanceUid] },
      ...what,
    })
  }
}

/** Structured reports, encapsulated PDF and key objects; what else counts as a report cannot be read. */
const documents = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:88\.(?:11|22|33|34|35|59)|104\.1)$/
const isReportOrNote = ({ sopClassUid }: { sopClassUid: string }) => documents.test(sopClassUid)
