import { expect, test } from 'vitest'
import { niceTop } from './nice-top.ts'

test('an axis ends in a round number that is not below the highest value', () => {
  expect([0, 3, 10, 11, 60, 101, 249, 50_000, 120_000, Number.NaN].map(niceTop)).toEqual([
    10, 10, 10, 20, 100, 200, 250, 50_000, 200_000, 10,
  ])
})
