import { describe, expect, it } from 'vitest'
import { ManualClock } from '@twiin/runtime'
import { Pace } from './pace.ts'

const never = new AbortController().signal
const at = (time: string) => new ManualClock(Date.parse(time))
const pace = (clock: ManualClock) =>
  new Pace({ night: { from: '22:00', until: '06:00' }, perSecond: { day: 10, night: 200 } }, { clock })

describe('the pace at which an archive is asked', () => {
  it('is that of the day and of the night in Dutch time, summer and winter', () => {
    for (const [time, night] of [
      ['2026-01-15T20:59:00Z', false],
      ['2026-01-15T21:00:00Z', true],
      ['2026-07-15T20:00:00Z', true],
      ['2026-07-15T04:00:00Z', false],
      ['2026-01-15T04:59:00Z', true],
    ] as const)
      expect([time, pace(at(time)).isNight()]).toEqual([time, night])
  })

  it.each([
    ['by day', '2026-01-15T12:00:00Z', 5000],
    ['by night', '2026-01-15T23:00:00Z', 250],
  ])('lets fifty answers %s take as long as they may', async (_, time, ms) => {
    const clock = at(time)
    let over = false
    const waiting = pace(clock)
      .after(50, never)
      .then(() => (over = true))
    await clock.advance(ms - 1)
    expect(over).toBe(false)
    await clock.advance(1)
    await waiting
    expect(over).toBe(true)
  })
})
