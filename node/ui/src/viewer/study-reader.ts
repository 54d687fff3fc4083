import { ApiError } from '@twiin/ui-kit'
import type { DataSet } from './dicom-json.ts'
import { metadataAddress } from './dicomweb-addresses.ts'
import { readInstance } from './image-facts.ts'
import type { ViewedFrame, ViewedInstance } from './image-facts.ts'
import { jsonItems } from './json-items.ts'
import { keyImagesOf } from './key-images.ts'
import { stackOrder } from './stack-order.ts'
import { unasked } from './unasked.ts'

export interface ReadSeries {
  uid: string
  number: number | undefined
  description: string
  modality: string
  /** Frames in the order in which one scrolls. */
  stack: readonly ViewedFrame[]
  isVideo: boolean
}

export interface ReadStudy {
  state: 'reading' | 'whole' | 'failed'
  /** Why the rest does not come. */
  problem: ApiError | undefined
  /** Instances that are here, pictures or not. */
  arrived: number
  /** With pictures only, by number. */
  series: readonly ReadSeries[]
  /** Frame → title under which somebody marked it. */
  keyImages: ReadonlyMap<string, string>
  patient: ViewedInstance['patient'] | undefined
}

interface GrowingSeries extends ReadSeries {
  frames: ViewedFrame[]
  isStale: boolean
}

/** Between two looks of the page at what came meanwhile. */
const settleMs = 200
const retryMs = 5_000
/** Times in a row that an answer broke off without bringing anything new. */
const mostBreaks = 3

const nothing: ReadStudy = {
  ...{ state: 'reading', problem: undefined, arrived: 0, series: [], patient: undefined },
  keyImages: new Map(),
}

/**
 * The metadata of one study, instance by instance as they come from the node: of a study at another hospital the first
 * picture can be shown while the rest is on its way. To be subscribed to (`useSyncExternalStore`).
 */
export class StudyReader {
  readonly #studyInstanceUid: string
  readonly #listeners = new Set<() => void>()
  readonly #instances = new Map<string, ViewedInstance>()
  readonly #series = new Map<string, GrowingSeries>()
  #state = nothing
  #reading: AbortController | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(studyInstanceUid: string) {
    this.#studyInstanceUid = studyInstanceUid
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly now = (): ReadStudy => this.#state

  /** Begins, or begins again after a failure. What came before stays. */
  start(): void {
    if (this.#reading !== undefined || this.#state.state === 'whole') return
    const reading = new AbortController()
    this.#reading = reading
    this.#publish({ state: 'reading', problem: undefined })
    void this.#read(reading.signal).then((end) => {
      if (this.#reading === reading) this.#reading = undefined
      if (!reading.signal.aborted) this.#publish(end)
    })
  }

  stop(): void {
    this.#reading?.abort()
    this.#reading = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #read(signal: AbortSignal): Promise<Pick<ReadStudy, 'state' | 'problem'>> {
    let breaks = 0
    for (;;) {
      const before = this.#instances.size
      try {
        await this.#readOnce(signal)
        return { state: 'whole', problem: undefined }
      } catch (error) {
        if (signal.aborted) return { state: 'failed', problem: undefined }
        const isLate = error instanceof ApiError && error.status === 503
        if (error instanceof ApiError && !isLate) return { state: 'failed', problem: error }
        breaks = this.#instances.size > before ? 0 : breaks + 1
        if (!isLate && breaks > mostBreaks)
          return { state: 'failed', problem: new ApiError('NODE_UNREACHABLE', 0) }
        await pause(isLate ? retryMs : 500 * breaks, signal)
      }
    }
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    const response = await fetch(metadataAddress(this.#studyInstanceUid), {
      signal,
      credentials: 'same-origin',
      headers: { accept: 'application/dicom+json', ...unasked() },
    })
    if (!response.ok || response.body === null) throw await problemOf(response)
    for await (const item of jsonItems(chunksOf(response.body))) this.#add(item)
  }

  #add(item: unknown): void {
    const instance = readInstance(item as DataSet)
    if (instance === undefined || this.#instances.has(instance.sopInstanceUid)) return
    this.#instances.set(instance.sopInstanceUid, instance)
    if (instance.frames.length > 0) this.#addFrames(instance)
    // The first picture at once; the others together.
    const isFirst = this.#state.series.length === 0 && instance.frames.length > 0
    if (isFirst) this.#publish({})
    else this.#timer ??= setTimeout(() => this.#publish({}), settleMs)
  }

  #addFrames(instance: ViewedInstance): void {
    const { seriesUid: uid } = instance
    const series = this.#series.get(uid) ?? {
      ...{ uid, number: instance.seriesNumber, description: instance.seriesDescription },
      ...{ modality: instance.modality, isVideo: instance.isVideo, stack: [], frames: [], isStale: true },
    }
    series.frames.push(...instance.frames)
    series.isStale = true
    this.#series.set(uid, series)
  }

  #publish(end: Partial<Pick<ReadStudy, 'state' | 'problem'>>): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const [uid, series] of this.#series)
      if (series.isStale)
        this.#series.set(uid, { ...series, stack: stackOrder(series.frames), isStale: false })
    const [first] = this.#instances.values()
    this.#state = {
      ...this.#state,
      arrived: this.#instances.size,
      series: [...this.#series.values()].sort((a, b) => (a.number ?? 0) - (b.number ?? 0)),
      keyImages: keyImagesOf(this.#instances.values()),
      patient: first?.patient,
      ...end,
    }
    for (const listener of this.#listeners) listener()
  }
}

/** What the node said no with. */
export async function problemOf(response: Response): Promise<ApiError> {
  const details = (await response.json().catch(() => ({}))) as { code?: unknown; instance?: unknown }
  const code = typeof details.code === 'string' ? details.code : 'UNEXPECTED'
  return new ApiError(
    code,
    response.status,
    typeof details.instance === 'string' ? details.instance : undefined,
  )
}

async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel().catch(() => {})
  }
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
