/**
 * Work that is asked for more often than it has to be done: every call resolves with a round that began after it, and
 * all calls that come during one round share the next.
 */
export function inRounds(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  return () => {
    next ??= running
      .catch(() => {})
      .then(() => {
        // From here on a caller may bring something that this round no longer sees.
        next = undefined
        running = work()
        return running
      })
    return next
  }
}
