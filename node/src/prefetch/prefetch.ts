import type { Hl7Message } from '@twiin/hl7'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { isComplete } from '../find/patient-search.ts'
import type { PatientSearch } from '../find/patient-search.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Hl7Handler, Received } from '../hl7/hl7-handler.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { PatientsKnown } from '../patients/known-patient.ts'
import type { OwnNumbers } from '../patients/read-pid.ts'
import type { Person } from '../people/people-file.ts'
import type { Retrievals } from '../retrieve/retrievals.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { TransferDesk } from '../transfers/transfer-desk.ts'
import { choosePriors, ruleFor } from './choose-priors.ts'
import type { PrefetchOrder, PrefetchOrders } from './prefetch-orders.ts'
import type { PrefetchSettings } from './prefetch-settings.ts'
import { appointmentMessages, orderMessages, readOrders } from './read-order.ts'

const hourMs = 3_600_000
const firstPauseMs = 60_000
/** spec 17 §6: how long it is tried, how long it is known, how many wait at the most. */
const triedMs = 24 * hourMs
const keptMs = 400 * 24 * hourMs
const mostWaiting = 20_000

interface Deps {
  orders: PrefetchOrders
  patients: PatientsKnown
  searches: PatientSearches
  retrievals: Pick<Retrievals, 'request'>
  studies: Pick<Holdings, 'copiesOf'>
  book: TransferBook
  desk: Pick<TransferDesk, 'cancel'>
  clock: Clock
  log: Logger
}

/** What was ordered brings the patient's earlier studies here, before anybody opens them (spec 17 §6). */
export class Prefetch implements Hl7Handler, Service {
  readonly name = 'prefetch'
  readonly #settings: PrefetchSettings
  readonly #own: OwnNumbers
  readonly #person: Person
  readonly #deps: Deps
  /** Id → when it is looked at next. */
  readonly #waiting = new Map<string, number>()
  /** When searches began, within the last hour. */
  #begun: number[] = []
  #stopping = new AbortController()
  #wake = Promise.withResolvers<void>()
  #done: Promise<void> = Promise.resolve()

  constructor({ settings, own }: { settings: PrefetchSettings; own: OwnNumbers }, deps: Deps) {
    this.#settings = settings
    this.#own = own
    this.#person = { id: 'prefetch', name: settings.responsible, role: settings.role }
    this.#deps = deps
  }

  handles(type: string): boolean {
    return [...orderMessages, ...appointmentMessages].some(
      (one) => one === type || one.split('^')[0] === type,
    )
  }

  check(message: Hl7Message): void {
    readOrders(message, this.#own)
  }

  async handle(message: Hl7Message, { id, at }: Received): Promise<void> {
    const { patient, orders } = readOrders(message, this.#own)
    const { type: messageType, header } = message
    for (const [place, order] of orders.entries()) {
      if (order.act === 'other') continue
      const isWanted = ruleFor(this.#settings.rules, order.facts) !== undefined
      const sender = header.sendingApplication
      const received = { id, at, place }
      if (isWanted && this.#waiting.size >= mostWaiting) {
        this.#deps.log.warn('order not prefetched', { reason: 'OUT_OF_RESOURCES' })
        continue
      }
      const known = await this.#deps.orders.take({
        ...{ order, patient, messageType, sender, received, isWanted },
      })
      if (known?.state === 'waiting') this.#waiting.set(known.id, known.nextTryAt)
      if (known?.state === 'cancelled') await this.#stop(known)
    }
    this.#wake.resolve()
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#waiting.clear()
    this.#begun = []
    const { orders, clock } = this.#deps
    const now = clock.now()
    for await (const [id, order] of orders.entries()) {
      const { state, nextTryAt, begunAt, orderedAt } = order
      if (state === 'waiting' || state === 'begun') this.#waiting.set(id, nextTryAt)
      else if (now - orderedAt > keptMs) await orders.forget(order)
      if (begunAt !== undefined && begunAt > now - hourMs) this.#begun.push(begunAt)
    }
    this.#begun.sort((a, b) => a - b)
    this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new TwiinError('STOPPED'))
    await this.#done
  }

  async #work(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      const nextAt = await this.#lookAtAll(signal)
      if (signal.aborted) return
      const timer = new AbortController()
      const pause = Number.isFinite(nextAt)
        ? this.#deps.clock.sleep(Math.max(1, nextAt - this.#deps.clock.now()), timer.signal).catch(() => {})
        : stopped
      await Promise.race([pause, this.#wake.promise, stopped])
      timer.abort(new TwiinError('STOPPED'))
    }
  }

  /** One after the other, the oldest first. Returns when there is something to do again. */
  async #lookAtAll(signal: AbortSignal): Promise<number> {
    const { clock } = this.#deps
    for (const id of [...this.#waiting.keys()].sort()) {
      if (signal.aborted) return Infinity
      if ((this.#waiting.get(id) ?? Infinity) > clock.now()) continue
      this.#begun = this.#begun.filter((at) => at > clock.now() - hourMs)
      const [oldest] = this.#begun
      if (oldest !== undefined && this.#begun.length >= this.#settings.perHour) return oldest + hourMs
      await this.#look(id, signal)
    }
    return [...this.#waiting.values()].reduce((first, at) => Math.min(first, at), Infinity)
  }

  async #look(id: string, signal: AbortSignal): Promise<void> {
    const { orders, clock, log } = this.#deps
    try {
      const order = await orders.get(id)
      if (order?.state === 'waiting' || order?.state === 'begun') await this.#bring(order, signal)
      this.#waiting.delete(id)
    } catch (error) {
      if (signal.aborted) return
      const code = codeOf(error)
      log.info('order not prefetched yet', { order: id, code })
      await this.#later(id, code).catch((failure: unknown) => {
        // The disk, most likely.
        log.error('order not noted', { code: codeOf(failure) })
        this.#waiting.set(id, clock.now() + firstPauseMs)
      })
    }
  }

  async #later(id: string, code: string): Promise<void> {
    const { orders, clock, log } = this.#deps
    const now = clock.now()
    const after = await orders.change(id, ({ state, orderedAt, attempts }) => {
      if (state === 'cancelled') return undefined
      if (now - orderedAt > triedMs) return { state: 'done' }
      return {
        attempts: attempts + 1,
        nextTryAt: now + Math.min(firstPauseMs * 2 ** Math.min(attempts, 10), hourMs),
      }
    })
    if (after.state === 'done') log.warn('order not prefetched', { order: id, reason: code })
    if (after.state === 'done' || after.state === 'cancelled') this.#waiting.delete(id)
    else this.#waiting.set(id, after.nextTryAt)
  }

  /** Throws what a search throws, and `BSN_UNKNOWN`. */
  async #bring(order: PrefetchOrder, signal: AbortSignal): Promise<void> {
    const { orders, searches, retrievals, clock, log } = this.#deps
    const { id, reason, messageType } = order
    const rule = ruleFor(this.#settings.rules, order.facts)
    const { bsn, birthDate } = await this.#whose(order)
    const begunAt = clock.now()
    const begun = await orders.change(id, ({ state }) =>
      state === 'cancelled' ? undefined : { state: 'begun', begunAt },
    )
    if (begun.state === 'cancelled' || rule === undefined) return
    this.#begun.push(begunAt)
    const searchId = await searches.begin(
      {
        ...{ bsn, purpose: { basis: 'treatment', reason }, protocol: `prefetch: HL7 ${messageType}` },
        ...(birthDate === undefined ? {} : { birthDate }),
      },
      this.#person,
    )
    const search = await this.#answered(searchId, signal)
    let count = 0
    for (const { studyInstanceUid, holder } of choosePriors(rule, search.studies, clock.now())) {
      if (await this.#isComing(studyInstanceUid)) continue
      signal.throwIfAborted()
      if ((await orders.get(id))?.state === 'cancelled') return
      const transfer = await retrievals.request(
        { searchId, studyInstanceUid, holder, destination: 'pacs', background: true },
        this.#person,
      )
      count++
      const noted = await orders.change(id, (now) => ({ retrievals: [...now.retrievals, transfer] }))
      // Cancelled while it was asked for.
      if (noted.state === 'cancelled') return this.#stop(noted)
    }
    await orders.change(id, ({ state }) => (state === 'cancelled' ? undefined : { state: 'done' }))
    log.info('order prefetched', { order: id, search: searchId, retrievals: count })
  }

  /** By the order itself, or by what the hospital's administration says of the number. */
  async #whose({ patient }: PrefetchOrder): Promise<{ bsn: string; birthDate?: string }> {
    const bsns = new Set(patient.bsn === undefined ? [] : [patient.bsn])
    let { birthDate } = patient
    for (const number of patient.numbers) {
      const known = await this.#deps.patients.numbered(number)
      if (known === undefined) continue
      if (known.bsn !== undefined && !known.doubts.includes('bsn')) bsns.add(known.bsn)
      if (known.birthDate.length === 10 && !known.doubts.includes('birthDate')) birthDate ??= known.birthDate
    }
    const [bsn, ...others] = bsns
    // Two of them: whose images come would be a guess.
    if (bsn === undefined || others.length > 0) throw new TwiinError('BSN_UNKNOWN')
    return { bsn, ...(birthDate === undefined ? {} : { birthDate }) }
  }

  /** With every answer, or with those that came in time. */
  async #answered(searchId: string, signal: AbortSignal): Promise<PatientSearch> {
    const { searches, clock } = this.#deps
    const complete = Promise.withResolvers<void>()
    const look = () => {
      const search = searches.find(searchId, this.#person)
      if (search === undefined || isComplete(search)) complete.resolve()
    }
    const stopListening = searches.onChange(look)
    const timer = new AbortController()
    try {
      look()
      const patience = clock.sleep(this.#settings.waitSeconds * 1000, AbortSignal.any([timer.signal, signal]))
      await Promise.race([complete.promise, patience])
      const search = searches.find(searchId, this.#person)
      if (search === undefined) throw new TwiinError('NOT_FOUND')
      return search
    } finally {
      stopListening()
      timer.abort(new TwiinError('STOPPED'))
    }
  }

  /** Something of it is here, or somebody is fetching it. */
  async #isComing(studyInstanceUid: string): Promise<boolean> {
    const { book, studies } = this.#deps
    const isUnderWay = book
      .active()
      .some((record) => record.kind === 'retrieval' && record.studyInstanceUid === studyInstanceUid)
    return isUnderWay || (await studies.copiesOf(studyInstanceUid)).length > 0
  }

  /** Retrievals that have not begun do not begin any more; what is under way is brought. */
  async #stop({ id, retrievals }: PrefetchOrder): Promise<void> {
    this.#waiting.delete(id)
    for (const transfer of retrievals) {
      const record = this.#deps.book.working(transfer)
      if (record?.state === 'queued' && record.attempts === 0)
        await this.#deps.desk.cancel(transfer, this.#person)
    }
  }
}
