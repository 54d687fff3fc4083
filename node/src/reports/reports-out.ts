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
  id: string
  owner: string
  sopInstanceUid: string
  /** Under what it was filed: never a number of the other hospital as if it were ours. */
  patient: { id: string; issuer: string; name: string; birthDate: string; sex: string }
  accession: { number: string; issuer: string }
  at: number
  attempts: number
  nextTryAt: number
  /** Why it was not taken, for good. */
  failed?: string
}

interface Deps {
  studies: StudyStore
  queue: Repository<ReportOut>
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
    const { client, queue, sealer, clock } = this.#deps
    const { patientId } = overlay
    // Without a number of this hospital the RIS would not know whose report it is.
    if (client === undefined || patientId === undefined) return
    const { name, birthDate, sex } = study.patient
    for (const { sopInstanceUid, isReport, origin } of instances) {
      if (!isReport || origin.kind !== 'remote') continue
      // In order of arrival, and the same for the same instance.
      const id = `${study.handle}.${sealer.opaque('report out', sopInstanceUid)}`
      if (await queue.has(id)) continue
      await queue.put(id, {
        ...{ id, owner: origin.ura, sopInstanceUid, at: clock.now(), attempts: 0, nextTryAt: clock.now() },
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

  /** When there is something to do again. What was told stays, marked so, that it is not told twice. */
  async #workOff(signal: AbortSignal): Promise<number> {
    const { queue, clock } = this.#deps
    let next = Infinity
    const due: ReportOut[] = []
    for await (const [, item] of queue.entries()) {
      if (item.nextTryAt === Infinity) continue
      if (item.nextTryAt > clock.now()) next = Math.min(next, item.nextTryAt)
      else due.push(item)
    }
    for (const item of due.sort((a, b) => a.at - b.at)) {
      if (signal.aborted) return next
      const after = await this.#tell(item, signal)
      await queue.put(item.id, after)
      next = Math.min(next, after.nextTryAt)
    }
    return next
  }

  async #tell(item: ReportOut, signal: AbortSignal): Promise<ReportOut> {
    const { client, clock, log } = this.#deps
    const over = { ...item, nextTryAt: Infinity }
    const attempts = item.attempts + 1
    const pause = doubled(attempts, { firstMs: this.#options.retryMs, mostMs: longestPauseMs })
    const again = { ...item, attempts, nextTryAt: clock.now() + pause }
    try {
      const message = await this.#write(item)
      // Taken back, or gone, before it was told.
      if (message === undefined || client === undefined) return over
      const answer = await client.send(message, signal)
      if (answer.accepted) return over
      const reason = `${answer.code} ${answer.error}`.trim()
      log.warn('the RIS refused a report', { code: answer.code, error: answer.error })
      return answer.mayRetry && attempts < mostRefusals ? again : { ...over, attempts, failed: reason }
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
