import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, pieceFrame } from './frames.ts'

describe('a frame', () => {
  it('of a piece comes back as it was sent', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 32 - 1),
        fc.maxSafeNat(),
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        (index, offset, bytes) => {
          const piece = { index, offset, bytes }
          const frame = new Uint8Array(Buffer.concat(pieceFrame(piece)))
          expect(decodeFrame(frame)).toEqual({ kind: 'piece', piece })
        },
      ),
    )
  })

  it('of any bytes at all is a frame or FRAME_INVALID, nothing else', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 300 }))
        .map(([type, rest]) => Uint8Array.of(type, ...rest)),
    )
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          const frame = decodeFrame(bytes)
          if (frame.kind === 'piece') expect(Number.isSafeInteger(frame.piece.offset)).toBe(true)
        } catch (error) {
          expect((error as { code?: string }).code).toBe('FRAME_INVALID')
        }
      }),
      { numRuns: 3000 },
    )
  })
})
