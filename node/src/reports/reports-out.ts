import { encapsulatedPdf, readReportDocument } from '@twiin/dicom'
import type { EgressOverlay, ReportDocument } from '@twiin/dicom'
import { writeMessage } from '@twiin/hl7'
import type { Acknowledgement, SegmentValue } from '@twiin/hl7'
import { codeOf, isTwiinError, doubled } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { InstanceRecord, StudyRecord, StudyStore } from '@twiin/study-store'
import { reportText } from './render-report.ts'

/** A report from elsewhere that still has to be told to the RIS, or could not be. Holds patient data: sealed. */
export interface ReportOut {
  /** `<study>.<report>` */
  id: string
  owner: string
  sopInstanceUid: string
  /** Under what it was filed: never a number of the other hospital as if it were ours. */
  patient: { id: string; issuer: string; name: string; birthDate: string; sex: string }
  accession: { number: string; issuer: string }
  at: number
  /** Among those of the same moment. */
  place: number
  attempts: number
  /** How often it was answered, and not taken; silence is no answer. */
  refusals: number
  nextTryAt: number
  /** Why it was not taken, for good. */
  failed?: string
}

interface Deps {
  studies: StudyStore
  queue: Repository<ReportOut>
  /** What was told, or was gone before it could be: never again. */
  told: Repository<true>
  /** Absent when no RIS is configured: then nothing is noted. */
  client: { send(message: Buffer, signal?: AbortSignal): Promise<Acknowledgement> } | undefined
  sealer: Sealer
  clock: Clock
  log: Logger
}

const longestPauseMs = 3_600_000
const mostRefusals = 8

/** Tells the hospital's RIS by ORU^R01 of reports that came from elsewhere and are in the PACS (spec 20 §4). */
export class ReportsOut implements Service {
  readonly name = 'reports-out'
  readonly #options: { hospital: string; retryMs: number }
  readonly #deps: Deps
  #stopping = new AbortController()
  #wake = Promise.withResolvers<void>()
  #done: Promise<void> = Promise.resolve()

  constructor(options: { hospital: string; retryMs: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** What the PACS took. Durable when it resolves; each report once. */
  async note(
    study: StudyRecord,
    instances: readonly InstanceRecord[],
    overlay: EgressOverlay,
  ): Promise<void> {
    const { client, queue, told, sealer, clock } = this.#deps
    const { patientId } = overlay
    // Without a number of this hospital the RIS would not know whose report it is.
    if (client === undefined || patientId === undefined) return
    const { name, birthDate, sex } = study.patient
    const at = clock.now()
    // They came in any order; a version has a higher number than the one that it replaces.
    const inOrder = instances.toSorted((a, b) => (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0))
    for (const [place, { sopInstanceUid, isReport, origin }] of inOrder.entries()) {
      if (!isReport || origin.kind !== 'remote') continue
      // The same for the same instance.
      const id = `${study.handle}.${sealer.opaque('report out', sopInstanceUid)}`
      if ((await told.has(id)) || (await queue.has(id))) continue
      await queue.put(id, {
        ...{ id, owner: origin.ura, sopInstanceUid, at, place, attempts: 0, refusals: 0, nextTryAt: at },
        patient: { id: patientId.id, issuer: patientId.issuer ?? '', name, birthDate, sex },
        accession: { number: overlay.accession?.number ?? '', issuer: overlay.accession?.issuer ?? '' },
      })
    }
    this.#wake.resolve()
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    if (this.#deps.client !== undefined) this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    this.#wake.resolve()
    await this.#done
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      let next = Infinity
      try {
        next = await this.#workOff(signal)
      } catch (error) {
        log.warn('reports for the RIS wait', { code: codeOf(error) })
        next = clock.now() + this.#options.retryMs
      }
      if (signal.aborted) return
      const pauseMs = Math.max(next - clock.now(), 10)
      const slept = Number.isFinite(next)
        ? clock.sleep(pauseMs, signal).catch(() => {})
        : new Promise(() => {})
      await Promise.race([this.#wake.promise, slept])
    }
  }

  /** When there is something to do again. A report that has to wait holds back the later ones of its study. */
  async #workOff(signal: AbortSignal): Promise<number> {
    const { queue, clock } = this.#deps
    let next = Infinity
    const pending: ReportOut[] = []
    for await (const [, item] of queue.entries()) if (item.nextTryAt !== Infinity) pending.push(item)
    const heldBack = new Set<string>()
    for (const item of pending.sort((a, b) => a.at - b.at || a.place - b.place)) {
      if (signal.aborted) return next
      const study = item.id.slice(0, item.id.indexOf('.'))
      if (heldBack.has(study)) continue
      const nextTryAt = item.nextTryAt > clock.now() ? item.nextTryAt : await this.#try(item, signal)
      if (nextTryAt !== Infinity) heldBack.add(study)
      next = Math.min(next, nextTryAt)
    }
    return next
  }

  async #try(item: ReportOut, signal: AbortSignal): Promise<number> {
    const { queue, told } = this.#deps
    // The mark stood, and a crash came before the item went.
    const after = (await told.has(item.id)) ? 'told' : await this.#tell(item, signal)
    if (after !== 'told') {
      await queue.put(item.id, after)
      return after.nextTryAt
    }
    await told.put(item.id, true)
    await queue.delete(item.id)
    return Infinity
  }

  async #tell(item: ReportOut, signal: AbortSignal): Promise<ReportOut | 'told'> {
    const { client, clock, log } = this.#deps
    const over = { ...item, nextTryAt: Infinity }
    const attempts = item.attempts + 1
    const pause = doubled(attempts, { firstMs: this.#options.retryMs, mostMs: longestPauseMs })
    const again = { ...item, attempts, nextTryAt: clock.now() + pause }
    try {
      const message = await this.#write(item)
      // Taken back, or gone, before it was told.
      if (message === undefined || client === undefined) return 'told'
      const answer = await client.send(message, signal)
      if (answer.accepted) return 'told'
      const refusals = item.refusals + 1
      const reason = `${answer.code} ${answer.error}`.trim()
      log.warn('the RIS refused a report', { code: answer.code, error: answer.error })
      if (answer.mayRetry && refusals < mostRefusals) return { ...again, refusals }
      return { ...over, attempts, refusals, failed: reason }
    } catch (error) {
      if (isTwiinError(error, 'DICOM_UNREADABLE', 'REPORT_TOO_LARGE')) return { ...over, failed: error.code }
      if (!signal.aborted) log.info('the RIS does not answer', { code: codeOf(error) })
      return signal.aborted ? item : again
    }
  }

  async #write(item: ReportOut): Promise<Buffer | undefined> {
    const { studies, clock } = this.#deps
    const instance = await studies.instanceByUid(item.sopInstanceUid, item.owner)
    if (instance === undefined) return undefined
    const { transferSyntaxUid, size, sopClassUid } = instance
    const document = await readReportDocument(
      { transferSyntaxUid, size, dataSet: studies.readDataSet(instance) },
      { isEncapsulated: sopClassUid === encapsulatedPdf },
    )
    const { hospital } = this.#options
    return writeMessage(
      {
        ...{ sendingApplication: 'TWIIN', sendingFacility: hospital, receivingApplication: 'RIS' },
        ...{ receivingFacility: hospital, type: ['ORU', 'R01', 'ORU_R01'], now: clock.now() },
        // The same for every try: the RIS knows by it what it has.
        controlId: item.id.slice(-20),
      },
      segmentsOf(item, document),
    )
  }
}

function segmentsOf({ patient, accession }: ReportOut, document: ReportDocument): SegmentValue[] {
  const status = { preliminary: 'P', final: 'F', corrected: 'C', addendum: 'C' }[document.status]
  const when = `${document.date}${document.time}`.replace(/\D/g, '')
  const order = [accession.number, accession.issuer] as const
  const { encapsulated } = document
  const observations: SegmentValue[] =
    encapsulated === undefined
      ? reportText(document)
          .split('\n')
          .map((line, at) => [
            'OBX',
            {
              1: String(at + 1),
              2: 'TX',
              3: ['18748-4', 'Diagnostic imaging report', 'LN'],
              5: line,
              11: status,
            },
          ])
      : [
          [
            'OBX',
            {
              ...{ 1: '1', 2: 'ED', 3: ['18748-4', 'Diagnostic imaging report', 'LN'], 11: status },
              5: [
                'TWIIN',
                'application',
                'PDF',
                'Base64',
                Buffer.from(encapsulated.bytes).toString('base64'),
              ],
            },
          ],
        ]
  return [
    [
      'PID',
      {
        ...{
          1: '1',
          3: [patient.id, '', '', patient.issuer, 'PI'],
          5: patient.name.split('=')[0]?.split('^') ?? [],
        },
        ...{ 7: patient.birthDate.replaceAll('-', ''), 8: patient.sex },
      },
    ],
    [
      'OBR',
      {
        ...{
          1: '1',
          3: order,
          4: ['18748-4', document.study.description, 'LN'],
          7: when,
          18: accession.number,
        },
        ...{ 22: when, 25: status, 32: document.author },
      },
    ],
    ...observations,
    [
      'OBX',
      { 1: '9999', 2: 'ST', 3: ['113014', 'DICOM Study', 'DCM'], 5: document.studyInstanceUid, 11: status },
    ],
  ]
}
