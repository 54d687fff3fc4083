import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeValue, encodeValue } from './value-codec.ts'

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(tie('any')),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$bytes', '$$bytes', '__proto__', '$')), tie('any'), {
      noNullPrototype: true,
    }),
  ),
})).any

describe('a stored value', () => {
  it('comes back as it was, bytes and awkward field names included', () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(decodeValue(encodeValue(one))).toEqual(one)
      }),
    )
  })

  it('is refused when JSON would silently change it', () => {
    for (const bad of [NaN, Infinity, new Date(), new Map(), 1n, undefined, { a: [() => 1] }]) {
      expect(() => encodeValue(bad)).toThrow(TypeError)
    }
  })

  it('loses fields that are undefined, nothing else', () => {
    expect(decodeValue(encodeValue({ a: undefined, b: null }))).toEqual({ b: null })
  })
})
