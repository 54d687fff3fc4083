import { expect, it } from 'vitest'
import { freshnessLimits, freshnessOf } from './freshness.ts'

const { staleMs, newcomersMs, expiredMs } = freshnessLimits
const issuedAt = 1_000_000

it('of a bundle ends after 4 hours, 24 hours and 14 days, and each state says until when it is', () => {
  const at = (age: number) => freshnessOf(issuedAt, issuedAt + age)
  const [stale, newcomers, expired] = [staleMs, newcomersMs, expiredMs].map((ms) => issuedAt + ms)
  expect([staleMs, newcomersMs, expiredMs]).toEqual([14_400_000, 86_400_000, 1_209_600_000])
  for (const age of [-1000, 0, staleMs]) expect(at(age)).toEqual({ state: 'fresh', until: stale })
  for (const age of [staleMs + 1, newcomersMs])
    expect(at(age)).toEqual({ state: 'BUNDLE_STALE', since: stale, until: newcomers })
  for (const age of [newcomersMs + 1, expiredMs])
    expect(at(age)).toEqual({ state: 'NO_NEWCOMERS', since: newcomers, until: expired })
  for (const age of [expiredMs + 1, 10 * expiredMs])
    expect(at(age)).toEqual({ state: 'BUNDLE_EXPIRED', since: expired })
})
