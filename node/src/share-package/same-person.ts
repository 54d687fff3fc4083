/** What a study says of whose it is. */
export interface Stated {
  /** It contradicts itself. */
  inDoubt: boolean
  citizenNumber?: string
  /** Patient numbers, each with who issued it: equal ones are one person's. */
  numbers: readonly string[]
  /** `YYYY-MM-DD` or ''. */
  birthDate: string
  /** For people. */
  name: string
}

/**
 * Whether all of these are known to be one person's: none in doubt, no two birth dates or citizen numbers, and each tied to
 * the others by a number. That nothing contradicts it is not enough to hand somebody's images to somebody.
 */
export function areOfOnePerson(studies: readonly Stated[]): boolean {
  if (studies.some(({ inDoubt }) => inDoubt)) return false
  if (new Set(studies.map(({ birthDate }) => birthDate).filter((date) => date !== '')).size > 1) return false
  if (new Set(studies.map(({ citizenNumber }) => citizenNumber).filter((one) => one !== undefined)).size > 1)
    return false
  const [first, ...others] = studies.map(
    ({ citizenNumber, numbers }) =>
      new Set([...numbers, ...(citizenNumber === undefined ? [] : [`BSN ${citizenNumber}`])]),
  )
  if (first === undefined) return true
  const tied = new Set(first)
  let left = others
  for (;;) {
    const next = left.filter((ids) => [...ids].some((id) => tied.has(id)))
    if (next.length === 0) return left.length === 0
    for (const ids of next) for (const id of ids) tied.add(id)
    left = left.filter((ids) => !next.includes(ids))
  }
}
