import type { ApiError } from '@twiin/ui-kit'
import type { Ref } from 'react'
import type { ViewedFrame } from './image-facts.ts'
import type { EdgeLetters } from './orientation-letters.ts'
import type { Window } from './window-presets.ts'

/** What the left mouse button does. */
export const toolNames = ['window', 'pan', 'zoom', 'length', 'angle', 'ellipse', 'probe'] as const
export type ToolName = (typeof toolNames)[number]

/** How a picture is being shown. */
export interface Look {
  window: Window | undefined
  /** 1: it fits. */
  zoom: number
  letters: EdgeLetters | undefined
}

/** What can be done with a picture, whoever draws it. */
export interface Surface {
  setWindow(window: Window): void
  invert(): void
  flip(along: 'horizontal' | 'vertical'): void
  /** A quarter to the right. */
  rotate(): void
  zoom(factor: number): void
  /** The whole picture, in the middle. */
  fit(): void
  /** As it was opened. */
  reset(): void
  clearMeasurements(): void
}

export interface SurfaceProps {
  image: ViewedFrame
  tool: ToolName
  /** Fetched after what is seen, in this order. */
  ahead: readonly ViewedFrame[]
  onLook: (look: Look) => void
  onShown: (key: string) => void
  onFailed: (error: ApiError) => void
  ref: Ref<Surface>
}

/**
 * WebGL 2, in hardware or software; without it the node draws. A worker tries it first, so that what stands still while it
 * is started is not the page; a page may still be denied what a worker is given.
 */
export function canDraw(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const trying = new Worker(new URL('./can-draw-worker.ts', import.meta.url), { type: 'module' })
  trying.onmessage = ({ data }) => resolve(data === true && hasWebGl(document.createElement('canvas')))
  trying.onerror = () => resolve(false)
  return promise.finally(() => trying.terminate())
}

export function hasWebGl(canvas: HTMLCanvasElement | OffscreenCanvas): boolean {
  try {
    const context = canvas.getContext('webgl2')
    context?.getExtension('WEBGL_lose_context')?.loseContext()
    return context !== null
  } catch {
    return false
  }
}
