import * as core from '@cornerstonejs/core'
import type { ViewedFrame } from '../image-facts.ts'
import { imageIdOf } from './engine.ts'

/**
 * A browser opens six connections to one host. The eye has the first ones; fetching ahead takes two, and begins none while
 * somebody waits for a picture.
 */
const mostAhead = 2

let waitingEyes = 0
const queues = new Set<AheadOf>()

/** A picture that somebody waits for. Rejects when it cannot be had. */
export async function loadSeen(frame: ViewedFrame): Promise<string> {
  const imageId = imageIdOf(frame)
  waitingEyes++
  try {
    await core.imageLoader.loadAndCacheImage(imageId, optionsFor(core.Enums.RequestType.Interaction))
    return imageId
  } finally {
    waitingEyes--
    if (waitingEyes === 0) for (const queue of queues) queue.go()
  }
}

const optionsFor = (requestType: core.Enums.RequestType) => ({
  requestType,
  priority: requestType === core.Enums.RequestType.Interaction ? -10 : 10,
  preScale: { enabled: true },
})

let running = 0

/** What one pane will want next, in its order. */
export class AheadOf {
  #wanted: readonly ViewedFrame[] = []
  #at = 0

  want(frames: readonly ViewedFrame[]): void {
    this.#wanted = frames
    this.#at = 0
    queues.add(this)
    this.go()
  }

  stop(): void {
    queues.delete(this)
    this.#wanted = []
  }

  go(): void {
    while (running < mostAhead && waitingEyes === 0) {
      const next = this.#next()
      if (next === undefined) return
      running++
      void core.imageLoader
        .loadAndCacheImage(next, optionsFor(core.Enums.RequestType.Prefetch))
        // Whoever scrolls there is told why.
        .catch(() => {})
        .finally(() => {
          running--
          for (const queue of queues) queue.go()
        })
    }
  }

  #next(): string | undefined {
    for (;;) {
      const frame = this.#wanted[this.#at++]
      if (frame === undefined) return undefined
      const imageId = imageIdOf(frame)
      if (core.cache.getImageLoadObject(imageId) === undefined) return imageId
    }
  }
}
