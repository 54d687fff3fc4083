/** How long nobody touched this page; the server locks a session by it, however often the page itself asks. */

let touchedAt = Date.now()
const touched = () => {
  touchedAt = Date.now()
}

/** From now on. In a test without a page nothing happens. */
export function watchInput(): void {
  for (const kind of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'])
    window.addEventListener(kind, touched, { capture: true, passive: true })
}

/** Whole seconds. */
export const idleSeconds = (): number => Math.max(0, Math.floor((Date.now() - touchedAt) / 1000))
