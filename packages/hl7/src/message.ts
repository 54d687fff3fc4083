import { TwiinError } from '@twiin/runtime'
import { characterSetOf, decodeCharacters } from './character-set.ts'
import type { CharacterSet } from './character-set.ts'
import type { Delimiters } from './delimiters.ts'
import { messageLimits } from './limits.ts'
import { Segment } from './segment.ts'
import type { SegmentContext } from './segment.ts'

/** What the first segment says, readable also when the rest is not: enough to answer. */
export interface MessageHeader {
  sendingApplication: string
  sendingFacility: string
  receivingApplication: string
  receivingFacility: string
  /** MSH-9.1, for example `ADT`. */
  code: string
  /** MSH-9.2, for example `A08`. */
  trigger: string
  /** MSH-10. */
  controlId: string
  /** MSH-11.1: P production, T training, D debugging. */
  processingId: string
  /** MSH-12.1. */
  version: string
  /** MSH-18 as sent. */
  characterSets: readonly string[]
}

/** An HL7 v2 message (§2.5), read and never changed. */
export class Hl7Message {
  readonly header: MessageHeader
  readonly characterSet: CharacterSet
  readonly segments: readonly Segment[]

  constructor(parts: { header: MessageHeader; characterSet: CharacterSet; segments: readonly Segment[] }) {
    this.header = parts.header
    this.characterSet = parts.characterSet
    this.segments = parts.segments
  }

  /** `ADT^A08`; old senders name the event in EVN-1 only. */
  get type(): string {
    const trigger = this.header.trigger || (this.first('EVN')?.text(1) ?? '')
    return trigger === '' ? this.header.code : `${this.header.code}^${trigger}`
  }

  first(id: string): Segment | undefined {
    return this.segments.find((segment) => segment.id === id)
  }

  all(id: string): Segment[] {
    return this.segments.filter((segment) => segment.id === id)
  }

  /** Throws `HL7_CONTENT` 100 (segment sequence error): it is not there. */
  required(id: string): Segment {
    const segment = this.first(id)
    if (segment === undefined) throw new TwiinError('HL7_CONTENT', { error: 100, location: id })
    return segment
  }
}

export interface ReadOptions {
  /** What the sender writes in when MSH-18 is empty. */
  unnamedCharacterSet?: CharacterSet
}

/**
 * Reads one message, as it stands in a frame. Throws `HL7_UNREADABLE` (it does not begin with a usable MSH: there is
 * nothing to answer to), `HL7_CHARSET_UNKNOWN`, `HL7_CHARSET_WRONG`, `HL7_CONTENT` {error, location} (a line is no segment,
 * or there are too many).
 */
export function readMessage(bytes: Buffer, options: ReadOptions = {}): Hl7Message {
  const { delimiters, header } = readHeader(bytes)
  const named = header.characterSets
  const characterSet = characterSetOf(bytes, { named, unnamed: options.unnamedCharacterSet ?? '8859/1' })
  const decode = (part: Buffer) => decodeCharacters(part, characterSet)
  return assemble(decode(bytes), characterSet, { delimiters, decodeHex: decode })
}

/** Byte for byte as Latin-1, whatever set it claims. Throws `HL7_UNREADABLE`, `HL7_CONTENT`. */
export function readPlain(bytes: Buffer): Hl7Message {
  const decodeHex = (part: Buffer) => part.toString('latin1')
  return assemble(decodeHex(bytes), '8859/1', { delimiters: readHeader(bytes).delimiters, decodeHex })
}

function assemble(text: string, characterSet: CharacterSet, context: SegmentContext): Hl7Message {
  const header = headerOf(new Segment(firstLine(text), context))
  return new Hl7Message({ header, characterSet, segments: splitSegments(text, context) })
}

/** The header alone, byte for byte as Latin-1. Throws `HL7_UNREADABLE`. */
export function readHeader(bytes: Buffer): { delimiters: Delimiters; header: MessageHeader } {
  // Longer first lines there are none: whatever comes after is not needed to answer.
  const line = firstLine(bytes.toString('latin1', 0, 4096))
  const delimiters = delimitersOf(line)
  const segment = new Segment(line, { delimiters, decodeHex: (hex) => hex.toString('latin1') })
  return { delimiters, header: headerOf(segment) }
}

function delimitersOf(line: string): Delimiters {
  if (!line.startsWith('MSH') || line.length < 8) throw new TwiinError('HL7_UNREADABLE', { reason: 'MSH' })
  const field = line.charAt(3)
  const others = line.slice(4, line.indexOf(field, 4))
  const [component = '', repetition = '', escape = '', subcomponent = ''] = others
  const all = [field, component, repetition, escape, subcomponent].filter((delimiter) => delimiter !== '')
  // §2.5.4: each its own, and none that a value is written in.
  if (
    others.length < 1 ||
    others.length > 5 ||
    new Set(all).size !== all.length ||
    all.some((delimiter) => !/^[!-/:-@[-`{-~]$/.test(delimiter))
  )
    throw new TwiinError('HL7_UNREADABLE', { reason: 'MSH-2' })
  return { field, component, repetition, escape, subcomponent }
}

function headerOf(msh: Segment): MessageHeader {
  return {
    sendingApplication: msh.text(3),
    sendingFacility: msh.text(4),
    receivingApplication: msh.text(5),
    receivingFacility: msh.text(6),
    code: msh.text(9).toUpperCase(),
    trigger: msh.text(9, 2).toUpperCase(),
    controlId: msh.text(10),
    processingId: msh.text(11).toUpperCase(),
    version: msh.text(12),
    characterSets: msh.repetitions(18).map((set) => set.text()),
  }
}

/** The first line. It ends with a carriage return (§2.5); with a line feed from who does not know better. */
function firstLine(text: string): string {
  const end = text.search(/[\r\n]/)
  return end === -1 ? text : text.slice(0, end)
}

function splitSegments(text: string, context: SegmentContext): Segment[] {
  const segments: Segment[] = []
  let lines = 0
  // Each looked for once, not again for every line: a message may be one of them alone, and long.
  const endings = ['\r', '\n'].map((mark) => ({ mark, at: -1 }))
  for (let at = 0; at < text.length;) {
    for (const ending of endings) {
      if (ending.at >= at) continue
      const found = text.indexOf(ending.mark, at)
      ending.at = found === -1 ? text.length : found
    }
    const end = Math.min(...endings.map((ending) => ending.at))
    if (++lines > messageLimits.segments) throw new TwiinError('HL7_CONTENT', { error: 100, location: 'MSH' })
    if (end > at) segments.push(segmentOf(text.slice(at, end), context, segments.length))
    at = end + (text.startsWith('\r\n', end) ? 2 : 1)
  }
  return segments
}

function segmentOf(line: string, context: SegmentContext, index: number): Segment {
  const { field } = context.delimiters
  const wellFormed =
    /^[A-Z][A-Z0-9]{2}$/.test(line.slice(0, 3)) && (line.length === 3 || line.charAt(3) === field)
  // A second header in one frame is a second message, which nobody would be answered for.
  if (!wellFormed || (index > 0 && line.startsWith('MSH')))
    throw new TwiinError('HL7_CONTENT', { error: 100, location: `line ${index + 1}` })
  return new Segment(line, context)
}
