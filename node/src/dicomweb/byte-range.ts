import { TwiinError } from '@twiin/runtime'

/**
 * The one range of a request (RFC 9110 §14.1.2): from where, how long. Undefined: all of it is meant, as for several
 * ranges and units we do not know. Throws `RANGE_NOT_SATISFIABLE`.
 */
export function byteRange(
  header: string | undefined,
  size: number,
): { offset: number; length: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    if (length === 0) throw new TwiinError('RANGE_NOT_SATISFIABLE', { size })
    return { offset: size - length, length }
  }
  const offset = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  // A last position before the first makes the header invalid, and an invalid one is ignored.
  if (last !== '' && Number(last) < offset) return undefined
  if (offset >= size) throw new TwiinError('RANGE_NOT_SATISFIABLE', { size })
  return { offset, length: end - offset + 1 }
}
