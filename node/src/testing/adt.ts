import { writeMessage } from '@twiin/hl7'
import type { SegmentValue } from '@twiin/hl7'

export interface AdtPatient {
  /** The hospital's own number. */
  id: string
  bsn?: string
  /** `family^given`, or one family name with its subcomponents. */
  family: string | readonly string[]
  given: string
  /** `YYYYMMDD`, or less */
  birthDate: string
  sex: string
  reliability?: string
}

let count = 0

/** An ADT message as a hospital information system sends it; `prior` is the number that ends (MRG-1). */
export function adt(
  event: string,
  patient: AdtPatient,
  options: { prior?: string; controlId?: string; socialNumber?: string } = {},
): Buffer {
  const { id, bsn, family, given, birthDate, sex, reliability = '' } = patient
  const ids = [
    [id, '', '', 'ZIS', 'PI'],
    ...(bsn === undefined ? [] : [[bsn, '', '', ['NLMINBIZA', '2.16.840.1.113883.2.4.6.3', 'ISO'], 'NNNLD']]),
  ]
  const pid: SegmentValue = [
    'PID',
    {
      1: '1',
      3: { repeat: ids },
      5: [family, given, '', '', '', '', 'L'],
      7: birthDate,
      8: sex,
      19: options.socialNumber ?? '',
      32: reliability,
    },
  ]
  const mrg: SegmentValue[] =
    options.prior === undefined ? [] : [['MRG', { 1: { repeat: [[options.prior, '', '', 'ZIS', 'PI']] } }]]
  return writeMessage(
    {
      ...{
        sendingApplication: 'ZIS',
        sendingFacility: 'B',
        receivingApplication: 'TWIIN',
        receivingFacility: 'B',
      },
      type: ['ADT', event, event === 'A40' ? 'ADT_A39' : 'ADT_A01'],
      controlId: options.controlId ?? `adt ${++count}`,
      now: Date.UTC(2026, 0, 5),
      version: '2.5',
    },
    [['EVN', { 1: event }], pid, ...mrg],
  )
}
