import type { Page } from 'playwright-core'

/** From now on in this page: what of it moves by itself (Layout Instability, without shifts that follow an input). */
export const countShifts = (page: Page): Promise<unknown> =>
  page.addInitScript(`{
    window.shifts = []
    const nameOf = (node) => node?.className?.baseVal ?? (node?.className || node?.nodeName)
    new PerformanceObserver((list) => {
      for (const { hadRecentInput, value, startTime, sources } of list.getEntries())
        if (!hadRecentInput)
          window.shifts.push({ value, at: Math.round(startTime), of: sources.map(({ node }) => nameOf(node)) })
    }).observe({ type: 'layout-shift', buffered: true })
  }`)

export interface Shift {
  /** As in the Layout Instability API. */
  value: number
  /** Milliseconds after the page began. */
  at: number
  /** Classes or names of what moved. */
  of: string[]
}

export const layoutShifts = (page: Page): Promise<Shift[]> => page.evaluate<Shift[]>('window.shifts')

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

/** A page that shows it later than this does not show it. */
const longestMs = 20_000

/**
 * Milliseconds from the next key that is pressed to the frame after the one in which something that matches is visible. The
 * page counts by itself: whoever waits from outside looks only every half second. To be called before the key, and what it
 * answers after it. Nothing may match yet.
 */
export async function fromKeyToSight(page: Page, selector: string): Promise<() => Promise<number>> {
  const number = await page.evaluate<number>(`{
    const isSeen = () => document.querySelector(${JSON.stringify(selector)})?.checkVisibility() === true
    if (isSeen()) throw new Error('seen before the key')
    window.sights ??= []
    const seen = new Promise((resolve, reject) => {
      addEventListener('keydown', ({ timeStamp }) => {
        const look = (now) => {
          if (now - timeStamp > ${longestMs}) reject(new Error('not seen'))
          else if (isSeen()) requestAnimationFrame((painted) => resolve(painted - timeStamp))
          else requestAnimationFrame(look)
        }
        requestAnimationFrame(look)
      }, { once: true, capture: true })
    })
    window.sights.push(seen) - 1
  }`)
  return () => page.evaluate<number>(`window.sights[${number}]`)
}
