/** spec 21 §2 */
const atOnce = 16

/** Asks all of them, so many at once. `ask` never rejects. */
export async function askEverybody<M>(
  members: readonly M[],
  ask: (member: M) => Promise<void>,
): Promise<void> {
  const waiting = [...members]
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await ask(next)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, members.length) }, lane))
}
