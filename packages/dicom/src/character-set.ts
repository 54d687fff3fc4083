/**
 * Text of a data set in its Specific Character Set (0008,0005), PS3.3 C.12.1.1.2 and PS3.5 §6.1: single sets, UTF-8 and
 * GB, and ISO 2022 code extension, where escape sequences switch what the lower (G0) and upper (G1) bytes mean.
 */

type Decode = (bytes: Uint8Array) => string

/** What a byte range means: one byte a character, or pairs of bytes. */
interface Repertoire {
  decode: Decode
  pairs: boolean
}

const ESC = 0x1b
const latin1: Decode = (bytes) => Buffer.from(bytes).toString('latin1')
const withLabel = (label: string): Decode => {
  const decoder = new TextDecoder(label)
  return (bytes) => decoder.decode(bytes)
}
const single = (decode: Decode): Repertoire => ({ decode, pairs: false })
const pairs = (decode: Decode): Repertoire => ({ decode, pairs: true })

const eucJp = withLabel('euc-jp')
const ascii = single(latin1)
const romaji = single(latin1) // JIS X 0201: yen and overline stand where \ and ~ do; as delimiters they count as ASCII
const kanji = pairs((bytes) => eucJp(bytes.map((byte) => byte | 0x80)))
const kanjiSupplement = pairs((bytes) => {
  const prefixed: number[] = []
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    prefixed.push(0x8f, (bytes[i] ?? 0) | 0x80, (bytes[i + 1] ?? 0) | 0x80)
  }
  return eucJp(Uint8Array.from(prefixed))
})

/** Upper halves by registration number (`ISO_IR 101`, `ISO 2022 IR 101`). WHATWG's iso-8859-1 is windows-1252: not for IR 100. */
const upperSets: Readonly<Record<string, Repertoire>> = {
  6: single(latin1), // only seven bits are defined; senders that forget to declare mostly mean Latin 1
  13: single(withLabel('shift_jis')),
  58: pairs(withLabel('gbk')),
  100: single(latin1),
  101: single(withLabel('iso-8859-2')),
  109: single(withLabel('iso-8859-3')),
  110: single(withLabel('iso-8859-4')),
  126: single(withLabel('iso-8859-7')),
  127: single(withLabel('iso-8859-6')),
  138: single(withLabel('iso-8859-8')),
  144: single(withLabel('iso-8859-5')),
  148: single(withLabel('iso-8859-9')),
  149: pairs(withLabel('euc-kr')),
  166: single(withLabel('windows-874')),
  203: single(withLabel('iso-8859-15')),
}

/** Sets without code extension: escape bytes have no meaning in them. */
const wholeSets: Readonly<Record<string, Decode>> = {
  'ISO_IR 192': withLabel('utf-8'),
  GB18030: withLabel('gb18030'),
  GBK: withLabel('gbk'),
}

const lowerEscapes: Readonly<Record<string, Repertoire>> = {
  '(B': ascii,
  '(J': romaji,
  $B: kanji,
  '$@': kanji,
  '$(D': kanjiSupplement,
}
const upperEscapes: Readonly<Record<string, string>> = {
  ')I': '13',
  '-A': '100',
  '-B': '101',
  '-C': '109',
  '-D': '110',
  '-F': '126',
  '-G': '127',
  '-H': '138',
  '-L': '144',
  '-M': '148',
  '-T': '166',
  '-b': '203',
  '$)A': '58',
  '$)C': '149',
}

/** What else sets both halves back to the initial ones (PS3.5 §6.1.2.5.3): line ends always, these by kind of text. */
export type TextKind = 'name' | 'text'
const lineEnds = '\t\n\f\r'
const resets: Readonly<Record<TextKind, ReadonlySet<number>>> = {
  name: new Set(Buffer.from(`${lineEnds}\\^=`)),
  text: new Set(Buffer.from(`${lineEnds}\\`)),
}

/** The values of (0008,0005), as they stand in an item or inherited from the data set around it. */
export function parseCharacterSets(value: Uint8Array): string[] {
  return latin1(value)
    .split('\\')
    .map((set) => set.replaceAll('\0', '').trim().toUpperCase())
}

/** Bytes to text. Never throws: what cannot be decoded becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, characterSets: readonly string[], kind: TextKind): string {
  const whole = characterSets
    .map((set) => (Object.hasOwn(wholeSets, set) ? wholeSets[set] : undefined))
    .find(Boolean)
  return whole === undefined ? decodeExtended(bytes, upperSet(characterSets[0]), resets[kind]) : whole(bytes)
}

function upperSet(characterSet = ''): Repertoire {
  const number = /^ISO(?:_IR|[ _]2022[ _]IR) (\d+)$/.exec(characterSet)?.[1] ?? '6'
  return (Object.hasOwn(upperSets, number) ? upperSets[number] : undefined) ?? ascii
}

function decodeExtended(bytes: Uint8Array, initialUpper: Repertoire, resetAt: ReadonlySet<number>): string {
  let lower = ascii
  let upper = initialUpper
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] ?? 0
    const escape = byte === ESC ? escapeAt(bytes, at) : undefined
    if (escape !== undefined) {
      lower = lowerEscapes[escape] ?? lower
      upper = upperSets[upperEscapes[escape] ?? ''] ?? upper
      at += escape.length + 1
      continue
    }
    // In a set of pairs these bytes are halves of characters: the sender must switch back before a delimiter.
    if (resetAt.has(byte) && !lower.pairs) {
      text += String.fromCharCode(byte)
      lower = ascii
      upper = initialUpper
      at += 1
      continue
    }
    const end = runEnd(bytes, at, lower.pairs ? new Set() : resetAt)
    text += (byte < 0x80 ? lower : upper).decode(bytes.subarray(at, end))
    at = end
  }
  return text
}

/** End of the bytes from `at` that belong to the same half. */
function runEnd(bytes: Uint8Array, at: number, resetAt: ReadonlySet<number>): number {
  const half = (bytes[at] ?? 0) & 0x80
  let end = at + 1
  while (end < bytes.length) {
    const byte = bytes[end] ?? 0
    if ((byte & 0x80) !== half || byte === ESC || resetAt.has(byte)) break
    end += 1
  }
  return end
}

function escapeAt(bytes: Uint8Array, at: number): string | undefined {
  for (const length of [3, 2]) {
    const escape = latin1(bytes.subarray(at + 1, at + 1 + length))
    if (Object.hasOwn(lowerEscapes, escape) || Object.hasOwn(upperEscapes, escape)) return escape
  }
  return undefined
}

/** Text to bytes in the data set's own set; letters it cannot write lose their accents or become `?`. */
export function encodeText(text: string, characterSets: readonly string[]): Uint8Array {
  const [first = ''] = characterSets
  if (first === 'ISO_IR 192') return Buffer.from(text, 'utf8')
  const reachesLatin1 = first === 'ISO_IR 100' || first === 'ISO 2022 IR 100'
  const writable = (letter: string) =>
    letter <= '\x7e' || (reachesLatin1 && letter >= '\xa0' && letter <= '\xff')
  const simplified = (letter: string) => letter.normalize('NFD').replace(/\p{M}/gu, '')
  const letters = Array.from(text.normalize('NFC'), (letter) =>
    writable(letter) ? letter : simplified(letter),
  )
  return Buffer.from(letters.map((letter) => (writable(letter) ? letter : '?')).join(''), 'latin1')
}
