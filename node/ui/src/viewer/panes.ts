import type { ViewedFrame } from './image-facts.ts'
import { linkedFrame } from './linked-position.ts'
import type { Linked } from './linked-position.ts'

export type Layout = '1x1' | '1x2' | '2x2'
export const layouts: readonly Layout[] = ['1x1', '1x2', '2x2']
const sizes: Readonly<Record<Layout, number>> = { '1x1': 1, '1x2': 2, '2x2': 4 }

/** One picture on the screen: which series of which study, and which frame of it. */
export interface Pane {
  study: string
  series: string | undefined
  frame: string | undefined
  /** A person went there; otherwise it is the first of what has come. */
  isChosen?: boolean
}

export interface Panes {
  layout: Layout
  panes: readonly (Pane | undefined)[]
  active: number
  /** Frames that were shown when the panes were linked, one a pane; undefined when they are not. */
  anchors: readonly (string | undefined)[] | undefined
}

/** What there is to show, in order. */
export interface Stacks {
  seriesOf(study: string): readonly { uid: string; stack: readonly ViewedFrame[] }[]
}

export const firstPanes = (study: string): Panes => ({
  layout: '1x1',
  panes: [{ study, series: undefined, frame: undefined }],
  active: 0,
  anchors: undefined,
})

export function stackOf(pane: Pane | undefined, stacks: Stacks): readonly ViewedFrame[] {
  if (pane?.series === undefined) return []
  return stacks.seriesOf(pane.study).find(({ uid }) => uid === pane.series)?.stack ?? []
}

const indexOf = (stack: readonly ViewedFrame[], key: string | undefined) =>
  stack.findIndex((frame) => frame.key === key)

/**
 * Something came: panes that wait for it begin to show it. A pane in which nobody has moved yet keeps to the first picture of
 * its series, for they come in any order; where somebody went, it stays.
 */
export function filled(state: Panes, stacks: Stacks): Panes {
  let changed = false
  const panes = state.panes.map((pane) => {
    if (pane === undefined || (pane.frame !== undefined && pane.isChosen === true)) return pane
    const all = stacks.seriesOf(pane.study)
    if (pane.frame !== undefined) {
      const frame = stackOf(pane, stacks)[0]?.key ?? pane.frame
      if (frame === pane.frame) return pane
      changed = true
      return { ...pane, frame }
    }
    const taken = state.panes.map((other) => (other?.study === pane.study ? other.series : undefined))
    const series =
      all.find(({ uid }) => uid === pane.series) ?? all.find(({ uid }) => !taken.includes(uid)) ?? all[0]
    const first = series?.stack[0]
    if (series === undefined || first === undefined) return pane
    changed = true
    return { ...pane, series: series.uid, frame: first.key }
  })
  return changed ? anchored({ ...state, panes }) : state
}

/** Moves a pane by so many frames, and those that are linked to it as far. */
export function scrolled(state: Panes, stacks: Stacks, by: { pane: number; frames: number }): Panes {
  const stack = stackOf(state.panes[by.pane], stacks)
  const now = indexOf(stack, state.panes[by.pane]?.frame)
  const to = Math.min(Math.max(now + by.frames, 0), stack.length - 1)
  return to === now || stack.length === 0 ? state : shownAt(state, stacks, { pane: by.pane, at: to })
}

export function shownAt(state: Panes, stacks: Stacks, to: { pane: number; at: number }): Panes {
  const { anchors } = state
  const linkedOf = (at: number): Linked => {
    const stack = stackOf(state.panes[at], stacks)
    return { stack, anchor: Math.max(indexOf(stack, anchors?.[at]), 0) }
  }
  const own = linkedOf(to.pane)
  const panes = state.panes.map((pane, at) => {
    if (pane === undefined) return pane
    if (at === to.pane) return { ...pane, frame: own.stack[to.at]?.key ?? pane.frame, isChosen: true }
    if (anchors === undefined) return pane
    const other = linkedOf(at)
    const found = linkedFrame(own, to.at, other)
    if (found === undefined) return pane
    return { ...pane, frame: other.stack[found]?.key ?? pane.frame, isChosen: true }
  })
  return { ...state, panes }
}

/** Shows a frame wherever it is, in the active pane. */
export function jumped(state: Panes, stacks: Stacks, to: { study: string; frame: string }): Panes {
  const series = stacks.seriesOf(to.study).find(({ stack }) => indexOf(stack, to.frame) >= 0)
  if (series === undefined) return state
  return inActive(state, { study: to.study, series: series.uid, frame: to.frame, isChosen: true })
}

/** Another series in the active pane, from its first frame. */
export const withSeries = (state: Panes, stacks: Stacks, of: { study: string; series: string }): Panes =>
  filled(inActive(state, { ...of, frame: undefined }), stacks)

/** The series before or behind the one in the active pane. */
export function nextSeries(state: Panes, stacks: Stacks, step: 1 | -1): Panes {
  const pane = state.panes[state.active]
  if (pane === undefined) return state
  const all = stacks.seriesOf(pane.study)
  const at = all.findIndex(({ uid }) => uid === pane.series)
  const next = all[at + step]
  return next === undefined ? state : withSeries(state, stacks, { study: pane.study, series: next.uid })
}

/** More or fewer panes. New ones show what is not shown yet of the study in the active one. */
export function laidOut(state: Panes, stacks: Stacks, layout: Layout): Panes {
  const size = sizes[layout]
  const study = state.panes[state.active]?.study ?? ''
  // What one looks at stays, also when it stood behind the new end.
  const kept = state.active < size ? state.panes : [state.panes[state.active], ...state.panes]
  const panes = Array.from(
    { length: size },
    (_, at) => kept[at] ?? { study, series: undefined, frame: undefined },
  )
  const active = state.active < size ? state.active : 0
  return filled(anchored({ ...state, layout, panes, active }), stacks)
}

/** A prior beside what one looks at, linked with it. */
export function compared(state: Panes, stacks: Stacks, study: string): Panes {
  const wide = state.layout === '1x1' ? laidOut(state, stacks, '1x2') : state
  const beside = (wide.active + 1) % wide.panes.length
  const panes = wide.panes.map((pane, at) =>
    at === beside ? { study, series: undefined, frame: undefined } : pane,
  )
  return filled(anchored({ ...wide, panes, anchors: [] }), stacks)
}

export const linked = (state: Panes): Panes =>
  state.anchors === undefined ? anchored({ ...state, anchors: [] }) : { ...state, anchors: undefined }

function inActive(state: Panes, pane: Pane): Panes {
  const panes = state.panes.map((other, at) => (at === state.active ? pane : other))
  return anchored({ ...state, panes })
}

/** From where the panes are now, they go on together. */
function anchored(state: Panes): Panes {
  if (state.anchors === undefined) return state
  return { ...state, anchors: state.panes.map((pane) => pane?.frame) }
}
