import type { Hl7Message } from '@twiin/hl7'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { StudyRecord } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import type { ExceptionWorklist } from '../filing/exception-worklist.ts'
import type { Hl7Handler, Received } from '../hl7/hl7-handler.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { PatientsKnown } from '../patients/known-patient.ts'
import type { OwnNumbers } from '../patients/read-pid.ts'
import { matchStudy } from './match-study.ts'
import { fingerprint, readOru } from './read-oru.ts'
import type { OruReport } from './read-oru.ts'
import { reportConflict, reportUnmatched } from './report-conflict.ts'
import type { StoreAuthored } from './store-authored.ts'
import { keyOf, writeReport } from './write-report.ts'
import type { Version } from './write-report.ts'

/** spec 20 §2. */
const mostWaiting = 100_000
const longestWaitMs = 30 * 86_400_000
/** How often it is looked at what waited too long. */
const sweepMs = 3_600_000

/** `order`: place of its message in the inbox; versions of a report are taken in that order. */
export interface Waiting {
  order: string
  report: OruReport
  /** Since when. Milliseconds since the epoch. */
  at: number
  /** Says nothing about who it is. */
  sender: string
}

interface Options {
  own: OwnNumbers
  ura: string
  institution: string
  /** How many reports of one sender wait; one sender leaves room for the others. */
  mostOfSender: number
}

interface Deps {
  studies: Holdings
  patients: PatientsKnown
  authored: StoreAuthored
  worklist: ExceptionWorklist
  /** `<study>/<report>` → its versions, oldest first. */
  versions: Repository<readonly Version[]>
  /** `<what it waits for>/<report>` → a report whose study is not here. */
  waiting: Repository<Waiting>
  /** What is new in a study goes on to who received it. Durable when it resolves. */
  follow: (instance: { studyInstanceUid: string; sopInstanceUid: string }) => Promise<void>
  account: Account
  sealer: Sealer
  clock: Clock
  log: Logger
}

/** Reports from the hospital's RIS (ORU^R01) become part of their studies, at once or when those arrive (spec 20 §2). */
export class IncomingReports implements Hl7Handler, Service {
  readonly name = 'reports'
  readonly #options: Options
  readonly #deps: Deps
  readonly #arrived = new Set<string>()
  /** Entries that wait: all, and of each sender. */
  #count = 0
  readonly #counts = new Map<string, number>()
  #everything = true
  #sweepAt = 0
  #stopping = new AbortController()
  #wake = Promise.withResolvers<void>()
  #turn: Promise<unknown> = Promise.resolve()
  #done: Promise<void> = Promise.resolve()
  #stopListening = () => {}

  constructor(options: Options, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  handles(type: string): boolean {
    return type === 'ORU' || type === 'ORU^R01'
  }

  check(message: Hl7Message): void {
    readOru(message, this.#options.own)
  }

  /** Durable when it resolves: in its study, or waiting for it. Throws `HL7_CONTENT`, `OUT_OF_RESOURCES`. */
  async handle(message: Hl7Message, { id }: Received): Promise<void> {
    const msh = message.first('MSH')
    const sender = this.#opaque(`sender ${JSON.stringify([msh?.text(3), msh?.text(4)])}`)
    for (const report of readOru(message, this.#options.own))
      await this.#inTurn(() => this.#take({ report, order: id, sender }))
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#everything = true
    this.#count = 0
    this.#counts.clear()
    this.#sweepAt = 0
    for await (const [, { sender }] of this.#deps.waiting.entries()) this.#counted(sender, 1)
    this.#stopListening = this.#deps.studies.onChange(({ handle, what }) => {
      if (what !== 'arrived' || this.#count === 0) return
      this.#arrived.add(handle)
      this.#wake.resolve()
    })
    this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopListening()
    this.#stopping.abort(new Error('stopping'))
    this.#wake.resolve()
    await this.#done
    await this.#turn
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      try {
        await this.#inTurn(async () => {
          await this.#look()
          await this.#giveUp()
        })
      } catch (error) {
        // The disk, most likely; everything is looked at again behind the next arrival.
        this.#everything = true
        this.#deps.log.error('waiting reports not looked at', { code: codeOf(error) })
      }
      if (signal.aborted) return
      const untilSweep = new AbortController()
      const sweep = this.#deps.clock.sleep(sweepMs, untilSweep.signal).catch(() => {})
      await Promise.race([this.#wake.promise, sweep])
      untilSweep.abort(new Error('woken'))
    }
  }

  /** Of one report one version at a time: each names the one before it. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #take(waiting: Omit<Waiting, 'at'>): Promise<void> {
    const { report, sender } = waiting
    const match = await matchStudy(report, this.#deps.studies, this.#deps.patients)
    if (match !== undefined && 'study' in match) return this.#attach(report, match.study)
    if (match !== undefined)
      await this.#deps.worklist.raise(reportConflict(match.conflict, report, this.#nameOf(report)))
    // Told again, and by somebody else: it counts for who told it first, and waits since then.
    const missing: string[] = []
    for (const key of this.#keysOf(report)) if (!(await this.#deps.waiting.has(key))) missing.push(key)
    if (missing.length === 0) return
    if (this.#count >= mostWaiting || (this.#counts.get(sender) ?? 0) >= this.#options.mostOfSender)
      throw new TwiinError('OUT_OF_RESOURCES')
    for (const key of missing) {
      await this.#deps.waiting.put(key, { ...waiting, at: this.#deps.clock.now() })
      this.#counted(sender, 1)
    }
  }

  #counted(sender: string, more: number): void {
    this.#count += more
    const count = (this.#counts.get(sender) ?? 0) + more
    if (count > 0) this.#counts.set(sender, count)
    else this.#counts.delete(sender)
  }

  /** What no study came for is a person's to look into; its text is with who wrote it. */
  async #giveUp(): Promise<void> {
    const { waiting, worklist, clock } = this.#deps
    if (clock.now() < this.#sweepAt) return
    const since = clock.now() - longestWaitMs
    for await (const [, { report, at }] of waiting.entries()) {
      if (at > since) continue
      await worklist.raise(reportUnmatched(report, this.#nameOf(report)))
      await this.#forget(report)
    }
    this.#sweepAt = clock.now() + sweepMs
  }

  async #forget(report: OruReport): Promise<void> {
    const { waiting } = this.#deps
    for (const key of this.#keysOf(report)) {
      const entry = await waiting.get(key)
      if (entry === undefined) continue
      await waiting.delete(key)
      this.#counted(entry.sender, -1)
    }
  }

  async #look(): Promise<void> {
    if (this.#everything) {
      this.#everything = false
      for await (const [, { report }] of this.#deps.waiting.entries()) {
        const match = await matchStudy(report, this.#deps.studies, this.#deps.patients)
        if (match !== undefined && 'study' in match) this.#arrived.add(match.study.handle)
      }
    }
    for (const handle of [...this.#arrived]) {
      this.#arrived.delete(handle)
      const study = await this.#deps.studies.studyByHandle(handle)
      if (study?.origin.kind === 'local') await this.#takeWaiting(study)
    }
  }

  async #takeWaiting({ studyInstanceUid, accessionNumber }: StudyRecord): Promise<void> {
    const { waiting, studies, patients } = this.#deps
    const found: Waiting[] = []
    for (const text of [uidKey(studyInstanceUid), accessionKey(accessionNumber)])
      for await (const [, one] of waiting.entries({ prefix: `${this.#opaque(text)}/` })) found.push(one)
    for (const { report } of found.sort((a, b) => (a.order < b.order ? -1 : 1))) {
      const match = await matchStudy(report, studies, patients)
      if (match === undefined || !('study' in match)) continue
      await this.#attach(report, match.study)
      await this.#forget(report)
    }
  }

  async #attach(report: OruReport, study: StudyRecord): Promise<void> {
    const { versions, authored, account, follow } = this.#deps
    const { studyInstanceUid } = study
    const key = `${this.#opaque(studyInstanceUid)}/${this.#opaque(keyOf(report))}`
    const before = (await versions.get(key)) ?? []
    const written = writeReport(report, study, before, this.#options)
    const fresh = written.filter(
      ({ version }) => !before.some(({ sopInstanceUid }) => sopInstanceUid === version.sopInstanceUid),
    )
    if (fresh.length === 0) return
    for (const { instance } of fresh) await authored.store(instance)
    await account.record({
      event: 'study-stored',
      outcome: 'success',
      patient: patientOnRecord(study),
      objects: { studyInstanceUids: [studyInstanceUid], count: fresh.length },
      protocol: `HL7 ORU^R01, ${report.status}`,
    })
    for (const { instance } of fresh)
      await follow({ studyInstanceUid, sopInstanceUid: instance.sopInstanceUid })
    // Last: until it stands, telling it again does all of this again, with the same result.
    await versions.put(key, [...before, ...fresh.map(({ version }) => version)])
  }

  /** Under each of what it can be found by once its study comes. */
  #keysOf(report: OruReport): string[] {
    const { studyInstanceUid, accessionNumbers } = report
    const waitsFor = [
      ...(studyInstanceUid === undefined ? [] : [uidKey(studyInstanceUid)]),
      ...accessionNumbers.map(accessionKey),
    ]
    return waitsFor.map((text) => `${this.#opaque(text)}/${this.#nameOf(report)}`)
  }

  #nameOf(report: OruReport): string {
    return this.#opaque(`${keyOf(report)} ${fingerprint(report)}`)
  }

  #opaque(text: string): string {
    return this.#deps.sealer.opaque('report', text)
  }
}

const uidKey = (uid: string) => `uid ${uid}`
const accessionKey = (number: string) => `accession ${number}`
