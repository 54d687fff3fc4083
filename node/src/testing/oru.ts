import { readMessage, writeMessage } from '@twiin/hl7'
import type { Hl7Message, SegmentValue } from '@twiin/hl7'
import { patient } from './test-hospital.ts'

interface Report {
  accession?: string
  status?: string
  /** Lines of text. */
  text?: readonly string[]
  pdf?: Uint8Array | string
  patientId?: string
  bsn?: string
  issuer?: string
  filler?: string
  studyInstanceUid?: string
  sender?: string
}

let controlId = 0

/** An ORU^R01 as a RIS writes one, of the patient of the other tests. */
export function oru(report: Report = {}): Buffer {
  const { accession = 'ACC1', status = 'F', text = ['Geen afwijkingen.'], filler = accession } = report
  const { patientId = patient.id, issuer = '', bsn } = report
  const pdf =
    typeof report.pdf === 'string' ? report.pdf : report.pdf && Buffer.from(report.pdf).toString('base64')
  const observations: SegmentValue[] = [
    ...text.map((line, at): SegmentValue => [
      'OBX',
      { 1: String(at + 1), 2: 'TX', 3: ['18748-4', 'Verslag', 'LN'], 5: line, 11: status },
    ]),
    ...(pdf === undefined
      ? []
      : [
          [
            'OBX',
            {
              1: '99',
              2: 'ED',
              3: ['PDF', 'Verslag'],
              5: ['RIS', 'application', 'PDF', 'Base64', pdf],
              11: status,
            },
          ] as SegmentValue,
        ]),
    ...(report.studyInstanceUid === undefined
      ? []
      : [
          [
            'OBX',
            { 1: '98', 2: 'ST', 3: ['113014', 'DICOM Study', 'DCM'], 5: report.studyInstanceUid },
          ] as SegmentValue,
        ]),
  ]
  return writeMessage(
    {
      ...{
        sendingApplication: report.sender ?? 'RIS',
        sendingFacility: 'A',
        receivingApplication: 'TWIIN',
        receivingFacility: 'A',
      },
      ...{ type: ['ORU', 'R01', 'ORU_R01'], controlId: `C${++controlId}`, now: Date.UTC(2026, 0, 6) },
    },
    [
      [
        'PID',
        {
          1: '1',
          3: {
            repeat: [
              [patientId, '', '', issuer, 'PI'],
              ...(bsn === undefined ? [] : [[bsn, '', '', 'NLMINBIZA', 'NNNLD']]),
            ],
          },
          5: ['Jansen', 'Anna'],
          7: '19600203',
          8: 'F',
        },
      ],
      [
        'OBR',
        {
          ...{
            1: '1',
            2: 'P1',
            3: filler,
            4: ['CTTHX', 'CT thorax', 'L'],
            18: accession,
            22: '202601061030',
          },
          ...{ 25: status, 32: [['1', 'Groot', 'R.']] },
        },
      ],
      ...observations,
    ],
  )
}

export const oruMessage = (report: Report = {}): Hl7Message => readMessage(oru(report))
