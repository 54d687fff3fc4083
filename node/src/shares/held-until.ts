const dayMs = 24 * 3_600_000

/** spec 25 §1: until when reports of these days (`YYYY-MM-DD`, or empty) hold everything back; 0 when they do not. */
export function heldUntil(days: readonly string[], delayDays: number): number {
  const known = days.map((day) => Date.parse(`${day}T00:00:00Z`)).filter((at) => Number.isFinite(at))
  return known.length === 0 ? 0 : Math.max(...known) + delayDays * dayMs
}
