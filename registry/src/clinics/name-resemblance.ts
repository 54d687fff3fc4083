/** Words in names of care providers that tell nobody apart. */
const generic =
  /\b(stichting|ziekenhuis|ziekenhuizen|medisch|centrum|kliniek|clinic|hospital|het|de|bv|nv|fictief)\b/g
/** Of so many letters one may be another. Shorter names resemble each other by chance. */
const lettersEach = 5
const mostDifferent = 2

/** True when somebody could take the one for the other: the same but for accents, generic words and a letter or two. */
export function namesResemble(one: string, other: string): boolean {
  const [a, b] = [essenceOf(one), essenceOf(other)]
  if (a === b) return true
  const most = Math.min(mostDifferent, Math.floor(Math.min(a.length, b.length) / lettersEach))
  // The cheap question first: there may be a thousand members.
  return most > 0 && Math.abs(a.length - b.length) <= most && editDistance(a, b) <= most
}

function essenceOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s]/gu, '')
  const essence = plain.replace(generic, '').replace(/\s+/g, '')
  return essence === '' ? plain.replace(/\s+/g, '') : essence
}

/** Levenshtein's, row by row; names have 64 characters at most. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
