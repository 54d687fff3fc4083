import { TwiinError } from '@twiin/runtime'
import { messageLimits } from './limits.ts'

/** What separates the parts of a message, as its MSH-1 and MSH-2 say (HL7 v2 §2.5.4). */
export interface Delimiters {
  field: string
  component: string
  repetition: string
  escape: string
  subcomponent: string
}

const usualDelimiters: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
}

/** Text without escapes (§2.7). `\.br\` is a line end; what only formats is left out; what we do not know stays as it is. Throws `HL7_CONTENT` when there are more than any text has. */
export function unescape(text: string, delimiters: Delimiters, decodeHex: (bytes: Buffer) => string): string {
  const { escape } = delimiters
  if (escape === '' || !text.includes(escape)) return text
  let plain = ''
  let at = 0
  for (let escapes = 0; ; escapes++) {
    if (escapes > messageLimits.escapes) throw new TwiinError('HL7_CONTENT', { error: 102, location: 'MSH' })
    const start = text.indexOf(escape, at)
    const end = start === -1 ? -1 : text.indexOf(escape, start + 1)
    if (end === -1) return plain + text.slice(at)
    const meaning = meaningOf(text.slice(start + 1, end), delimiters, decodeHex)
    // An escape character that begins no escape stands for itself; the next one may still begin one.
    plain +=
      text.slice(at, start) + (meaning ?? escape + (end === start + 1 ? '' : text.slice(start + 1, end)))
    at = meaning === undefined && end !== start + 1 ? end : end + 1
  }
}

function meaningOf(
  sequence: string,
  delimiters: Delimiters,
  decodeHex: (bytes: Buffer) => string,
): string | undefined {
  switch (sequence) {
    case 'F':
      return delimiters.field
    case 'S':
      return delimiters.component
    case 'T':
      return delimiters.subcomponent
    case 'R':
      return delimiters.repetition
    case 'E':
      return delimiters.escape
    case 'H':
    case 'N':
      return ''
    case '.br':
    case '.sp':
    case '.ce':
      return '\n'
  }
  if (/^\.(sp|in|ti|fi|nf|sk)[ +-]?\d*$/.test(sequence)) return sequence.startsWith('.sp') ? '\n' : ''
  if (/^X([0-9A-Fa-f]{2}){1,500}$/.test(sequence)) return decodeHex(Buffer.from(sequence.slice(1), 'hex'))
  return undefined
}

/** Text as it may stand in a message: what would separate is escaped, line ends become `\.br\`. */
export function escapeText(text: string, delimiters: Delimiters = usualDelimiters): string {
  const { field, component, repetition, escape, subcomponent } = delimiters
  const escapes: Record<string, string> = {
    [escape]: 'E',
    [field]: 'F',
    [component]: 'S',
    [repetition]: 'R',
    [subcomponent]: 'T',
    '\n': '.br',
  }
  return Array.from(text.replace(/\r\n?/g, '\n'), (letter) => {
    const code = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined
    if (code !== undefined) return `${escape}${code}${escape}`
    // The frame's own bytes would end it; no text has them.
    return letter === '\u000b' || letter === '\u001c' ? ' ' : letter
  }).join('')
}
