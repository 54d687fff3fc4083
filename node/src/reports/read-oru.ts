import { createHash } from 'node:crypto'
import { isUid } from '@twiin/dicom'
import type { ReportHeading, ReportStatus } from '@twiin/dicom'
import type { Hl7Message, Segment } from '@twiin/hl7'
import { TwiinError } from '@twiin/runtime'
import type { PatientNumber } from '../patients/known-patient.ts'
import { readPid } from '../patients/read-pid.ts'
import type { OwnNumbers } from '../patients/read-pid.ts'
import { splitByHeadings } from './report-headings.ts'
import type { Section } from './report-headings.ts'

/** Bytes of text in one report, as many as a reader shows (packages/dicom). */
const mostText = 256 * 1024
const mostObservations = 2000
/** Each is a report of its own. */
const mostOrders = 100

/** One order of an ORU^R01 with what was found (spec 20 §2). Holds patient data: stored sealed. */
export interface OruReport {
  patient: { numbers: readonly PatientNumber[]; bsn?: string }
  studyInstanceUid?: string
  accessionNumbers: readonly string[]
  fillerOrderNumber: string
  placerOrderNumber: string
  /** What names it among the reports of its study. */
  service: string
  status: ReportStatus
  /** `YYYYMMDD` and `HHMMSS`; empty when nothing says when. */
  date: string
  time: string
  /** `Naam^Voornaam`. */
  author: string
  sections: readonly Section[]
  pdf?: { title: string; bytes: Uint8Array }
}

/** Every order of the message that brings a report. Throws `HL7_CONTENT` {error, location}: it can never become one. */
export function readOru(message: Hl7Message, own: OwnNumbers): OruReport[] {
  const { numbers, bsn } = readPid(message.required('PID'), own)
  if (numbers.length === 0 && bsn === null) throw wrong(101, 'PID^1^3')
  const patient = { numbers, ...(bsn === null ? {} : { bsn }) }
  const orders = ordersIn(message)
  if (orders.length === 0) throw wrong(100, 'OBR')
  if (orders.length > mostOrders) throw wrong(102, 'OBR')
  const ofAll = { zds: message.first('ZDS'), ipc: message.first('IPC'), msh: message.first('MSH') }
  return orders.map((order) => ({
    patient,
    ...identityOf(order, ofAll),
    ...contentOf(order),
  }))
}

/** The same text for the same report, whichever message brought it. */
export function fingerprint({ status, sections, pdf, date, time, author }: OruReport): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([status, sections, date, time, author, pdf?.title ?? '']))
  return hash.update(pdf?.bytes ?? '').digest('hex')
}

interface Order {
  obr: Segment
  orc: Segment | undefined
  observations: Segment[]
}

/** OBR begins an order (§7.3.1); ORC may stand before it. */
function ordersIn({ segments }: Hl7Message): Order[] {
  const orders: Order[] = []
  let orc: Segment | undefined
  for (const segment of segments) {
    if (segment.id === 'ORC') orc = segment
    else if (segment.id === 'OBR') {
      orders.push({ obr: segment, orc, observations: [] })
      orc = undefined
    } else if (segment.id === 'OBX') orders.at(-1)?.observations.push(segment)
  }
  return orders.filter(({ observations }) => observations.length > 0)
}

/** Segments that say something of every order. */
type OfAll = Readonly<Record<'zds' | 'ipc' | 'msh', Segment | undefined>>

function identityOf({ obr, orc, observations }: Order, { zds, ipc, msh }: OfAll) {
  const filler = obr.text(3) || orc?.text(3) || ''
  const placer = obr.text(2) || orc?.text(2) || ''
  const stated = observations.find((obx) => obx.text(3) === '113014' || obx.text(3) === '110180')
  const uid = stated?.text(5) || zds?.text(1) || ipc?.text(3) || ''
  const when = obr.text(22) || obr.text(7) || msh?.text(7) || ''
  return {
    ...(isUid(uid) ? { studyInstanceUid: uid } : {}),
    accessionNumbers: [...new Set([obr.text(18), ipc?.text(1) ?? '', filler, placer])].filter(
      (number) => number !== '' && number.length <= 64,
    ),
    fillerOrderNumber: filler.slice(0, 64),
    placerOrderNumber: placer.slice(0, 64),
    service: (obr.text(4) || obr.text(4, 2)).slice(0, 64),
    date: /^\d{8}/.exec(when)?.[0] ?? '',
    time: /^\d{8}(\d{4}(?:\d\d)?)/.exec(when)?.[1]?.padEnd(6, '0') ?? '',
    author: authorIn(obr),
  }
}

function contentOf({ obr, observations }: Order): Pick<OruReport, 'status' | 'sections' | 'pdf'> {
  if (observations.length > mostObservations) throw wrong(102, 'OBX')
  const status = statusOf(obr.text(25) || observations[0]?.text(11) || '')
  const documents = observations.filter((obx) => obx.text(2) === 'ED')
  const pdf = documents.length === 0 ? undefined : documentIn(documents)
  const sections = status === 'addendum' ? asAddendum(textOf(observations)) : textOf(observations)
  const size = sections.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
  if (size > mostText) throw wrong(102, 'OBX^1^5')
  if (sections.length === 0 && pdf === undefined) throw wrong(101, 'OBX^1^5')
  return { status, sections, ...(pdf === undefined ? {} : { pdf }) }
}

/** Table 0123, and 0085 where the order says nothing. */
function statusOf(code: string): ReportStatus {
  switch (code.toUpperCase()) {
    case 'F':
    case '':
      return 'final'
    case 'C':
      return 'corrected'
    case 'A':
      return 'addendum'
    case 'P':
    case 'R':
      return 'preliminary'
    default:
      throw wrong(103, 'OBR^1^25')
  }
}

const asAddendum = (sections: readonly Section[]): Section[] =>
  sections.some(({ heading }) => heading === 'addendum')
    ? [...sections]
    : sections.map(({ text }) => ({ heading: 'addendum', text }))

/** Codes and suffixes (table 0396 DCM and LN; §7.17.2) by which an observation says which part of a report it is. */
const headingOf: Readonly<Record<string, ReportHeading>> = {
  ...{ '121060': 'history', '121109': 'history', '18785-6': 'history', '55752-0': 'history' },
  ...{ '121070': 'findings', '121071': 'findings', '59776-5': 'findings', GDT: 'findings' },
  ...{ '121072': 'conclusion', '121073': 'conclusion', '121076': 'conclusion', '121077': 'conclusion' },
  ...{
    '19005-8': 'conclusion',
    IMP: 'conclusion',
    '121078': 'addendum',
    '55107-7': 'addendum',
    ADT: 'addendum',
  },
}

/** Consecutive observations of one part are its lines. */
function textOf(observations: readonly Segment[]): Section[] {
  const parts: { heading: ReportHeading | undefined; lines: string[] }[] = []
  for (const obx of observations) {
    const text = valueOf(obx)
    if (text === undefined) continue
    const named = [obx.text(3), obx.text(3, 1, 2)].find((code) => Object.hasOwn(headingOf, code))
    const heading = named === undefined ? undefined : headingOf[named]
    const last = parts.at(-1)
    if (last?.heading === heading && last !== undefined) last.lines.push(text)
    else parts.push({ heading, lines: [text] })
  }
  return parts.flatMap(({ heading, lines }) => {
    const text = lines.join('\n')
    return heading === undefined ? splitByHeadings(text) : text.trim() === '' ? [] : [{ heading, text }]
  })
}

function valueOf(obx: Segment): string | undefined {
  if (['113014', '110180'].includes(obx.text(3))) return undefined
  const label = obx.text(3, 2) || obx.text(3)
  switch (obx.text(2)) {
    case 'TX':
    case 'FT':
    case 'ST':
      return obx
        .repetitions(5)
        .map((line) => line.text())
        .join('\n')
    case 'CE':
    case 'CWE':
      return obx.text(5, 2) || obx.text(5)
    case 'NM':
      return `${label}: ${obx.text(5)} ${obx.text(6)}`.trim()
    default:
      return undefined
  }
}

/** ED (§2.A.24): application, type, subtype, encoding, data. */
function documentIn(documents: readonly Segment[]): { title: string; bytes: Uint8Array } {
  const [obx, ...others] = documents
  if (obx === undefined || others.length > 0) throw wrong(102, 'OBX^2^5')
  const kinds = [obx.text(5, 2), obx.text(5, 3)].map((kind) => kind.toUpperCase())
  if (!kinds.some((kind) => kind === 'PDF' || kind === 'APPLICATION/PDF')) throw wrong(103, 'OBX^1^5^3')
  if (obx.text(5, 4).toUpperCase() !== 'BASE64') throw wrong(103, 'OBX^1^5^4')
  const data = obx.text(5, 5)
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(data)) throw wrong(102, 'OBX^1^5^5')
  const bytes = Buffer.from(data, 'base64')
  if (bytes.toString('latin1', 0, 5) !== '%PDF-') throw wrong(102, 'OBX^1^5^5')
  return { title: (obx.text(3, 2) || 'Verslag').slice(0, 128), bytes }
}

/** OBR-32 (NDL: the name stands in subcomponents) or OBR-16. */
function authorIn(obr: Segment): string {
  const inName = [obr.text(32, 1, 2), obr.text(32, 1, 3)]
  const [family, given] = inName[0] === '' ? [obr.text(16, 2), obr.text(16, 3)] : inName
  return [family ?? '', given ?? '']
    .map((part) =>
      part
        .replace(/[\^=\\\s]+/g, ' ')
        .trim()
        .slice(0, 64),
    )
    .join('^')
    .replace(/\^+$/, '')
}

const wrong = (error: number, location: string) => new TwiinError('HL7_CONTENT', { error, location })
