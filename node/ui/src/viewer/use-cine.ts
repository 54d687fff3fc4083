import { useEffect, useEffectEvent } from 'react'
import type { Dispatch, SetStateAction } from 'react'
import { shownAt, stackOf } from './panes.ts'
import type { StudyShelf } from './study-shelf.ts'
import type { Shown } from './use-commands.ts'

/** Pictures a second where the images do not say. */
const usualRate = 15

/** Plays the active stack round and round, as fast as the images say. It waits for what is not here yet. */
export function useCine(of: {
  shelf: StudyShelf
  shown: Shown
  setShown: Dispatch<SetStateAction<Shown>>
}): void {
  const { shelf, shown, setShown } = of
  const { panes, isCine } = shown
  const pane = panes.panes[panes.active]
  const stack = stackOf(pane, shelf)
  const at = stack.findIndex(({ key }) => key === pane?.frame)
  const rate = stack[at]?.instance.rate ?? usualRate
  const tick = useEffectEvent(() => {
    const element = document.querySelector(`[data-pane="${panes.active + 1}"]`)
    if (stack.length < 2 || element?.getAttribute('data-shown') !== pane?.frame) return
    const to = { pane: panes.active, at: (at + 1) % stack.length }
    setShown((now) => ({ ...now, panes: shownAt(now.panes, shelf, to) }))
  })
  useEffect(() => {
    if (!isCine) return
    const timer = setInterval(tick, 1000 / rate)
    return () => clearInterval(timer)
  }, [isCine, rate])
}
