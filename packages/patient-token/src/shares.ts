import { identity, plus, scalars, times } from './ristretto255.ts'

/**
 * Lagrange interpolation at zero, in the exponent: what each of these keepers' points must be multiplied by so that the
 * sum is the group's. `indices` are distinct and not zero.
 */
export function lagrangeWeights(indices: readonly number[]): Uint8Array[] {
  return indices.map((i) =>
    indices
      .filter((j) => j !== i)
      .reduce((product, j) => {
        const difference = scalars.minus(scalars.of(j), scalars.of(i))
        return scalars.times(product, scalars.times(scalars.of(j), scalars.invert(difference)))
      }, scalars.of(1)),
  )
}

/** One point from the points of several shares. */
export function combine(weights: readonly Uint8Array[], points: readonly Uint8Array[]): Uint8Array {
  // A single share is the whole key, and its weight is one.
  const weighted =
    points.length === 1 ? points : points.map((point, i) => times(weights[i] ?? identity, point))
  return weighted.reduce(plus)
}
