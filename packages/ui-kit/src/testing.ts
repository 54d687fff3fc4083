/** For the tests of each app: what is wrong between two languages. */

function flat(texts: object, under = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? flat(value, `${under}${key}.`)
      : [[`${under}${key}`, String(value)] as [string, string]],
  )
}

/** The names of the places that a text leaves open: `{{name}}`. */
const places = (text: string) =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)]
    .map(([, name]) => name)
    .sort()
    .join()

/** Keys that only one has, that leave other places open, or that say nothing. Empty when both are complete. */
export function wordingProblems(first: object, second: object): string[] {
  const [one, other] = [new Map(flat(first)), new Map(flat(second))]
  const keys = new Set([...one.keys(), ...other.keys()])
  return [...keys].flatMap((key) => {
    const [here, there] = [one.get(key), other.get(key)]
    if (here === undefined || there === undefined) return [`${key}: in one language only`]
    if (here.trim() === '' || there.trim() === '') return [`${key}: empty`]
    return places(here) === places(there) ? [] : [`${key}: other places`]
  })
}
