import type { Page } from 'playwright-core'

/** From now on in this page: how much of it moves by itself (Layout Instability, without shifts that follow an input). */
export const countShifts = (page: Page): Promise<unknown> =>
  page.addInitScript(`{
    window.shifted = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value
    }).observe({ type: 'layout-shift', buffered: true })
  }`)

export const layoutShift = (page: Page): Promise<number> => page.evaluate<number>('window.shifted')

export interface Frames {
  count: number
  medianMs: number
  worstMs: number
}

/** Scrolls the window by so many pixels in each of so many frames, and says how long the frames took. */
export const framesWhileScrolling = (page: Page, pixels: number, frames: number): Promise<Frames> =>
  page.evaluate<Frames>(`new Promise((resolve) => {
    const times = []
    let last = performance.now()
    const step = () => {
      const now = performance.now()
      times.push(now - last)
      last = now
      if (times.length > ${frames}) {
        const sorted = times.slice(1).sort((a, b) => a - b)
        resolve({ count: sorted.length, medianMs: sorted[Math.floor(sorted.length / 2)], worstMs: sorted.at(-1) })
        return
      }
      scrollBy(0, ${pixels})
      requestAnimationFrame(step)
    }
    requestAnimationFrame(step)
  })`)
