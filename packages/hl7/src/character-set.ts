import { isAscii, isUtf8 } from 'node:buffer'
import { TwiinError } from '@twiin/runtime'

/**
 * A message's characters (MSH-18, HL7 table 0211). `HL7_CHARSET_UNKNOWN` for a set we do not read, `HL7_CHARSET_WRONG` for
 * bytes that are none of the set: a name that was guessed is a wrong name.
 */
export type CharacterSet =
  | 'ASCII'
  | '8859/1'
  | '8859/2'
  | '8859/3'
  | '8859/4'
  | '8859/5'
  | '8859/6'
  | '8859/7'
  | '8859/8'
  | '8859/9'
  | '8859/15'
  | 'UNICODE UTF-8'

export const characterSets: readonly CharacterSet[] = [
  ...(['ASCII', '8859/1', '8859/2', '8859/3', '8859/4', '8859/5', '8859/6', '8859/7', '8859/8'] as const),
  ...(['8859/9', '8859/15', 'UNICODE UTF-8'] as const),
]

/** The bytes 80–9F are control characters in 8859/1; who sends them means Windows' letters there, as WHATWG reads it too. */
const labelOf = (set: CharacterSet) =>
  set === 'UNICODE UTF-8' ? 'utf-8' : set === 'ASCII' ? 'utf-8' : `iso-${set.replace('/', '-')}`

/** As senders write them: `8859/1`, `ISO-8859-1`, `ISO_8859-1`, `UTF-8`, `UNICODE UTF-8`. */
export function characterSetNamed(name: string): CharacterSet | undefined {
  const plain = name.trim().toUpperCase()
  if (plain === 'ASCII' || plain === 'US-ASCII' || plain === 'ISO IR6') return 'ASCII'
  if (/^(UNICODE[ -]?)?UTF-?8$/.test(plain)) return 'UNICODE UTF-8'
  const part = /^(?:ISO[-_ ]?)?8859[/-](\d{1,2})$/.exec(plain)?.[1]
  return characterSets.find((set) => set === `8859/${part}`)
}

/**
 * The set of a message: what MSH-18 names. Without a name `unnamed` holds, what this sender is known to use; but bytes
 * beyond ASCII that are UTF-8 throughout are UTF-8, for no other text looks like that.
 */
export function characterSetOf(
  bytes: Uint8Array,
  { named, unnamed }: { named: readonly string[]; unnamed: CharacterSet },
): CharacterSet {
  const [name = '', ...others] = named
  if (others.some((other) => other !== '' && characterSetNamed(other) !== characterSetNamed(name)))
    throw new TwiinError('HL7_CHARSET_UNKNOWN')
  if (name !== '') {
    const set = characterSetNamed(name)
    if (set === undefined) throw new TwiinError('HL7_CHARSET_UNKNOWN')
    return set
  }
  return unnamed !== 'UNICODE UTF-8' && !isAscii(bytes) && isUtf8(bytes) ? 'UNICODE UTF-8' : unnamed
}

/** Throws `HL7_CHARSET_WRONG`. */
export function decodeCharacters(bytes: Uint8Array, set: CharacterSet): string {
  // Most messages, and fast: the decoder takes a tenth of a second for the largest.
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  if (set === 'ASCII') throw new TwiinError('HL7_CHARSET_WRONG')
  try {
    return new TextDecoder(labelOf(set), { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new TwiinError('HL7_CHARSET_WRONG')
  }
}

/** For what we write: UTF-8, or Latin-1 and ASCII where a letter that is not in them becomes `?`. */
export function encodeCharacters(text: string, set: CharacterSet): Buffer {
  if (set === 'UNICODE UTF-8') return Buffer.from(text, 'utf8')
  const last = set === '8859/1' ? 0xff : 0x7e
  return Buffer.from(
    Array.from(text, (letter) => ((letter.codePointAt(0) ?? 0) <= last ? letter : '?')).join(''),
    'latin1',
  )
}
