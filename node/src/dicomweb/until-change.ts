export interface Changes extends Disposable {
  /** True after something changed since the last call; false when the time is up. Throws the signal's reason. */
  next(): Promise<boolean>
}

/** Waits for what several sources tell, for at most `ms` between two changes. */
export function untilChange(
  sources: readonly ((tell: () => void) => () => void)[],
  ms: number,
  signal: AbortSignal,
): Changes {
  let changed = false
  let wake: (() => void) | undefined
  const tell = () => {
    changed = true
    wake?.()
  }
  const stops = sources.map((listen) => listen(tell))
  signal.addEventListener('abort', tell)
  return {
    async next() {
      signal.throwIfAborted()
      let timer: NodeJS.Timeout | undefined
      if (!changed)
        await new Promise<void>((resolve) => {
          wake = resolve
          timer = setTimeout(resolve, ms)
        })
      clearTimeout(timer)
      wake = undefined
      signal.throwIfAborted()
      const isNews = changed
      changed = false
      return isNews
    },
    [Symbol.dispose]() {
      signal.removeEventListener('abort', tell)
      for (const stop of stops) stop()
    },
  }
}
