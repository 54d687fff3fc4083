import type { Dispatch, RefObject, SetStateAction } from 'react'
import type { OpenedStudy } from './opened-studies.ts'
import {
  compared,
  jumped,
  laidOut,
  layouts,
  linked,
  nextSeries,
  scrolled,
  shownAt,
  stackOf,
  withSeries,
} from './panes.ts'
import type { Layout, Panes } from './panes.ts'
import type { StudyShelf } from './study-shelf.ts'
import type { ToolName } from './surface.ts'
import type { Command } from './viewer-keys.ts'
import type { PaneHandle } from './viewer-pane.tsx'
import { windowFor } from './window-presets.ts'

/** What the viewer shows, and how. */
export interface Shown {
  panes: Panes
  tool: ToolName
  isCine: boolean
  isOverlaid: boolean
  isMasked: boolean
  side: 'priors' | 'reports'
  isHelp: boolean
}

/** Besides what has a key: what is pointed at. */
export type Order =
  | Command
  | { do: 'scroll'; frames: number; pane: number }
  | { do: 'activate'; pane: number }
  | { do: 'show'; study: string; series: string }
  | { do: 'jump'; study: string; frame: string }
  | { do: 'compare'; study: string }
  | { do: 'layoutTo'; layout: Layout }

interface Of {
  shelf: StudyShelf
  others: readonly OpenedStudy[]
  shown: Shown
  setShown: Dispatch<SetStateAction<Shown>>
  handles: RefObject<(PaneHandle | null)[]>
  onClose: () => void
}

/** Carries out what a key, a button or the wheel asks for. */
export function useCommands(of: Of): (order: Order) => void {
  const { shelf, shown, setShown, handles, others, onClose } = of
  const arrange = (change: (panes: Panes, now: Shown) => Panes) =>
    setShown((now) => ({ ...now, panes: change(now.panes, now) }))
  return (order) => {
    const surface = handles.current[shown.panes.active]?.surface
    switch (order.do) {
      case 'activate':
        return arrange((panes) => (panes.active === order.pane ? panes : { ...panes, active: order.pane }))
      case 'scroll':
        return arrange((panes) =>
          scrolled(panes, shelf, {
            pane: 'pane' in order ? order.pane : panes.active,
            frames: order.frames,
          }),
        )
      case 'end':
        return arrange((panes) => {
          const last = stackOf(panes.panes[panes.active], shelf).length - 1
          return last < 0
            ? panes
            : shownAt(panes, shelf, { pane: panes.active, at: order.of === 'first' ? 0 : last })
        })
      case 'series':
        return arrange((panes) => nextSeries(panes, shelf, order.step))
      case 'show':
        return arrange((panes) => withSeries(panes, shelf, order))
      case 'jump':
        return arrange((panes) => jumped(panes, shelf, order))
      case 'keyImage':
        return arrange((panes) => nextKeyImage(panes, shelf))
      case 'layout':
        return arrange((panes) => {
          const next = layouts[layouts.indexOf(panes.layout) + order.step]
          return next === undefined ? panes : laidOut(panes, shelf, next)
        })
      case 'layoutTo':
        return arrange((panes) => laidOut(panes, shelf, order.layout))
      case 'compare':
        return arrange((panes) => compared(panes, shelf, order.study))
      case 'prior':
        return arrange((panes) => {
          const next = nextPrior(panes, others)
          return next === undefined ? panes : compared(panes, shelf, next)
        })
      case 'link':
        return arrange(linked)
      case 'preset':
        return setPreset(order.digit)
      case 'tool':
        return setShown((now) => ({ ...now, tool: order.tool }))
      case 'invert':
        return surface?.invert()
      case 'flip':
        return surface?.flip(order.along)
      case 'rotate':
        return surface?.rotate()
      case 'zoom':
        return surface?.zoom(order.factor)
      case 'fit':
        return surface?.fit()
      case 'reset':
        return surface?.reset()
      case 'clear':
        return surface?.clearMeasurements()
      case 'close':
        return onClose()
      default:
        return setShown((now) => switched(now, order.do))
    }
  }

  function setPreset(digit: number): void {
    const { panes } = shown
    const pane = panes.panes[panes.active]
    const instance = stackOf(pane, shelf).find(({ key }) => key === pane?.frame)?.instance
    const handle = handles.current[panes.active]
    if (instance === undefined || handle === null || handle === undefined) return
    const own = instance.window ?? handle.look?.window
    const window = windowFor(digit, { modality: instance.modality, isColour: instance.isColour, own })
    if (window !== undefined) handle.surface?.setWindow(window)
  }
}

function switched(now: Shown, what: 'cine' | 'overlay' | 'mask' | 'reports' | 'help'): Shown {
  switch (what) {
    case 'cine':
      return { ...now, isCine: !now.isCine }
    case 'overlay':
      return { ...now, isOverlaid: !now.isOverlaid }
    case 'mask':
      return { ...now, isMasked: !now.isMasked }
    case 'reports':
      return { ...now, side: now.side === 'reports' ? 'priors' : 'reports' }
    case 'help':
      return { ...now, isHelp: true }
  }
}

/** The one behind the newest that is shown beside; after the last the first again. */
function nextPrior(panes: Panes, others: readonly OpenedStudy[]): string | undefined {
  const beside = panes.panes[(panes.active + 1) % panes.panes.length]
  const at = panes.panes.length < 2 ? -1 : others.findIndex(({ handle }) => handle === beside?.study)
  const open = panes.panes[panes.active]?.study
  const rest = [...others.slice(at + 1), ...others.slice(0, at + 1)]
  return rest.find(({ handle }) => handle !== open)?.handle
}

/** Marked images of the study in the active pane, one after the other. */
function nextKeyImage(panes: Panes, shelf: StudyShelf): Panes {
  const pane = panes.panes[panes.active]
  const marked = shelf.now().get(pane?.study ?? '')?.keyImages
  if (pane === undefined || marked === undefined) return panes
  const frames = shelf
    .seriesOf(pane.study)
    .flatMap(({ stack }) => stack)
    .filter(({ key }) => marked.has(key))
  const at = frames.findIndex(({ key }) => key === pane.frame)
  const next = frames[(at + 1) % Math.max(frames.length, 1)]
  return next === undefined ? panes : jumped(panes, shelf, { study: pane.study, frame: next.key })
}
