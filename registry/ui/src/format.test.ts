import { describe, expect, it } from 'vitest'
import { formatAge, formatCount, formatDay, formatMonth, formatMonthTotal } from './format.ts'

describe('what the registry shows', () => {
  it('names months in the language of the page, and leaves what is no month', () => {
    expect(formatMonth('2026-11', 'nl')).toBe('november 2026')
    expect(formatMonth('2026-11', 'en', 'short')).toBe('Nov')
    expect(formatMonth('soon', 'nl')).toBe('soon')
  })

  it('shows a count that points at somebody as fewer than five', () => {
    expect(formatCount(null, 'nl')).toBe('<5')
    expect(formatCount(0, 'nl')).toBe('0')
    expect(formatCount(60_000, 'nl')).toBe('60.000')
  })

  it('tells of a month no more than its halves do', () => {
    const total = (...halves: (number | null)[]) =>
      formatMonthTotal(
        {
          month: '2026-11',
          halves: halves.map((studies) => ({ studies, discsReplaced: studies })),
          studies: halves.includes(null) ? null : halves.reduce<number>((sum, one) => sum + (one ?? 0), 0),
        },
        'nl',
      )
    expect([total(0, 1200), total(null, 420), total(null, 0), total(null, null)]).toEqual([
      '1.200',
      '> 420',
      '<5',
      '<10',
    ])
  })

  it('tells how long ago in the largest unit, and never the future', () => {
    const at = '2026-11-25T12:00:00Z'
    const after = (seconds: number) => formatAge(at, Date.parse(at) + seconds * 1000, 'nl')
    expect([after(-5), after(59), after(60), after(7300), after(3 * 86_400 + 5)]).toEqual([
      '0 seconden',
      '59 seconden',
      '1 minuut',
      '2 uur',
      '3 dagen',
    ])
  })

  it('shows no day for what is none', () => {
    expect(formatDay(undefined, 'nl')).toBe('')
    expect(formatDay('2026-03-14T12:00:00Z', 'nl')).toBe('14 mrt 2026')
  })
})
