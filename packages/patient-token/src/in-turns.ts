import { setImmediate } from 'node:timers/promises'

/**
 * Maps point by point and gives the event loop a turn every few milliseconds: a batch of 1024 is a quarter of a second
 * of arithmetic, and the same process answers other peers.
 */
export async function mapInTurns<T, R>(
  items: readonly T[],
  map: (item: T, index: number) => R,
): Promise<R[]> {
  const results: R[] = []
  for (const [i, item] of items.entries()) {
    if (i % 32 === 31) await setImmediate()
    results.push(map(item, i))
  }
  return results
}

/** Whether all pass, with turns for others like `mapInTurns`; the first that fails ends it. */
export async function everyInTurns<T>(items: readonly T[], passes: (item: T) => boolean): Promise<boolean> {
  for (const [i, item] of items.entries()) {
    if (i % 32 === 31) await setImmediate()
    if (!passes(item)) return false
  }
  return true
}
