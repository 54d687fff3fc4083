import type { TimelineStudy } from './merge-studies.ts'

/** A shape for each kind of images, so that colour is not needed to tell them apart. */
const shapes: Readonly<Record<string, string>> = {
  CT: 'M-6 0A6 6 0 1 0 6 0A6 6 0 1 0 -6 0Z',
  MR: 'M-5.5 -5.5H5.5V5.5H-5.5Z',
  CR: 'M0 -7L7 0L0 7L-7 0Z',
  DX: 'M0 -7L7 0L0 7L-7 0Z',
  US: 'M0 -6.5L7 5.5H-7Z',
  MG: 'M-7 -5.5H7L0 6.5Z',
  PT: 'M-3.5 -6.5H3.5L7 0L3.5 6.5H-3.5L-7 0Z',
  NM: 'M-3.5 -6.5H3.5L7 0L3.5 6.5H-3.5L-7 0Z',
}
/** A cross: anything else. */
const otherShape = 'M-2 -6.5H2V-2H6.5V2H2V6.5H-2V2H-6.5V-2H-2Z'

const shapeOf = (modalities: readonly string[]) =>
  modalities.map((code) => shapes[code]).find((shape) => shape !== undefined) ?? otherShape

const standingOf = ({ local, detail }: TimelineStudy) =>
  local ? 'here' : detail === 'index' ? 'index' : 'remote'

/** Shape: kind of images. Filled: here. Dashed: only the index tells. Ring: there is a report. */
export function LaneShape({ study }: { study: TimelineStudy }) {
  return (
    <>
      {study.reports > 0 && <circle className="mark-ring" r="10" />}
      <path className={`mark-shape mark-${standingOf(study)}`} d={shapeOf(study.modalities)} />
    </>
  )
}
