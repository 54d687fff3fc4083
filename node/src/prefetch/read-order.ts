import type { Hl7Message, Segment } from '@twiin/hl7'
import { TwiinError } from '@twiin/runtime'
import type { PatientNumber } from '../patients/known-patient.ts'
import { readPid } from '../patients/read-pid.ts'
import type { OwnNumbers } from '../patients/read-pid.ts'

/** What rules ask of an order. */
export interface OrderFacts {
  readonly modalities: readonly string[]
  readonly bodyParts: readonly string[]
  /** Codes and texts of what is to be done. */
  readonly description: string
}

/** Whose it is, as the order says. Holds patient data: stored sealed. */
export interface OrderedFor {
  readonly numbers: readonly PatientNumber[]
  readonly bsn?: string
  /** `YYYY-MM-DD`. */
  readonly birthDate?: string
}

/** One order, or one appointment. */
export interface Order {
  readonly act: 'ordered' | 'cancelled' | 'other'
  /** What it is known by at the system that sent it; not empty. */
  readonly numbers: readonly string[]
  readonly facts: OrderFacts
  /** For who is asked: number and text, at most 500 characters. */
  readonly reason: string
}

export const orderMessages = ['ORM^O01', 'OMG^O19', 'OMI^O23']
export const appointmentMessages = ['SIU^S12', 'SIU^S13', 'SIU^S14', 'SIU^S15', 'SIU^S17']
const mostOrders = 100
const longest = 64

/** HL7 table 0119, ORC-1. What else there is says how an order goes, not that there is one. */
const ordering = new Set(['NW', 'SN', 'XO', 'XX', 'RP', 'RO', 'RU', 'PA', 'CH', 'SC'])
const cancelling = new Set(['CA', 'DC', 'OC', 'CR', 'OD', 'DR'])
/** Table 0038, ORC-5. */
const cancelledStatus = new Set(['CA', 'DC'])
const openStatus = new Set(['', 'A', 'HD', 'IP', 'SC'])

/** Throws `HL7_CONTENT` {error, location}: it is no order, or nobody can say whose. */
export function readOrders(message: Hl7Message, own: OwnNumbers): { patient: OrderedFor; orders: Order[] } {
  const pid = message.required('PID')
  // An appointment of several people: whose studies it is about, it does not say.
  if (message.all('PID').length > 1) throw wrong(102, 'PID^2')
  const { numbers, bsn, birthDate, doubts } = readPid(pid, own)
  if (numbers.length === 0 && bsn === null) throw wrong(101, 'PID^1^3')
  const patient = {
    numbers,
    ...(bsn === null || doubts.includes('bsn') ? {} : { bsn }),
    ...(birthDate?.length === 10 && !doubts.includes('birthDate') ? { birthDate } : {}),
  }
  return { patient, orders: message.type.startsWith('SIU') ? [appointmentIn(message)] : ordersIn(message) }
}

function ordersIn(message: Hl7Message): Order[] {
  const groups: Segment[][] = []
  for (const segment of message.segments)
    if (segment.id === 'ORC') groups.push([segment])
    else groups.at(-1)?.push(segment)
  if (groups.length === 0) throw wrong(100, 'ORC')
  if (groups.length > mostOrders) throw wrong(102, 'ORC')
  return groups.map((segments, i) => {
    const [orc] = segments
    const obr = segments.find(({ id }) => id === 'OBR')
    const control = orc?.text(1).toUpperCase() ?? ''
    if (control === '') throw wrong(101, `ORC^${i + 1}^1`)
    const act = actOf(control, orc?.text(5).toUpperCase() ?? '')
    const placer = orc?.text(2) || obr?.text(2) || ''
    const filler = orc?.text(3) || obr?.text(3) || ''
    const numbers = named({ placer, filler })
    if (numbers.length === 0 && act !== 'other') throw wrong(101, `ORC^${i + 1}^2`)
    return { act, numbers, ...factsIn(segments, placer || filler) }
  })
}

function appointmentIn(message: Hl7Message): Order {
  const sch = message.required('SCH')
  const numbers = named({
    ...{ placer: sch.text(26), filler: sch.text(27) },
    ...{ 'placer appointment': sch.text(1), 'filler appointment': sch.text(2) },
  })
  if (numbers.length === 0) throw wrong(101, 'SCH^1^2')
  const isCancelled = ['SIU^S15', 'SIU^S17'].includes(message.type)
  const number = sch.text(26) || sch.text(27) || sch.text(1) || sch.text(2)
  return { act: isCancelled ? 'cancelled' : 'ordered', numbers, ...factsIn(message.segments, number) }
}

function actOf(control: string, status: string): Order['act'] {
  if (cancelling.has(control)) return 'cancelled'
  if (!ordering.has(control)) return 'other'
  if (cancelledStatus.has(status)) return 'cancelled'
  return openStatus.has(status) ? 'ordered' : 'other'
}

const named = (numbers: Record<string, string>) =>
  Object.entries(numbers)
    .filter(([, number]) => number !== '' && number.length <= longest)
    .map(([kind, number]) => `${kind} ${number}`)

function factsIn(segments: readonly Segment[], number: string): Pick<Order, 'facts' | 'reason'> {
  const all = (id: string, field: number, components: readonly number[]) =>
    segments
      .filter((segment) => segment.id === id)
      .slice(0, mostOrders)
      .flatMap((segment) => components.map((component) => segment.text(field, component)))
      .filter((text) => text !== '')
      .map((text) => text.slice(0, 200))
  const texts = [...all('OBR', 4, [2, 5]), ...all('OBR', 44, [2]), ...all('AIS', 3, [2, 5])]
  const codes = [...all('OBR', 4, [1, 4]), ...all('OBR', 44, [1]), ...all('AIS', 3, [1, 4])]
  return {
    facts: {
      // IHE Scheduled Workflow: the modality of the step stands in OBR-24, of an imaging order in IPC-5.
      modalities: [...new Set([...all('OBR', 24, [1]), ...all('IPC', 5, [1])])],
      bodyParts: [...new Set(segments.filter(({ id }) => id === 'OBR').flatMap(siteIn))],
      description: [...new Set([...texts, ...codes])].join(' ').slice(0, 2000),
    },
    reason: `Order ${number}: ${texts[0] ?? codes[0] ?? ''}`.trim().slice(0, 500),
  }
}

/** OBR-15.4, body site: code and text. */
const siteIn = (obr: Segment) =>
  [obr.text(15, 4, 1), obr.text(15, 4, 2)].filter((site) => site !== '').map((site) => site.slice(0, longest))

const wrong = (error: number, location: string) => new TwiinError('HL7_CONTENT', { error, location })
