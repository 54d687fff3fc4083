/**
 * Length in bytes, header included, of the DER SEQUENCE at `offset`; undefined when there is none, it is cut off, or it is
 * longer than 64 KiB. Looks at the header only, so it may be asked about anything.
 */
export function sequenceLength(bytes: Uint8Array, offset: number): number | undefined {
  const [tag, form = 0, first = 0, second = 0] = bytes.subarray(offset, offset + 4)
  if (tag !== 0x30) return undefined
  const length =
    form < 0x80 ? 2 + form : form === 0x81 ? 3 + first : form === 0x82 ? 4 + first * 256 + second : Infinity
  return offset + length <= bytes.length ? length : undefined
}
