import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBsn, passesElevenTest } from './bsn.ts'

describe('a BSN', () => {
  it('passes the eleven test, and keeps or regains its leading zero', () => {
    expect(parseBsn('999990019')).toBe('999990019')
    expect(parseBsn('111222333')).toBe('111222333')
    expect(parseBsn('010000008')).toBe('010000008')
    expect(parseBsn('10000008')).toBe('010000008')
  })

  it.each([
    '999990018',
    '000000000',
    '00000000',
    '9999900190',
    '1234567',
    '',
    ' 999990019',
    '999990019\n',
    '999.99.0019',
    '９９９９９００１９',
    '99999001a',
  ])('is refused as %j', (text) => {
    expect(() => parseBsn(text)).toThrow('BSN_INVALID')
  })

  it('that is refused leaves no digit in the error', () => {
    let error: unknown
    try {
      parseBsn('123456789')
    } catch (caught) {
      error = caught
    }
    const { message, facts } = error as { message: string; facts: object }
    expect(message + JSON.stringify(facts) + inspect(error, { showHidden: true }).split('\n')[0]).not.toMatch(
      /\d/,
    )
  })

  it('with one wrong digit, or two neighbours swapped, is noticed', () => {
    const digits = fc.integer({ min: 10_000_000, max: 999_999_999 }).map((n) => String(n).padStart(9, '0'))
    fc.assert(
      fc.property(
        digits.filter(passesElevenTest),
        fc.nat(8),
        fc.integer({ min: 1, max: 9 }),
        (bsn, at, add) => {
          const wrong = [...bsn]
          wrong[at] = String((Number(bsn[at]) + add) % 10)
          expect(passesElevenTest(wrong.join(''))).toBe(false)
          const swapped = [...bsn]
          ;[swapped[at], swapped[at + 1]] = [bsn[at + 1] ?? '', bsn[at] ?? '']
          if (at < 7 && bsn[at] !== bsn[at + 1]) expect(passesElevenTest(swapped.join(''))).toBe(false)
        },
      ),
    )
  })
})
