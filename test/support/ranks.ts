/**
 * Whether two samples differ: Mann–Whitney U, two-sided, normal approximation with tie correction (Mann and Whitney 1947).
 * `p` is how often a difference at least so large comes from samples that do not differ.
 */
export function differs(
  one: readonly number[],
  other: readonly number[],
): { p: number; medians: [number, number] } {
  const all = [...one.map((value) => [value, 0] as const), ...other.map((value) => [value, 1] as const)].sort(
    ([a], [b]) => a - b,
  )
  let rankSum = 0
  let ties = 0
  for (let from = 0; from < all.length;) {
    let to = from
    while (to < all.length && all[to]?.[0] === all[from]?.[0]) to++
    const rank = (from + 1 + to) / 2
    for (let at = from; at < to; at++) if (all[at]?.[1] === 0) rankSum += rank
    ties += (to - from) ** 3 - (to - from)
    from = to
  }
  const [n, m] = [one.length, other.length]
  const u = rankSum - (n * (n + 1)) / 2
  const deviation = Math.sqrt(((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1))))
  const z = deviation === 0 ? 0 : Math.abs(u - (n * m) / 2) / deviation
  return { p: 2 * (1 - normal(z)), medians: [median(one), median(other)] }
}

/** Abramowitz and Stegun 26.2.17. */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const tail =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * tail
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
