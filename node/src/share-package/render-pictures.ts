import type { Rendered, Renderer } from '@twiin/pictures'
import { codeOf, isTwiinError } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import { frameSize, wholeFrame } from '../dicomweb/frame-bytes.ts'
import type { InstanceReader } from '../dicomweb/instance-reader.ts'
import { frameSyntax } from '../dicomweb/media-types.ts'

/** spec 25 §2 */
const mostPictures = 400
const largest = 1024
const smallest = 160
/** Of the large one, and of the small one. */
const quality = 85

export interface ShownPicture {
  small: Rendered
  large: Rendered
}
/** One picture to be made: a frame, counted from 1. */
export interface Shot {
  instance: InstanceRecord
  frame: number
}

interface Deps {
  reader: InstanceReader
  renderer: Pick<Renderer, 'renderSizes'>
}

/** What cannot be shown is left out; a disk that fails, or a renderer that is stopped, is another matter. */
const unshowable = [
  'NO_IMAGE',
  'FRAME_UNKNOWN',
  'DICOM_UNREADABLE',
  'PICTURE_UNREADABLE',
  'PICTURE_UNSUPPORTED',
  'PICTURE_TOO_LARGE',
]

/**
 * Which pictures a series is shown by: each frame one, and of more than 400 as many, spread evenly. Looks into instances
 * that do not say how many frames they have; what is no image has none. `lost`: what is one, and cannot be read.
 */
export async function shotsOf(
  instances: readonly InstanceRecord[],
  deps: Deps,
): Promise<{ shots: Shot[]; lost: number }> {
  const counted: { instance: InstanceRecord; frames: number }[] = []
  let lost = 0
  for (const instance of instances) {
    if (instance.isReport) continue
    if (instance.rows !== undefined) {
      counted.push({ instance, frames: Math.max(1, instance.numberOfFrames ?? 1) })
      continue
    }
    try {
      const { image } = await deps.reader.frames(instance)
      counted.push({ instance, frames: image.description.numberOfFrames })
    } catch (error) {
      if (!isTwiinError(error, ...unshowable)) throw error
      if (codeOf(error) !== 'NO_IMAGE') lost++
    }
  }
  const total = counted.reduce((sum, { frames }) => sum + frames, 0)
  const shots: Shot[] = []
  const count = Math.min(total, mostPictures)
  let [at, before] = [0, 0]
  for (let i = 0; i < count; i++) {
    // The first, the last, and what lies evenly between.
    const wanted = count < 2 ? 0 : Math.round((i * (total - 1)) / (count - 1))
    let one = counted[at]
    while (one !== undefined && wanted >= before + one.frames) {
      before += one.frames
      one = counted[++at]
    }
    if (one !== undefined) shots.push({ instance: one.instance, frame: wanted - before + 1 })
  }
  return { shots, lost }
}

/**
 * Pictures in order, of which the next is made while somebody uses the last: no more are in memory. Undefined for one that
 * cannot be made.
 */
export async function* renderPictures(
  shots: readonly Shot[],
  signal: AbortSignal,
  deps: Deps,
): AsyncGenerator<ShownPicture | undefined> {
  let next = begin(shots[0], signal, deps)
  for (let i = 1; next !== undefined; i++) {
    const picture = await next
    next = begin(shots[i], signal, deps)
    yield picture
  }
}

function begin(shot: Shot | undefined, signal: AbortSignal, deps: Deps) {
  if (shot === undefined) return undefined
  const picture = render(shot, signal, deps)
  // Whoever stops asking does not wait for it.
  picture.catch(() => {})
  return picture
}

async function render(
  { instance, frame: number }: Shot,
  signal: AbortSignal,
  { reader, renderer }: Deps,
): Promise<ShownPicture | undefined> {
  signal.throwIfAborted()
  try {
    const index = await reader.frames(instance)
    const { image } = index
    if (image.pixels.kind !== 'integer') return undefined
    const frame = await index.frame(number)
    const { rows, columns } = image.description
    const box = (side: number) => ({ width: Math.min(side, columns), height: Math.min(side, rows) })
    const [large, small] = await renderer.renderSizes(
      {
        frameBytes: frameSize(frame, image),
        frame: () => wholeFrame(frame, image, instance, reader),
        transferSyntaxUid: frameSyntax(instance.transferSyntaxUid),
        description: image.description,
        type: 'image/jpeg',
        quality,
      },
      [box(largest), box(smallest)],
    )
    return large === undefined || small === undefined ? undefined : { small, large }
  } catch (error) {
    if (isTwiinError(error, ...unshowable)) return undefined
    throw error
  }
}
