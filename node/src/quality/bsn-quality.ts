import { passesElevenTest } from '@twiin/patient-token'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'
import type { StudyRecord } from '@twiin/study-store'
import { compareWith } from '../filing/decide-filing.ts'
import type { IncomingPatient } from '../filing/decide-filing.ts'
import { studyOf } from '../filing/exception-worklist.ts'
import type { ExceptionWorklist, WorkItem } from '../filing/exception-worklist.ts'
import type { PatientsHere } from '../filing/patients-here.ts'
import type { Holdings } from '../holdings/holdings.ts'

/** Where studies came from: another hospital, a machine of this one, or discs. */
export type QualitySource =
  | { kind: 'partner'; ura: string }
  | { kind: 'device'; callingAe: string; modality: string }
  | { kind: 'disc' }

const measures = ['received', 'present', 'valid', 'compared', 'agreeing'] as const
export type Measure = (typeof measures)[number]
/** Studies: all; with a BSN; with one that is valid; whose patient is known here; and agrees in all (spec 16 §5). */
export type Counts = Readonly<Record<Measure, number>>

interface Total {
  source: QualitySource
  counts: Counts
}
/** What a study counted for, so that it is counted once, and again when it changed. */
export interface Mark extends Total {
  /** What a person decided of it, which is more than a comparison. */
  decided?: Decided
}
type Decided = Pick<Counts, 'compared' | 'agreeing'>

interface Deps {
  store: Store
  studies: Holdings
  here: PatientsHere
  /** handle → mark */
  marks: Repository<Mark>
  /** keyed source → counts */
  totals: Repository<Total>
  clock: Clock
  log: Logger
}

/** So long after a study changed it is looked at: most have come whole by then, and are counted with one write. */
const settleMs = 2000

/** How good the BSNs are that come in, by hospital and by machine. Counts only: nothing of a patient. */
export class BsnQuality implements Service {
  readonly name = 'bsn quality'
  readonly #deps: Deps
  readonly #invalid = new Map<string, number>()
  readonly #changed = new Set<string>()
  /** Decisions that are not counted yet. */
  readonly #decided = new Map<string, Decided>()
  #wake = Promise.withResolvers<void>()
  #stopping = new AbortController()
  #done: Promise<void> = Promise.resolve()
  #stopListening = () => {}
  #worklist: ExceptionWorklist | undefined

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** The decisions that correct the counts. Before `start`. */
  follow(worklist: ExceptionWorklist): void {
    this.#worklist = worklist
    worklist.onResolved((item) => this.#hear(item))
  }

  /** Studies that came right before a crash were not counted: the newest ones are looked at again, and decisions likewise. */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#stopListening = this.#deps.studies.onChange(({ handle }) => this.#look(handle))
    for await (const { handle } of this.#deps.studies.studies({ reverse: true, limit: 500 }))
      this.#look(handle)
    for (const item of (await this.#worklist?.list(500)) ?? []) this.#hear(item)
    this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopListening()
    this.#stopping.abort(new Error('stopping'))
    this.#wake.resolve()
    await this.#done
  }

  async totals(): Promise<Total[]> {
    const totals: Total[] = []
    for await (const [, total] of this.#deps.totals.entries({ limit: 10_000 })) totals.push(total)
    return totals
  }

  #hear(item: WorkItem): void {
    const [handle, decided] = [studyOf(item), decidedBy(item)]
    if (handle === undefined || decided === undefined) return
    this.#decided.set(handle, decided)
    this.#look(handle)
  }

  /** The patient administration states as BSN what is none: counted by its name (MSH-3), told without the number. */
  stateInvalid(application: string, message: string): void {
    this.#invalid.set(application, (this.#invalid.get(application) ?? 0) + 1)
    this.#deps.log.warn('hl7 message states a BSN that is none', { sendingApplication: application, message })
  }

  /** How often since the start, by who sent it. */
  invalidStated(): ReadonlyMap<string, number> {
    return this.#invalid
  }

  #look(handle: string): void {
    this.#changed.add(handle)
    this.#wake.resolve()
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      await this.#wake.promise
      this.#wake = Promise.withResolvers<void>()
      await clock.sleep(settleMs, signal).catch(() => {})
      for (const handle of [...this.#changed]) {
        if (signal.aborted) return
        this.#changed.delete(handle)
        await this.#count(handle).catch((error: unknown) =>
          log.warn('study not counted for the quality of BSNs', { code: codeOf(error) }),
        )
      }
    }
  }

  async #count(handle: string): Promise<void> {
    const { store, studies, marks, totals } = this.#deps
    const study = await studies.studyByHandle(handle)
    if (study === undefined) return
    const source = sourceOf(study)
    const judged = await this.#judge(study)
    const key = JSON.stringify(source)
    const heard = this.#decided.get(handle)
    await store.update([`quality ${handle}`, `quality ${key}`], async (tx) => {
      const before = await tx.get(marks, handle)
      // The modality of a study is that of its first instance; should it differ, the first count stands.
      if (before !== undefined && JSON.stringify(before.source) !== key) return
      const decided = heard ?? before?.decided
      const counts = { ...judged, ...decided }
      const total = (await tx.get(totals, key))?.counts ?? nothing
      const gained = difference(counts, before?.counts ?? nothing)
      const isSame = before?.decided?.agreeing === decided?.agreeing
      if (before !== undefined && isSame && measures.every((measure) => gained[measure] === 0)) return
      tx.put(totals, key, { source, counts: sum(total, gained) })
      tx.put(marks, handle, { source, counts, ...(decided === undefined ? {} : { decided }) })
    })
    if (heard !== undefined && this.#decided.get(handle) === heard) this.#decided.delete(handle)
  }

  async #judge({ patient }: StudyRecord): Promise<Counts> {
    const [number, ...others] = patient.citizenNumbers
    const bsn = number !== undefined && others.length === 0 && passesElevenTest(number) ? number : undefined
    const incoming: IncomingPatient = { ...patient, bsn }
    const known = bsn === undefined ? undefined : await this.#deps.here.administered(incoming)
    return {
      received: 1,
      present: Number(number !== undefined),
      valid: Number(bsn !== undefined),
      compared: Number(known !== undefined),
      agreeing: Number(known !== undefined && compareWith(incoming, known).sure),
    }
  }
}

/** Whether the BSN of the study turned out to be its patient's; undefined when the decision does not tell. */
function decidedBy({ kind, resolution, incoming, local }: WorkItem): Decided | undefined {
  if (kind !== 'PATIENT_CONFLICT' || incoming.bsn === undefined || local.bsn === undefined) return undefined
  const isHis = incoming.bsn === local.bsn
  if (resolution?.decision === 'same-patient') return { compared: 1, agreeing: Number(isHis) }
  // Somebody else, under the BSN of a patient of ours.
  if (resolution?.decision === 'other-patient' && isHis) return { compared: 1, agreeing: 0 }
  return undefined
}

const nothing: Counts = { received: 0, present: 0, valid: 0, compared: 0, agreeing: 0 }
const sum = (a: Counts, b: Counts) => combine(a, b, (x, y) => x + y)
const difference = (a: Counts, b: Counts) => combine(a, b, (x, y) => x - y)
function combine(a: Counts, b: Counts, by: (x: number, y: number) => number): Counts {
  const counted = measures.map((measure) => [measure, by(a[measure], b[measure])])
  return Object.fromEntries(counted) as Record<Measure, number>
}

function sourceOf({ origin, modalities }: StudyRecord): QualitySource {
  if (origin.kind === 'remote') return { kind: 'partner', ura: origin.ura }
  if (origin.kind === 'disc') return { kind: 'disc' }
  return { kind: 'device', callingAe: origin.callingAe, modality: modalities[0] ?? '' }
}
