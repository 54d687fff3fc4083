import { describe, expect, it } from 'vitest'
import { baseTimes, plus, randomScalar, scalars, times } from './ristretto255.ts'
import { combine, lagrangeWeights } from './shares.ts'

describe('shares of a key', () => {
  it.each([1, 2, 3, 4, 5])(
    'give the group key from any %i of them, and no other from one fewer',
    (threshold) => {
      const coefficients = Array.from({ length: threshold }, () => randomScalar())
      const [secret = randomScalar()] = coefficients
      const share = (index: number) =>
        coefficients.reduceRight((sum, one) => scalars.plus(scalars.times(sum, scalars.of(index)), one))
      const interpolated = (indices: number[]) =>
        combine(
          lagrangeWeights(indices),
          indices.map((index) => baseTimes(share(index))),
        )
      for (const indices of [
        [1, 2, 3, 4, 5],
        [7, 5, 3, 2, 1],
        [255, 9, 100, 4, 70],
      ].map((all) => all.slice(0, threshold))) {
        expect(interpolated(indices)).toEqual(baseTimes(secret))
        if (threshold > 1) expect(interpolated(indices.slice(1))).not.toEqual(baseTimes(secret))
      }
    },
  )

  it('weigh as Lagrange does: shares 1 and 2 count twice and minus once', () => {
    const point = baseTimes(randomScalar())
    const [first = point, second = point] = lagrangeWeights([1, 2])
    expect(first).toEqual(scalars.of(2))
    expect(plus(times(second, point), times(scalars.of(2), point))).toEqual(point)
  })
})
