import { TwiinError } from '@twiin/runtime'
import { unescape } from './delimiters.ts'
import type { Delimiters } from './delimiters.ts'
import { messageLimits } from './limits.ts'

/** One repetition of a field: components, and in each subcomponents, numbered from 1 as HL7 does. */
export class Repetition {
  /** As it stands in the message, still escaped. */
  readonly raw: string
  readonly #segment: SegmentContext

  constructor(raw: string, segment: SegmentContext) {
    this.raw = raw
    this.#segment = segment
  }

  /** Unescaped and trimmed; empty when it is not there or is the null value `""` (§2.5.3: known to be nothing). */
  text(component = 1, subcomponent = 1): string {
    const { delimiters, decodeHex } = this.#segment
    const part = nth(nth(this.raw, delimiters.component, component), delimiters.subcomponent, subcomponent)
    return part === '""' ? '' : unescape(part, delimiters, decodeHex).trim()
  }
}

export interface SegmentContext {
  delimiters: Delimiters
  decodeHex: (bytes: Buffer) => string
}

/** A segment; its parts are looked up when they are asked for, so that separators without end cost nothing. */
export class Segment {
  readonly id: string
  /** As it stands in the message, without the carriage return. */
  readonly raw: string
  readonly #context: SegmentContext

  constructor(raw: string, context: SegmentContext) {
    this.raw = raw
    this.id = raw.slice(0, 3)
    this.#context = context
  }

  /** Field `n` as it stands, all repetitions. MSH-1 is the field separator itself (§2.14.9). */
  field(n: number): string {
    const { field } = this.#context.delimiters
    if (this.id !== 'MSH') return nth(this.raw, field, n + 1)
    return n === 1 ? field : nth(this.raw, field, n)
  }

  /** The first repetition's text. */
  text(field: number, component = 1, subcomponent = 1): string {
    return new Repetition(this.#first(field), this.#context).text(component, subcomponent)
  }

  /** Those that are not empty. Throws `HL7_CONTENT` when there are more, empty ones too, than anybody means. */
  repetitions(field: number): Repetition[] {
    const { repetition } = this.#context.delimiters
    const text = this.field(field)
    const found: Repetition[] = []
    let seen = 0
    for (let at = 0; at <= text.length;) {
      const next = text.indexOf(repetition, at)
      const end = next === -1 ? text.length : next
      if (end > at) found.push(new Repetition(text.slice(at, end), this.#context))
      if (++seen > messageLimits.repetitions)
        throw new TwiinError('HL7_CONTENT', { error: 102, location: `${this.id}^1^${field}` })
      at = end + 1
    }
    return found
  }

  /** `""`: the sender says that there is nothing, rather than saying nothing. */
  isNull(field: number): boolean {
    return this.field(field) === '""'
  }

  #first(field: number): string {
    return nth(this.field(field), this.#context.delimiters.repetition, 1)
  }
}

/** The `n`th part, from 1; empty beyond the last. */
function nth(text: string, separator: string, n: number): string {
  if (separator === '') return n === 1 ? text : ''
  let start = 0
  for (let i = 1; i < n; i++) {
    const at = text.indexOf(separator, start)
    if (at === -1) return ''
    start = at + separator.length
  }
  const end = text.indexOf(separator, start)
  return end === -1 ? text.slice(start) : text.slice(start, end)
}
