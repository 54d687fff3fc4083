import * as core from '@cornerstonejs/core'
import { frameAddress } from '../dicomweb-addresses.ts'
import type { ViewedFrame } from '../image-facts.ts'
import { edgeLetters } from '../orientation-letters.ts'
import type { Look, Surface } from '../surface.ts'
import { cross } from '../vectors.ts'
import type { Vector } from '../vectors.ts'
import { AheadOf, loadSeen } from './frame-loading.ts'
import { addViewport, clearMeasurements, removeViewport } from './engine.ts'

interface Tell {
  onLook: (look: Look) => void
  onShown: (key: string) => void
  onFailed: (frame: ViewedFrame) => void
}

const views = new Set<StackView>()
let resizing: ReturnType<typeof setTimeout> | undefined

/** All at once, as Cornerstone does it; each goes on showing as much of its picture as it did. */
function resizeAll(engine: core.RenderingEngine): void {
  clearTimeout(resizing)
  resizing = setTimeout(() => {
    const before = [...views].map((view) => ({ view, shown: view.presentation() }))
    engine.resize(true, false)
    for (const { view, shown } of before) if (shown !== undefined) view.present(shown)
  }, 50)
}

/** One viewport of Cornerstone. Which frame it shows is decided outside; a frame that comes too late is not shown. */
export class StackView implements Surface {
  readonly #engine: core.RenderingEngine
  readonly #element: HTMLDivElement
  readonly #viewport: core.Types.IStackViewport
  readonly #tell: Tell
  readonly #ahead = new AheadOf()
  /** Addresses of the frames of this stack, which Cornerstone asks for when it looks for the picture of a measurement. */
  readonly #addresses = new Set<string>()
  #wanted: ViewedFrame | undefined
  #series: string | undefined
  #isLoading = false
  #isGone = false

  constructor(of: { engine: core.RenderingEngine; element: HTMLDivElement }, tell: Tell) {
    this.#engine = of.engine
    this.#element = of.element
    this.#tell = tell
    this.#viewport = addViewport(of.engine, of.element)
    const isOfStack = (name: string) => this.#addresses.has(name.replace(/^wadors:/, ''))
    this.#viewport.hasImageId = isOfStack
    this.#viewport.hasImageURI = isOfStack
    views.add(this)
    of.element.addEventListener(core.Enums.Events.IMAGE_RENDERED, this.#rendered)
  }

  destroy(): void {
    this.#isGone = true
    views.delete(this)
    this.#ahead.stop()
    this.#element.removeEventListener(core.Enums.Events.IMAGE_RENDERED, this.#rendered)
    removeViewport(this.#engine, this.#viewport.id)
  }

  show(frame: ViewedFrame): void {
    this.#wanted = frame
    if (!this.#isLoading) void this.#load()
  }

  fetchAhead(frames: readonly ViewedFrame[]): void {
    this.#ahead.want(frames)
  }

  /** The latest that was wanted; what was scrolled past meanwhile is left out. */
  async #load(): Promise<void> {
    this.#isLoading = true
    let done: ViewedFrame | undefined
    while (this.#wanted !== undefined && this.#wanted !== done && !this.#isGone) {
      const frame = this.#wanted
      done = frame
      try {
        const imageId = await loadSeen(frame)
        if (this.#isGone) break
        if (this.#wanted !== frame && this.#series === frame.instance.seriesUid) continue
        await this.#put(imageId, frame)
        this.#tell.onShown(frame.key)
      } catch {
        if (this.#wanted === frame && !this.#isGone) this.#tell.onFailed(frame)
      }
    }
    this.#isLoading = false
  }

  async #put(imageId: string, frame: ViewedFrame): Promise<void> {
    const viewport = this.#viewport
    const isNew = this.#series !== frame.instance.seriesUid
    this.#series = frame.instance.seriesUid
    if (isNew) this.#addresses.clear()
    this.#addresses.add(frameAddress(frame))
    if (isNew) {
      await viewport.setStack([imageId], 0)
      viewport.setProperties({ interpolationType: core.Enums.InterpolationType.LINEAR })
    } else {
      const known = viewport.getImageIds()
      const at = known.indexOf(imageId)
      // The stack grows while it is looked at: what is new goes behind, so that no number changes.
      if (at === -1) known.push(imageId)
      await viewport.setImageIdIndex(at === -1 ? known.length - 1 : at)
    }
    viewport.render()
  }

  readonly #rendered = (): void => {
    if (!this.#isGone) this.#tell.onLook(this.#look())
  }

  #look(): Look {
    const { voiRange } = this.#viewport.getProperties()
    const { viewUp, viewPlaneNormal } = this.#viewport.getCamera()
    const isColour = this.#wanted?.instance.isColour === true
    const asWindow = voiRange && core.utilities.windowLevel.toWindowLevel(voiRange.lower, voiRange.upper)
    return {
      window:
        asWindow === undefined || isColour
          ? undefined
          : { center: asWindow.windowCenter, width: asWindow.windowWidth },
      zoom: this.#viewport.getZoom(),
      letters:
        this.#wanted?.plane === undefined || viewUp === undefined || viewPlaneNormal === undefined
          ? undefined
          : lettersOf(viewUp, viewPlaneNormal),
    }
  }

  setWindow({ center, width }: { center: number; width: number }): void {
    const { lower, upper } = core.utilities.windowLevel.toLowHighRange(width, center)
    this.#viewport.setProperties({ voiRange: { lower, upper } })
    this.#viewport.render()
  }

  invert(): void {
    this.#viewport.setProperties({ invert: this.#viewport.getProperties().invert !== true })
    this.#viewport.render()
  }

  flip(along: 'horizontal' | 'vertical'): void {
    const { flipHorizontal = false, flipVertical = false } = this.#viewport.getCamera()
    this.#viewport.setCamera(
      along === 'horizontal' ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical },
    )
    this.#viewport.render()
  }

  rotate(): void {
    const { rotation = 0 } = this.#viewport.getViewPresentation()
    this.#viewport.setViewPresentation({ rotation: (rotation + 90) % 360 })
    this.#viewport.render()
  }

  zoom(factor: number): void {
    this.#viewport.setZoom(Math.min(Math.max(this.#viewport.getZoom() * factor, 0.1), 30))
    this.#viewport.render()
  }

  fit(): void {
    this.#viewport.resetCamera({ resetPan: true, resetZoom: true, resetToCenter: true })
    this.#viewport.render()
  }

  reset(): void {
    this.#viewport.resetProperties()
    this.#viewport.setViewPresentation({ rotation: 0, flipHorizontal: false, flipVertical: false })
    this.fit()
  }

  clearMeasurements(): void {
    clearMeasurements(this.#element)
    this.#viewport.render()
  }

  resized(): void {
    resizeAll(this.#engine)
  }

  /** Undefined before there is a picture. */
  presentation(): core.Types.ViewPresentation | undefined {
    return this.#series === undefined ? undefined : this.#viewport.getViewPresentation()
  }

  present(shown: core.Types.ViewPresentation): void {
    this.#viewport.setViewPresentation(shown)
    this.#viewport.render()
  }
}

function lettersOf(up: Vector, normal: Vector) {
  const down: Vector = [-up[0], -up[1], -up[2]]
  // The normal points at who looks.
  return edgeLetters(cross(up, normal), down)
}
