import { encodeCharacters } from './character-set.ts'
import type { CharacterSet } from './character-set.ts'
import { escapeText } from './delimiters.ts'
import type { MessageHeader } from './message.ts'
import { readPlain } from './message.ts'
import { timestamp } from './timestamp.ts'

/**
 * HL7 table 0008, original mode (§2.9.2): AA taken over; AE something in the message is wrong, sending it again as it is
 * will not help; AR it is none of ours to judge by its content (type, version, processing id), or we could not take it
 * now and it may be sent again.
 */
export type AckCode = 'AA' | 'AE' | 'AR'

/** HL7 table 0357. */
export const hl7Errors = {
  100: 'Segment sequence error',
  101: 'Required field missing',
  102: 'Data type error',
  103: 'Table value not found',
  200: 'Unsupported message type',
  201: 'Unsupported event code',
  202: 'Unsupported processing id',
  203: 'Unsupported version id',
  204: 'Unknown key identifier',
  205: 'Duplicate key identifier',
  207: 'Application internal error',
} as const
export type Hl7ErrorCode = keyof typeof hl7Errors
export const isHl7ErrorCode = (code: unknown): code is Hl7ErrorCode =>
  typeof code === 'number' && Object.hasOwn(hl7Errors, code)

export interface AckError {
  error: Hl7ErrorCode
  /** Segment, or `PID^1^3`: segment, which of them, field. Never a value of the message. */
  location?: string
}

/** Who we are, and what an answer needs beside. */
export interface AckOptions {
  application: string
  facility: string
  /** Milliseconds since the epoch. */
  now: number
  /** MSH-10 of the answer, ours. */
  controlId: string
}

/** The answer to a message of which at least the header was read. In its character set, with its version. */
export function acknowledge(
  header: MessageHeader,
  answer: { code: AckCode; characterSet?: CharacterSet | undefined } & Partial<AckError>,
  options: AckOptions,
): Buffer {
  const { code, error, location = '' } = answer
  const trigger = header.trigger === '' ? 'ACK' : `ACK^${escapeText(header.trigger)}^ACK`
  const version = /^2(\.\d){1,2}$/.test(header.version) ? header.version : '2.5'
  const sender = [header.sendingApplication, header.sendingFacility].map((text) => escapeText(text))
  const me = [options.application, options.facility].map((text) => escapeText(text))
  const msh = [
    ...['MSH', '^~\\&', ...me, ...sender, timestamp(options.now), '', trigger, escapeText(options.controlId)],
    ...[/^[PTD]$/.test(header.processingId) ? header.processingId : 'P', version],
    ...[
      '',
      '',
      '',
      '',
      '',
      answer.characterSet === undefined ? '' : escapeText(header.characterSets[0] ?? ''),
    ],
  ].join('|')
  const text = error === undefined ? '' : hl7Errors[error]
  const msa = `MSA|${code}|${escapeText(header.controlId)}${text === '' ? '' : `|${text}`}`
  const err = error === undefined ? '' : `${errSegment(version, error, location)}\r`
  // Of what could not be read only the header is repeated, byte for byte.
  return encodeCharacters(`${msh}\r${msa}\r${err}`, answer.characterSet ?? '8859/1')
}

/** Before 2.5 location and code shared ERR-1 (2.3.1 §2.16.4). */
function errSegment(version: string, error: Hl7ErrorCode, location: string): string {
  const coded = `${error}^${hl7Errors[error]}^HL70357`
  const old = /^2\.[0-4]/.test(version)
  return old
    ? `ERR|${location === '' ? '' : `${location.split('^').slice(0, 3).join('^')}^`}${coded.replaceAll('^', '&')}`
    : `ERR||${location}|${coded}|E`
}

/** What the other side answered. `accepted`: it took the message over (AA, or CA in enhanced mode). */
export interface Acknowledgement {
  /** MSA-1. */
  code: string
  accepted: boolean
  /** AR and CR: may be tried again later. */
  mayRetry: boolean
  /** MSA-2. */
  controlId: string
  /** ERR-3.1, or MSA-6; digits only, empty when it says none. */
  error: string
}

/**
 * Throws `HL7_UNREADABLE`, and `HL7_CONTENT` when there is no MSA. Read byte for byte, as `readHeader` does: what counts is
 * ASCII, and an acceptance is one whatever its character set.
 */
export function readAcknowledgement(bytes: Buffer): Acknowledgement {
  const message = readPlain(bytes)
  const msa = message.required('MSA')
  const code = msa.text(1).toUpperCase()
  const err = message.first('ERR')
  return {
    code,
    accepted: code === 'AA' || code === 'CA',
    mayRetry: code === 'AR' || code === 'CR',
    controlId: msa.text(2),
    error: /^\d{1,6}/.exec(err?.text(3) || err?.text(1, 4) || msa.text(6))?.[0] ?? '',
  }
}
