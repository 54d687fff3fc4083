import { textsOf } from './attributes.ts'
import type { Attribute, Attributes } from './attributes.ts'

/** What a query says of itself, not of what it looks for. */
const notKeys: ReadonlySet<string> = new Set([
  '00080005', // Specific Character Set
  '00080052', // Query/Retrieve Level
  '00080053', // Query/Retrieve View
  '00080054', // Retrieve AE Title
  '00080056', // Instance Availability
  '00080201', // Timezone Offset From UTC
])
const wildVrs: ReadonlySet<string> = new Set('AE CS LO LT PN SH ST UC UR UT'.split(' '))
const numericVrs: ReadonlySet<string> = new Set('DS FD FL IS SL SS SV UL US UV'.split(' '))

/**
 * Whether a data set answers a query (PS3.4 C.2.2.2): single value, list of UIDs, universal, wildcard, range, sequence.
 * Several values of another key than a UID, too, mean any of them. Names match without case or accents, by component
 * group, so that either script finds them. A key that is not empty does not match what has no value for it.
 */
export function matches(query: Attributes, attributes: Attributes): boolean {
  for (const [key, asked] of query) {
    if (notKeys.has(key) || key.endsWith('0000')) continue
    if (!matchesKey(key, asked, attributes)) return false
  }
  return true
}

function matchesKey(key: string, asked: Attribute, attributes: Attributes): boolean {
  if (isUniversal(asked)) return true
  if (asked.vr === 'SQ') {
    const held = attributes.get(key)?.value ?? []
    return asked.value.some(
      (item) => item instanceof Map && held.some((other) => other instanceof Map && matches(item, other)),
    )
  }
  const held = textsOf(attributes, key)
  const values = asked.value.filter((value) => typeof value === 'string' || typeof value === 'number')
  return values.map(String).some((value) => held.some((one) => matchesValue(asked.vr, value, one)))
}

function isUniversal({ vr, value }: Attribute): boolean {
  if (vr === 'SQ') return value.every((item) => item instanceof Map && [...item.values()].every(isUniversal))
  return value.every((one) => one === '' || (wildVrs.has(vr) && typeof one === 'string' && /^\*+$/.test(one)))
}

function matchesValue(vr: string, asked: string, held: string): boolean {
  if (asked === '') return true
  if (vr === 'DA' || vr === 'TM' || vr === 'DT') return inRange(vr, asked, held)
  if (vr === 'PN') return matchesName(asked, held)
  if (numericVrs.has(vr)) return Number(asked) === Number(held)
  if (wildVrs.has(vr)) return matchesWildcards(asked.normalize('NFC'), held.normalize('NFC'))
  return asked === held
}

/** A name given in one script matches that component group, or any; each group of one given in several matches its own. */
function matchesName(asked: string, held: string): boolean {
  const [wanted, groups] = [plainName(asked), plainName(held)]
  if (wanted.length > 1) {
    return wanted.every((group, at) => group === '' || matchesWildcards(group, groups[at] ?? ''))
  }
  return groups.some((group) => matchesWildcards(wanted[0] ?? '', group))
}

/** Component groups without case, accents and empty components at their end. */
function plainName(name: string): string[] {
  return name
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .replaceAll('ı', 'i') // Turkish: the lower case of I
    .split('=')
    .map((group) => group.trim().replace(/[\^ ]+$/, ''))
}

/** `*` for any letters, `?` for one. In time proportional to both lengths at worst, whatever the pattern. */
export function matchesWildcards(pattern: string, text: string): boolean {
  const [wanted, letters] = [Array.from(pattern), Array.from(text)]
  let [at, from] = [0, 0]
  let [star, resume] = [-1, 0]
  while (from < letters.length) {
    if (wanted[at] === '*') {
      star = at++
      resume = from
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === letters[from])) {
      at++
      from++
    } else if (star >= 0) {
      at = star + 1
      from = ++resume
    } else return false
  }
  while (wanted[at] === '*') at++
  return at === wanted.length
}

/** `a-b`, `a-`, `-b`, or one value; each as precise as it is written (PS3.4 C.2.2.2.5). */
function inRange(vr: string, asked: string, held: string): boolean {
  const value = digits(vr, held)
  if (value === '') return false
  const [from, to] = bounds(vr, asked)
  const [first, latest] = [digits(vr, from), digits(vr, to)]
  if (first === '' && latest === '') return false
  const low = first.padEnd(20, '0')
  const high = latest.padEnd(20, '9')
  // A held value that is less precise than the question counts by its beginning.
  const when = value.padEnd(20, '0')
  return (from === '' || when >= low) && (to === '' || when <= high)
}

function bounds(vr: string, asked: string): [string, string] {
  // In a DT an offset from UTC has a hyphen of its own.
  const one = vr === 'DT' ? String.raw`\d{4,14}(?:\.\d+)?(?:[+-]\d{4}(?!\d))?` : String.raw`[\d.:]+`
  const range = new RegExp(String.raw`^(${one})? ?- ?(${one})?$`).exec(asked)
  if (range === null || new RegExp(`^${one}$`).test(asked)) return [asked, asked]
  return [range[1] ?? '', range[2] ?? '']
}

function digits(vr: string, text: string): string {
  const local = vr === 'DT' ? text.replace(/[+-]\d{4}$/, '') : text
  return /^[\d.: ]*$/.test(local) ? local.replace(/\D/g, '') : ''
}
