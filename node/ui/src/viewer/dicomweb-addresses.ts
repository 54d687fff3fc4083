import type { ViewedFrame, ViewedInstance } from './image-facts.ts'
import type { Window } from './window-presets.ts'

/** One base for what is here and what lies elsewhere (spec 14 §2). UIDs were looked at when the data set was read. */
const base = '/dicom-web'

export const metadataAddress = (studyInstanceUid: string) =>
  `${base}/studies/${encodeURIComponent(studyInstanceUid)}/metadata`

const instanceAddress = ({ studyUid, seriesUid, sopInstanceUid }: ViewedInstance) =>
  `${base}/studies/${studyUid}/series/${seriesUid}/instances/${sopInstanceUid}`

/** As it is stored. */
export const frameAddress = ({ instance, frame }: ViewedFrame) =>
  `${instanceAddress(instance)}/frames/${frame}`

export const thumbnailAddress = (frame: ViewedFrame) => `${frameAddress(frame)}/thumbnail`

/** A picture that the node made, for browsers that can make none themselves. */
export function renderedAddress(frame: ViewedFrame, window: Window | undefined): string {
  const asked = window === undefined ? '' : `&window=${round(window.center)},${round(window.width)}`
  return `${frameAddress(frame)}/rendered?quality=92${asked}`
}

const round = (value: number) => Math.round(value * 100) / 100

/** Where other viewers on this computer find the same studies. */
export const ownDicomWeb = () => `${location.origin}${base}`
