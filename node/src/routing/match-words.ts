/** Whether one of the wanted was found, case and accents apart; everything fits when nothing is wanted. */
export function isOneOf(wanted: readonly string[] | undefined, found: readonly string[]): boolean {
  return wanted === undefined || wanted.some((one) => found.some((other) => plain(one) === plain(other)))
}

export const wordsOf = (text: string): string[] => text.split(/[^\p{L}\p{N}]+/u)

const plain = (text: string) => text.trim().normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
