import type { Plane, ViewedFrame } from './image-facts.ts'
import { dot } from './vectors.ts'

/** A stack and the frame of it that was shown when two panes were linked. */
export interface Linked {
  stack: readonly ViewedFrame[]
  anchor: number
}

/** Stacks that lie within about 25 degrees of each other are scrolled by millimetres. */
const alike = 0.9

/**
 * Which frame of `other` goes with frame `at` of `own`. In the same frame of reference: the nearest place in the patient.
 * In another one that lies the same way: as many millimetres from where both stood when they were linked. Else: as many
 * frames. Undefined when `other` is empty.
 */
export function linkedFrame(own: Linked, at: number, other: Linked): number | undefined {
  if (other.stack.length === 0) return undefined
  const [from, now] = [own.stack[own.anchor], own.stack[at]]
  const there = other.stack[other.anchor]
  const byPlace = now && from && there && placeIn(other, { from, now, there })
  if (byPlace !== undefined) return byPlace
  return clamp(other.anchor + at - own.anchor, other.stack.length)
}

function placeIn(
  { stack }: Linked,
  { from, now, there }: { from: ViewedFrame; now: ViewedFrame; there: ViewedFrame },
): number | undefined {
  const normal = there.plane?.normal
  if (normal === undefined || now.plane === undefined || from.plane === undefined) return undefined
  const cosine = dot(now.plane.normal, normal)
  if (Math.abs(cosine) < alike) return undefined
  const here = (plane: Plane) => dot(plane.position, normal)
  const { frameOfReference } = now.instance
  const isSame = frameOfReference !== '' && frameOfReference === there.instance.frameOfReference
  const wanted = isSame ? here(now.plane) : here(there.plane as Plane) + here(now.plane) - here(from.plane)
  return nearest(stack, wanted, here)
}

function nearest(
  stack: readonly ViewedFrame[],
  wanted: number,
  place: (plane: Plane) => number,
): number | undefined {
  let best: { at: number; gap: number } | undefined
  for (const [at, { plane }] of stack.entries()) {
    if (plane === undefined) return undefined
    const gap = Math.abs(place(plane) - wanted)
    if (best === undefined || gap < best.gap) best = { at, gap }
  }
  return best?.at
}

const clamp = (at: number, length: number) => Math.min(Math.max(at, 0), length - 1)
