import { items, number, numbers, text } from './dicom-json.ts'
import type { DataSet } from './dicom-json.ts'
import { isLossy, isVideo } from './lossy.ts'
import { cross, vector } from './vectors.ts'
import type { Vector } from './vectors.ts'
import type { Window } from './window-presets.ts'

/** Where a frame lies in the patient. */
export interface Plane {
  position: Vector
  /** Directions of rows (to the right of the picture) and columns (down). */
  row: Vector
  column: Vector
  normal: Vector
}

export interface ViewedFrame {
  /** `{SOP Instance UID}#{frame}`: which picture, whatever else comes. */
  key: string
  /** From 1. */
  frame: number
  instance: ViewedInstance
  plane: Plane | undefined
}

/** What the viewer says and needs of one instance. */
export interface ViewedInstance {
  studyUid: string
  seriesUid: string
  sopInstanceUid: string
  sopClassUid: string
  modality: string
  seriesNumber: number | undefined
  seriesDescription: string
  instanceNumber: number | undefined
  patient: { name: string; birthDate: string; sex: string; id: string }
  institution: string
  /** `YYYYMMDD` and `HHMM…` of the acquisition, else of content, series, study. */
  date: string
  time: string
  frameOfReference: string
  sliceThickness: number | undefined
  columns: number
  rows: number
  isColour: boolean
  window: Window | undefined
  isLossy: boolean
  /** By how much, when it says so. */
  lossyRatio: number | undefined
  isVideo: boolean
  /** Frames a second, for cine. */
  rate: number | undefined
  /** Empty for what is no picture: reports, key images, presentation states. */
  frames: readonly ViewedFrame[]
  dataSet: DataSet
}

/** More than any multi-frame image has. */
const mostFrames = 20_000
const pixels = '7FE00010'

/** Undefined for what names no instance. */
export function readInstance(dataSet: DataSet): ViewedInstance | undefined {
  const [studyUid, seriesUid, sopInstanceUid] = ['0020000D', '0020000E', '00080018'].map((tag) =>
    text(dataSet, tag),
  )
  if (!isUid(studyUid) || !isUid(seriesUid) || !isUid(sopInstanceUid)) return undefined
  const first = (...tags: string[]) => tags.map((tag) => text(dataSet, tag)).find(Boolean) ?? ''
  const transferSyntaxUid = text(dataSet, '00083002')
  const [samples = 1] = numbers(dataSet, '00280002')
  const instance: ViewedInstance = {
    ...{ studyUid, seriesUid, sopInstanceUid, dataSet },
    sopClassUid: text(dataSet, '00080016'),
    modality: text(dataSet, '00080060'),
    seriesNumber: number(dataSet, '00200011'),
    seriesDescription: text(dataSet, '0008103E'),
    instanceNumber: number(dataSet, '00200013'),
    patient: {
      name: text(dataSet, '00100010'),
      birthDate: text(dataSet, '00100030'),
      sex: text(dataSet, '00100040'),
      id: text(dataSet, '00100020'),
    },
    institution: text(dataSet, '00080080'),
    date: first('00080022', '00080023', '00080021', '00080020'),
    time: first('00080032', '00080033', '00080031', '00080030'),
    frameOfReference: text(dataSet, '00200052'),
    sliceThickness: number(dataSet, '00180050'),
    columns: number(dataSet, '00280011') ?? 0,
    rows: number(dataSet, '00280010') ?? 0,
    isColour: samples > 1 || text(dataSet, '00280004') === 'PALETTE COLOR',
    window: windowOf(dataSet),
    isLossy: isLossy({ transferSyntaxUid, lossyImageCompression: text(dataSet, '00282110') }),
    lossyRatio: number(dataSet, '00282112'),
    isVideo: isVideo(transferSyntaxUid),
    rate: rateOf(dataSet),
    frames: [],
  }
  return { ...instance, frames: framesOf(instance) }
}

const isUid = (uid: string | undefined): uid is string => uid !== undefined && /^[0-9.]{1,64}$/.test(uid)

function framesOf(instance: ViewedInstance): ViewedFrame[] {
  const { dataSet, rows, columns, sopInstanceUid } = instance
  if (rows === 0 || columns === 0 || dataSet[pixels] === undefined) return []
  const count = Math.min(Math.max(Math.trunc(number(dataSet, '00280008') ?? 1), 1), mostFrames)
  const [shared = {}] = items(dataSet, '52009229')
  const perFrame = items(dataSet, '52009230')
  const whole: ViewedFrame[] = []
  const owner = { ...instance, frames: whole }
  for (let frame = 1; frame <= count; frame++)
    whole.push({
      ...{ key: `${sopInstanceUid}#${frame}`, frame, instance: owner },
      plane: planeOf([perFrame[frame - 1] ?? {}, shared], dataSet),
    })
  return whole
}

/** Of the frame itself, of all frames, or of the image, in that order (PS3.3 C.7.6.16, C.7.6.2). */
function planeOf(groups: readonly DataSet[], dataSet: DataSet): Plane | undefined {
  const within = (sequence: string, tag: string) =>
    [...groups.flatMap((group) => items(group, sequence)), dataSet]
      .map((item) => numbers(item, tag))
      .find(({ length }) => length > 0) ?? []
  const position = vector(within('00209113', '00200032'))
  const directions = within('00209116', '00200037')
  const [row, column] = [vector(directions.slice(0, 3)), vector(directions.slice(3, 6))]
  if (position === undefined || row === undefined || column === undefined) return undefined
  return { position, row, column, normal: cross(row, column) }
}

function windowOf(dataSet: DataSet): Window | undefined {
  const [shared = {}] = items(dataSet, '52009229')
  for (const place of [dataSet, ...items(shared, '00289132')]) {
    const [center, width] = [number(place, '00281050'), number(place, '00281051')]
    if (center !== undefined && width !== undefined && width >= 1) return { center, width }
  }
  return undefined
}

function rateOf(dataSet: DataSet): number | undefined {
  const stated = number(dataSet, '00082144') ?? number(dataSet, '00180040')
  const time = number(dataSet, '00181063')
  const rate = stated ?? (time !== undefined && time > 0 ? 1000 / time : undefined)
  return rate !== undefined && rate > 0 ? Math.min(rate, 60) : undefined
}
