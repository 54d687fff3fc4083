import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32 } from './crc-32.ts'

it('a CRC-32 is that of zlib, in one go or in parts, wherever the bytes lie', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 })
  fc.assert(
    fc.property(parts, fc.nat(9), (pieces, shift) => {
      const whole = Buffer.concat(pieces)
      const lying = Buffer.concat([Buffer.alloc(shift, 1), whole]).subarray(shift)
      expect(crc32(lying)).toBe(zlibCrc32(whole))
      expect(pieces.reduce((crc, piece) => crc32(piece, crc), 0)).toBe(zlibCrc32(whole))
    }),
    { numRuns: 500 },
  )
})
