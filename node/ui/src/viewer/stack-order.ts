import type { ViewedFrame } from './image-facts.ts'
import { dot } from './vectors.ts'

/** Directions that differ less than this are one (about 2.5 degrees). */
const parallel = 0.999
/** Positions that differ less are one, in mm. */
const samePlace = 0.01

/**
 * Frames as one scrolls through them: by their place in the patient where all of a series lie parallel and none twice;
 * else as the device numbered them. The way the device numbered them is the way from top to bottom.
 */
export function stackOrder(frames: readonly ViewedFrame[]): ViewedFrame[] {
  const numbered = [...frames].sort(
    (a, b) =>
      (a.instance.instanceNumber ?? 0) - (b.instance.instanceNumber ?? 0) ||
      a.instance.sopInstanceUid.localeCompare(b.instance.sopInstanceUid) ||
      a.frame - b.frame,
  )
  const places = placesOf(numbered)
  if (places === undefined) return numbered
  const [first, last] = [places[0] ?? 0, places.at(-1) ?? 0]
  const sign = last >= first ? 1 : -1
  return numbered
    .map((frame, i) => ({ frame, at: (places[i] ?? 0) * sign }))
    .sort((a, b) => a.at - b.at)
    .map(({ frame }) => frame)
}

/** Of each frame along the one normal they share; undefined when they share none, or one place is taken twice. */
function placesOf(frames: readonly ViewedFrame[]): number[] | undefined {
  const normal = frames[0]?.plane?.normal
  if (normal === undefined) return undefined
  const places: number[] = []
  for (const { plane } of frames) {
    if (plane === undefined || dot(plane.normal, normal) < parallel) return undefined
    places.push(dot(plane.position, normal))
  }
  const sorted = [...places].sort((a, b) => a - b)
  const isTwice = sorted.some((place, i) => i > 0 && place - (sorted[i - 1] ?? 0) < samePlace)
  return isTwice ? undefined : places
}
