/** One range of a file (RFC 9110 §14): `end` is the first byte not in it. */
export interface AskedRange {
  start: number
  end: number
}

/**
 * What a `Range` header asks of `size` bytes: undefined for the whole (no header, another unit, or not understood),
 * `unsatisfiable` for what is not there, and for more than one range.
 */
export function askedRange(
  header: string | null | undefined,
  size: number,
): AskedRange | 'unsatisfiable' | undefined {
  if (header === null || header === undefined || !/^bytes=/i.test(header)) return undefined
  if (header.includes(',')) return 'unsatisfiable'
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header) ?? []
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end }
}
