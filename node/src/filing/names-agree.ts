/** How two names compare: `alike` is what one person may well be called by in two hospitals, but is not the same. */
export interface NameComparison {
  /** `alike`: one is a part of the other (a maiden or a partner's name beside it). */
  family: 'equal' | 'alike' | 'other' | 'unknown'
  /** `alike`: an initial of the other, or one of them missing. */
  given: 'equal' | 'alike' | 'other'
}

/**
 * Whether two DICOM person names (PS3.5 §6.2: family^given^middle^prefix^suffix, representations split by =) can be one
 * person's: equal family names, and first given names that are equal, or one missing or an initial of the other
 * (ADR 0004). Case, accents, hyphens, spaces and Dutch prefixes do not count.
 */
export function namesAgree(a: string, b: string): boolean {
  const { family, given } = compareNames(a, b)
  return family === 'equal' && given !== 'other'
}

/**
 * The best that any two representations of the names give: a name in Latin letters compares with its like, one in
 * Japanese with its like. `unknown`: there is no family name, or none in the same script.
 */
export function compareNames(a: string, b: string): NameComparison {
  let best: NameComparison = { family: 'unknown', given: 'alike' }
  for (const one of representations(a))
    for (const other of representations(b)) {
      const compared = compare(one, other)
      if (rank(compared) > rank(best)) best = compared
    }
  return best
}

/** Under what a family name is looked up: folded, whole and by its parts. */
export function familyKeys(name: string): string[] {
  return [...new Set(representations(name).flatMap(({ family, parts }) => [family, ...parts]))]
}

// 'van der' may stand before the family name, behind a comma, or in the prefix component.
const prefixes = new Set(
  'van der den de het t ten ter te op in aan bij onder over uit voor la le du'.split(' '),
)
/** A name of more parts than this is no name. */
const mostParts = 8

interface Representation {
  family: string
  /** Of a double name: each, when it can stand alone. */
  parts: readonly string[]
  given: string
}

function representations(name: string): Representation[] {
  return name
    .split('=')
    .slice(0, 3)
    .map((text) => {
      const [family = '', given = ''] = text.split('^')
      const parts = family
        .split(/[-‐-–/]|\s[-–]\s/)
        .slice(0, mostParts)
        .map(joined)
        .filter((part) => part.length > 1)
      return {
        family: joined(family),
        parts: parts.length > 1 ? parts : [],
        given: fold(given).split(' ')[0] ?? '',
      }
    })
    .filter(({ family }) => family !== '')
}

const joined = (family: string) =>
  fold(family)
    .split(' ')
    .filter((word) => !prefixes.has(word))
    .join('')

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ij/g, 'y')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

function compare(a: Representation, b: Representation): NameComparison {
  const given = compareGiven(a.given, b.given)
  if (a.family === b.family) return { family: 'equal', given }
  if (scriptOf(a.family) !== scriptOf(b.family)) return { family: 'unknown', given: 'alike' }
  const [some, others] = [
    [a.family, ...a.parts],
    [b.family, ...b.parts],
  ]
  return { family: some.some((part) => others.includes(part)) ? 'alike' : 'other', given }
}

function compareGiven(a: string, b: string): NameComparison['given'] {
  if (a === b && a !== '') return 'equal'
  if (a === '' || b === '') return 'alike'
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  return short.length === 1 && long.startsWith(short) ? 'alike' : 'other'
}

function scriptOf(text: string): string {
  if (/\p{Script=Latin}/u.test(text)) return 'Latin'
  if (/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u.test(text)) return 'CJK'
  return (
    ['Cyrillic', 'Greek', 'Arabic', 'Hebrew'].find((name) =>
      new RegExp(`\\p{Script=${name}}`, 'u').test(text),
    ) ?? ''
  )
}

/** Two names that contradict each other say more than two that cannot be compared. */
function rank({ family, given }: NameComparison): number {
  const byFamily = { unknown: 0, other: 1, alike: 2, equal: 4 }[family]
  return byFamily * 3 + { other: 0, alike: 1, equal: 2 }[given]
}
