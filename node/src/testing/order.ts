import { writeMessage } from '@twiin/hl7'
import type { SegmentValue } from '@twiin/hl7'
import { patient } from './test-hospital.ts'

let count = 0

interface Ordered {
  /** ORC-1, or for an appointment the event. */
  control?: string
  placer?: string
  filler?: string
  modality?: string
  text?: string
  /** Null: the order gives the hospital's number only. */
  bsn?: string | null
}

const header = (type: readonly [string, string, string]) => ({
  ...{
    sendingApplication: 'ZIS',
    sendingFacility: 'B',
    receivingApplication: 'TWIIN',
    receivingFacility: 'B',
  },
  ...{ type, controlId: `order ${++count}`, now: Date.UTC(2026, 0, 5), version: '2.5' },
})

const pidOf = ({ bsn = patient.bsn }: Ordered): SegmentValue => [
  'PID',
  {
    3: {
      repeat: [
        [patient.id, '', '', 'ZIS', 'PI'],
        ...(bsn === null ? [] : [[bsn, '', '', ['NLMINBIZA', '2.16.840.1.113883.2.4.6.3', 'ISO'], 'NNNLD']]),
      ],
    },
    ...{ 5: ['Jansen', 'Anna'], 7: '19600203', 8: 'F' },
  },
]

/** ORM^O01 as an order entry system sends it. */
export function imagingOrder(order: Ordered = {}): Buffer {
  const { control = 'NW', placer = 'P1', filler = '', modality = 'CT', text = 'CT thorax' } = order
  return writeMessage(header(['ORM', 'O01', 'ORM_O01']), [
    pidOf(order),
    ['ORC', { 1: control, 2: placer, 3: filler }],
    ['OBR', { 1: '1', 2: placer, 3: filler, 4: ['CTTH', text], 24: modality }],
  ])
}

/** SIU: an appointment for the order `placer`. */
export function appointment(order: Ordered = {}): Buffer {
  const { control = 'S12', placer = '', text = 'CT thorax' } = order
  return writeMessage(header(['SIU', control, 'SIU_S12']), [
    ['SCH', { 1: 'A1', 2: 'A1', 26: placer }],
    pidOf(order),
    ['RGS', { 1: '1' }],
    ['AIS', { 1: '1', 3: ['CTTH', text] }],
  ])
}
