import { expect, test } from 'vitest'
import { DiskTrend } from './disk-trend.ts'

const hour = 3_600_000

test('days to full are said when a quarter of a day was seen, and not when nothing becomes less', () => {
  const trend = new DiskTrend()
  trend.note(0, 1000)
  trend.note(hour, 900)
  expect(trend.daysToFull()).toBeUndefined()
  trend.note(12 * hour, 900)
  // A hundred in half a day: 900 last four and a half.
  expect(trend.daysToFull()).toBe(4)
  const steady = new DiskTrend()
  steady.note(0, 1000)
  steady.note(24 * hour, 1000)
  expect(steady.daysToFull()).toBeUndefined()
})
