import { useCallback, useLayoutEffect, useRef } from 'react'

/** The same function at every render, which does what the newest one does: a memoised row that gets it stays as it is. */
export function useLatest<Args extends unknown[]>(act: (...args: Args) => void): (...args: Args) => void {
  const latest = useRef(act)
  useLayoutEffect(() => {
    latest.current = act
  })
  return useCallback((...args: Args) => latest.current(...args), [])
}
