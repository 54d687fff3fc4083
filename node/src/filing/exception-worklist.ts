import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'
import type { LiveEvents } from '../http/events.ts'
import type { ComparedField, Comparison, FieldVerdict } from './compare-patients.ts'
import type { Difference, IncomingPatient } from './decide-filing.ts'

export type Resolution = 'same-patient' | 'other-patient' | 'reject'

export interface ShownComparison {
  /** 0–100. */
  score: number
  fields: readonly { field: ComparedField; verdict: FieldVerdict; points: number }[]
}

export function shownComparison({ score, fields }: Comparison): ShownComparison {
  const names = Object.keys(fields) as ComparedField[]
  return { score, fields: names.map((field) => ({ field, ...fields[field] })) }
}

/** Something a person has to look at, or should know. Holds patient data: stored sealed. */
export interface WorkItem {
  /** `<transfer>.<study handle>.<digest of what is to be filed>`; without a transfer the handle stands for it. */
  readonly id: string
  /**
   * `PATIENT_CONFLICT`: with a patient here. `IDENTITY_CONFLICT`: within the study, or with who was searched for; a
   * notice when the archive gave an instance of another patient than it was indexed with. `INSTANCE_CONFLICT`: a machine of
   * this hospital stored other content under an identifier that is here.
   * `REPORT_PATIENT_CONFLICT`: a report names a study of another patient. `REPORT_UNMATCHED`: no study came for it.
   * `RECALLED`: its holder took the study back.
   */
  readonly kind:
    | 'PATIENT_CONFLICT'
    | 'IDENTITY_CONFLICT'
    | 'INSTANCE_CONFLICT'
    | 'REPORT_PATIENT_CONFLICT'
    | 'REPORT_UNMATCHED'
    | 'RECALLED'
  /** `notice`: filed or kept apart, nothing to decide. */
  readonly state: 'open' | 'notice' | 'resolved'
  readonly at: number
  /** Absent when it came in by C-STORE. */
  readonly transferId?: string
  readonly study: {
    studyInstanceUid: string
    studyDate: string
    description: string
    modalities: readonly string[]
  }
  readonly incoming: IncomingPatient & { from: { ura: string; name: string } }
  readonly local: {
    localId: string
    issuer: string
    name: string
    birthDate: string
    sex: string
    bsn?: string
  }
  readonly differences: readonly Difference[]
  /** How alike the two are, field by field (spec 16 §2). Absent in older items, and where nothing was compared. */
  readonly comparison?: ShownComparison
  /** Why, as its holder says. */
  readonly reason?: string
  readonly resolution?: { decision: Resolution; by: string; at: number }
}

/** The exception worklist: studies that were not filed because nobody may guess whose they are (ADR 0004). */
export class ExceptionWorklist {
  readonly #store: Store
  readonly #items: Repository<WorkItem>
  readonly #events: LiveEvents
  readonly #clock: Clock
  readonly #listeners = new Set<(item: WorkItem) => void>()

  constructor(deps: { store: Store; items: Repository<WorkItem>; events: LiveEvents; clock: Clock }) {
    this.#store = deps.store
    this.#items = deps.items
    this.#events = deps.events
    this.#clock = deps.clock
  }

  /**
   * One item for each transfer, study and contents: raising it again changes nothing, but a notice can open. An open one
   * about earlier contents goes: nobody has to judge what is not to be filed any more. Durable when it resolves.
   */
  async raise(item: Omit<WorkItem, 'at'>): Promise<void> {
    const added = await this.#store.update(`exception ${subjectOf(item.id)}`, async (update) => {
      const before = await update.get(this.#items, item.id)
      if (before !== undefined && (before.state !== 'notice' || item.state === 'notice')) return false
      for await (const [id, { state }] of this.#items.entries({ prefix: subjectOf(item.id) }))
        if (id !== item.id && state === 'open') update.delete(this.#items, id)
      update.put(this.#items, item.id, { ...item, at: this.#clock.now() })
      return true
    })
    if (added) this.#events.emit({ kind: 'exception', id: item.id, state: item.state })
  }

  /** Nobody has to decide any more about what a transfer brought: it was taken back. Durable when it resolves. */
  async withdraw(transferId: string): Promise<void> {
    for await (const [id, { state }] of this.#items.entries({ prefix: `${transferId}.` }))
      if (state === 'open')
        await this.#store.update(`exception ${subjectOf(id)}`, async (update) =>
          update.delete(this.#items, id),
        )
  }

  async get(id: string): Promise<WorkItem | undefined> {
    return isItemId(id) ? this.#items.get(id) : undefined
  }

  /** Saying the same again changes nothing. Throws `NOT_FOUND`, `STATE_CONFLICT` when it is not open. */
  async resolve(id: string, decision: Resolution, by: string): Promise<WorkItem> {
    const resolved = await this.#store.update(`exception ${subjectOf(id)}`, async (update) => {
      const item = isItemId(id) ? await update.get(this.#items, id) : undefined
      if (item === undefined) throw new TwiinError('NOT_FOUND')
      if (item.resolution?.decision === decision) return item
      if (item.state !== 'open') throw new TwiinError('STATE_CONFLICT')
      const next: WorkItem = {
        ...item,
        state: 'resolved',
        resolution: { decision, by, at: this.#clock.now() },
      }
      update.put(this.#items, id, next)
      return next
    })
    this.#events.emit({ kind: 'exception', id, state: resolved.state })
    for (const listener of this.#listeners) listener(resolved)
    return resolved
  }

  /** Called after a decision is durable. */
  onResolved(listener: (item: WorkItem) => void): void {
    this.#listeners.add(listener)
  }

  /** Newest first. */
  async list(limit: number): Promise<WorkItem[]> {
    const items: WorkItem[] = []
    for await (const [, item] of this.#items.entries({ reverse: true, limit })) items.push(item)
    return items
  }
}

/** The handle of the study that it is about; undefined when it came in by C-STORE. */
export const studyOf = ({ id, transferId }: WorkItem) =>
  transferId === undefined ? undefined : id.split('.')[1]

const isItemId = (id: string) => /^[0-9a-f.]{1,100}$/.test(id)
/** Transfer and study, with the point behind them. */
const subjectOf = (id: string) => id.slice(0, id.lastIndexOf('.') + 1)
