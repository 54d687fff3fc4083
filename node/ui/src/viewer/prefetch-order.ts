/**
 * In which order the rest of a stack is fetched: from where the eye is outwards, one ahead, one behind. The direction in
 * which somebody scrolls comes first.
 */
export function middleOut(length: number, at: number, direction: 1 | -1 = 1): number[] {
  if (length <= 0) return []
  const middle = Math.min(Math.max(at, 0), length - 1)
  const order = [middle]
  for (let step = 1; step < length; step++)
    for (const next of [middle + step * direction, middle - step * direction])
      if (next >= 0 && next < length) order.push(next)
  return order
}
