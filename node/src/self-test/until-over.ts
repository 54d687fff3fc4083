/** Resolves to false when the signal aborts: for waiting that may come to nothing. */
export function untilOver(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(false), { once: true })
    if (signal.aborted) resolve(false)
  })
}
