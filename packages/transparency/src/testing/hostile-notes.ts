import { checkpointLimits } from '../checkpoint.ts'

/**
 * Notes that every reader of checkpoints must refuse (spec 11 §3), made from one that is good and has no signature but the
 * log's: what is wrong with it, the note, and the reason our own reader gives.
 */
export function hostileNotes(note: string): [what: string, note: string, reason: string][] {
  const [body = '', signatureLine = ''] = note.trimEnd().split('\n\n')
  const [origin = '', size = '', rootText = ''] = body.split('\n')
  const root = Buffer.from(rootText, 'base64')
  const withSize = (text: string) => `${origin}\n${text}\n${rootText}\n\n${signatureLine}\n`
  const withRoot = (text: string) => `${origin}\n${size}\n${text}\n\n${signatureLine}\n`
  const withLine = (line: string) => `${body}\n\n${line}\n`
  const sizes = [
    '05',
    '+5',
    '-5',
    '5.0',
    '5e0',
    ' 5',
    '5 ',
    '0x5',
    '',
    '٥',
    '9007199254740992',
    '1'.repeat(40),
  ]
  const roots = [
    ['without padding', base64(root).slice(0, -1)],
    [
      'with bits set that nobody reads',
      base64(root).replace(/(.)=$/, (_, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}=`),
    ],
    ['in the alphabet for URLs', base64(new Uint8Array(32).fill(255)).replaceAll('/', '_')],
    ['of 31 bytes', base64(root.subarray(1))],
    ['of 33 bytes', base64(new Uint8Array(33))],
    ['of nothing', ''],
    ['with a space', ` ${base64(root)}`],
  ]
  const lines = [
    ['a hyphen for the dash', signatureLine.replace('—', '-')],
    ['no name', `—  ${base64(new Uint8Array(68))}`],
    ['a name with a plus', lineOf('a+b')],
    ['a name with a space nobody sees', lineOf('a\u00a0b')],
    ['a name with a line break of another kind', lineOf('a\u0085b')],
    ['a name with a control character', lineOf('a\u007fb')],
    ['two spaces', signatureLine.replace('— ', '—  ')],
    ['something behind it', `${signatureLine} x`],
    ['a space behind it', `${signatureLine} `],
    ['a key id and no signature', `— x ${base64(new Uint8Array(4))}`],
    ['no base64', '— x ****'],
    ['base64 that is not canonical', `— x ${base64(new Uint8Array(68)).slice(0, -2)}B=`],
    ['nothing', '— '],
  ]
  return [
    ['without its last newline', note.slice(0, -1), 'LINES'],
    ['with a last signature that does not end', `${note}${lineOf('x')}`, 'LINES'],
    ['with two newlines at its end', `${note}\n`, 'SIGNATURE_LINE'],
    ['without a signature', `${body}\n\n`, 'LINES'],
    ['without anything', '', 'LINES'],
    ['with an extension line', note.replace('\n\n', '\nmore\n\n'), 'LINES'],
    ['with a line less', note.replace(`\n${size}\n`, '\n'), 'LINES'],
    ['with an empty line among the signatures', `${note}\n${lineOf('x')}\n`, 'SIGNATURE_LINE'],
    ['with a carriage return', note.replaceAll('\n', '\r\n'), 'CHARACTERS'],
    ['with a tab', note.replace(' ', '\t'), 'CHARACTERS'],
    ['with a zero byte', `\0${note}`, 'CHARACTERS'],
    ['with half a character', note.replace(origin, '\ud800'), 'CHARACTERS'],
    ['with a space in its origin', note.replace(origin, 'the log'), 'ORIGIN'],
    ['with a mark of byte order', `\ufeff${note}`, 'ORIGIN'],
    ['with a carriage return behind its size', withSize(`${size}\r`), 'CHARACTERS'],
    ['of more than 8 KiB', withLine(lineOf('x'.repeat(8192))), 'TOO_LONG'],
    ['of more than 8 KiB, counted in bytes', withLine(lineOf('€'.repeat(3000))), 'TOO_LONG'],
    ['of 17 signatures', note + `${lineOf('x')}\n`.repeat(16), 'TOO_MANY_SIGNATURES'],
    ...sizes.map((text): [string, string, string] => [
      `of size ${JSON.stringify(text)}`,
      withSize(text),
      'SIZE',
    ]),
    ...roots.map(([what = '', text = '']): [string, string, string] => [
      `whose root is written ${what}`,
      withRoot(text),
      'ROOT',
    ]),
    ...lines.map(([what = '', text = '']): [string, string, string] => [
      `with a signature line that has ${what}`,
      withLine(text),
      'SIGNATURE_LINE',
    ]),
  ]
}

/** A readable line of a signer whom nobody knows. */
export const lineOf = (name: string) => `— ${name} ${base64(new Uint8Array(68).fill(9))}`

const base64 = (value: Uint8Array) => Buffer.from(value).toString('base64')

export type Random = (below: number) => number

/** One to four changes, of the kinds a parser is fooled with. */
export function mutated(text: string, random: Random): string {
  let result = text
  for (let changes = 1 + random(4); changes > 0; changes--) result = change(result, random)
  return result
}

const pieces = [
  ...['\n', '\n\n', ' ', '  ', '— ', '-', '+', '=', '0', '9', '\r', '\t', '\0', '\u00a0', '\u2028', '\ufeff'],
  ...[
    '\ud800',
    '\u{1f600}',
    '__proto__',
    'AAAA',
    '1e3',
    '9007199254740993',
    'twiin.example/log',
    'witness-2',
  ],
  ...['— stranger AAAAAAA=\n', '— twiin.example/log AAAAAAA=\n', '— witness-2 AAAAAAA=\n', 'x'.repeat(5000)],
]

function change(text: string, random: Random): string {
  const at = random(text.length + 1)
  const lines = text.split('\n')
  const line = random(lines.length)
  const piece = pieces[random(pieces.length)] as string
  switch (random(9)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + random(8))
    case 1:
      return text.slice(0, at) + piece + text.slice(at)
    case 2:
      return (
        text.slice(0, at) +
        String.fromCharCode(random(2) === 0 ? random(128) : random(65_536)) +
        text.slice(at + 1)
      )
    case 3:
      return text.slice(0, at)
    case 4:
      return lines.toSpliced(line, 1).join('\n')
    case 5:
      return lines.toSpliced(line, 0, lines[random(lines.length)] as string).join('\n')
    case 6:
      return lines.toSpliced(line, 0, piece.trimEnd()).join('\n')
    case 7:
      return `${text}${piece}`
    default:
      return text.length < checkpointLimits.bytes ? text + text.slice(at) : text
  }
}

/** The same numbers in every run (a linear congruence, for tests only). */
export function seeded(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
