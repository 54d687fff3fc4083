import { encodeCharacters } from './character-set.ts'
import { escapeText } from './delimiters.ts'
import { timestamp } from './timestamp.ts'

/** A value to be written: text (escaped here), components (subcomponents inside them), or repetitions of these. */
export type FieldValue =
  string | readonly ComponentValue[] | { repeat: readonly (string | readonly ComponentValue[])[] }
export type ComponentValue = string | readonly string[]

/** Fields from 1; what lies between may be left out. */
export type SegmentValue = readonly [id: string, fields: Readonly<Record<number, FieldValue>>]

export interface NewHeader {
  sendingApplication: string
  sendingFacility: string
  receivingApplication: string
  receivingFacility: string
  /** `['ORU', 'R01', 'ORU_R01']` */
  type: readonly [code: string, trigger: string, structure: string]
  controlId: string
  /** Milliseconds since the epoch. */
  now: number
  processingId?: string
  version?: string
}

/** A message in UTF-8 that says so in MSH-18. */
export function writeMessage(header: NewHeader, segments: readonly SegmentValue[]): Buffer {
  const { sendingApplication, sendingFacility, receivingApplication, receivingFacility } = header
  const msh = [
    ...['MSH', '^~\\&'],
    ...[sendingApplication, sendingFacility, receivingApplication, receivingFacility].map((t) =>
      escapeText(t),
    ),
    ...[timestamp(header.now), '', header.type.join('^'), escapeText(header.controlId)],
    ...[header.processingId ?? 'P', header.version ?? '2.5.1', '', '', '', '', '', 'UNICODE UTF-8'],
  ].join('|')
  const lines = segments.map(([id, fields]) => {
    const last = Math.max(0, ...Object.keys(fields).map(Number))
    return [id, ...Array.from({ length: last }, (_, i) => writeField(fields[i + 1] ?? ''))].join('|')
  })
  return encodeCharacters([msh, ...lines, ''].join('\r'), 'UNICODE UTF-8')
}

function writeField(value: FieldValue): string {
  if (typeof value === 'object' && 'repeat' in value) return value.repeat.map(writeRepetition).join('~')
  return writeRepetition(value)
}

function writeRepetition(value: string | readonly ComponentValue[]): string {
  if (typeof value === 'string') return escapeText(value)
  return value
    .map((part) => (typeof part === 'string' ? escapeText(part) : part.map((t) => escapeText(t)).join('&')))
    .join('^')
}
