import { expect, test } from 'vitest'
import { askedRange } from './byte-range.ts'

test('one range is read as RFC 9110 says, and anything else is the whole or nothing', () => {
  for (const [header, expected] of [
    [undefined, undefined],
    ['bytes=0-9', { start: 0, end: 10 }],
    ['bytes=90-', { start: 90, end: 100 }],
    ['bytes=-5', { start: 95, end: 100 }],
    ['bytes=-500', { start: 0, end: 100 }],
    ['bytes=0-500', { start: 0, end: 100 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=0-1,3-4', 'unsatisfiable'],
    ['bytes=9-3', undefined],
    ['bytes=-', undefined],
    ['seconds=0-1', undefined],
    [`bytes=${'9'.repeat(400)}-`, undefined],
  ] as const)
    expect(askedRange(header, 100), header).toEqual(expected)
  expect(askedRange('bytes=0-', 0)).toBe('unsatisfiable')
})
