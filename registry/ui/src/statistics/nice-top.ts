/** The end of an axis: the smallest of 1, 2, 2.5, 5, 10 times a power of ten that is not below the value; at least 10. */
export function niceTop(value: number): number {
  if (!(value > 10)) return 10
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 5].find((step) => step * power >= value) ?? 10) * power
}
