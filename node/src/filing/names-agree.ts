/**
 * Whether two DICOM person names (PS3.5 §6.2: family^given^middle^prefix^suffix, representations split by =) can be one
 * person's: equal family names, and first given names that are equal, or one missing or an initial of the other
 * (ADR 0004). Case, accents, hyphens, spaces and Dutch prefixes do not count.
 */
export function namesAgree(a: string, b: string): boolean {
  const [one, other] = [parts(a), parts(b)]
  return one.family !== '' && one.family === other.family && givenNamesAgree(one.given, other.given)
}

// 'van der' may stand before the family name, behind a comma, or in the prefix component.
const prefixes = new Set(
  'van der den de het t ten ter te op in aan bij onder over uit voor la le du'.split(' '),
)

function parts(name: string): { family: string; given: string } {
  const [alphabetic = ''] = name.split('=')
  const [family = '', given = ''] = alphabetic.split('^')
  const words = fold(family)
    .split(' ')
    .filter((word) => !prefixes.has(word))
  return { family: words.join(''), given: fold(given).split(' ')[0] ?? '' }
}

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ij/g, 'y')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

function givenNamesAgree(a: string, b: string): boolean {
  if (a === '' || b === '' || a === b) return true
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  return short.length === 1 && long.startsWith(short)
}
