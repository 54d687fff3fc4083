/** Larger, smaller and moved about: by two fingers, wheel, buttons and keys. A swipe on the whole picture goes to the next. */

const most = 8
const swipePixels = 48

export class Zoom {
  readonly #stage: HTMLElement
  readonly #picture: HTMLElement
  readonly #onSwipe: (steps: 1 | -1) => void
  readonly #fingers = new Map<number, { x: number; y: number }>()
  #scale = 1
  #x = 0
  #y = 0
  #from: { x: number; y: number; at: number } | undefined

  constructor(stage: HTMLElement, picture: HTMLElement, deps: { onSwipe: (steps: 1 | -1) => void }) {
    this.#stage = stage
    this.#picture = picture
    this.#onSwipe = deps.onSwipe
    stage.addEventListener('pointerdown', (event) => this.#down(event))
    stage.addEventListener('pointermove', (event) => this.#move(event))
    for (const kind of ['pointerup', 'pointercancel'] as const)
      stage.addEventListener(kind, (event) => this.#up(event))
    stage.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault()
        this.by(Math.exp(-event.deltaY / 400), event)
      },
      { passive: false },
    )
    stage.addEventListener('dblclick', (event) => (this.#scale > 1 ? this.reset() : this.by(2.5, event)))
  }

  /** `about`: what stays where it is; else the middle. */
  by(factor: number, about?: { clientX: number; clientY: number }): void {
    const scale = Math.min(most, Math.max(1, this.#scale * factor))
    const { left, top, width, height } = this.#stage.getBoundingClientRect()
    const [px, py] =
      about === undefined ? [0, 0] : [about.clientX - left - width / 2, about.clientY - top - height / 2]
    const ratio = scale / this.#scale
    this.#x = px - (px - this.#x) * ratio
    this.#y = py - (py - this.#y) * ratio
    this.#scale = scale
    this.#draw()
  }

  reset(): void {
    this.#scale = 1
    this.#draw()
  }

  #down(event: PointerEvent): void {
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    if (this.#fingers.size === 1) this.#from = { x: event.clientX, y: event.clientY, at: event.timeStamp }
    else this.#from = undefined
    if (this.#scale > 1 || this.#fingers.size > 1) this.#stage.setPointerCapture(event.pointerId)
  }

  #move(event: PointerEvent): void {
    const before = this.#fingers.get(event.pointerId)
    if (before === undefined) return
    const now = { x: event.clientX, y: event.clientY }
    const [other] = [...this.#fingers].flatMap(([id, at]) => (id === event.pointerId ? [] : [at]))
    this.#fingers.set(event.pointerId, now)
    if (other !== undefined) {
      const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 }
      const apart = (at: { x: number; y: number }) => Math.hypot(at.x - other.x, at.y - other.y)
      this.by(apart(now) / Math.max(1, apart(before)), middle)
    } else if (this.#scale > 1) {
      this.#x += now.x - before.x
      this.#y += now.y - before.y
      this.#draw()
    }
  }

  #up(event: PointerEvent): void {
    this.#fingers.delete(event.pointerId)
    const from = this.#from
    this.#from = undefined
    if (from === undefined || this.#scale > 1 || event.type === 'pointercancel') return
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y]
    if (Math.abs(dx) > swipePixels && Math.abs(dx) > 1.5 * Math.abs(dy)) this.#onSwipe(dx < 0 ? 1 : -1)
  }

  /** The picture never leaves the stage altogether. */
  #draw(): void {
    const { width, height } = this.#stage.getBoundingClientRect()
    const [mx, my] = [(width * (this.#scale - 1)) / 2, (height * (this.#scale - 1)) / 2]
    this.#x = Math.min(mx, Math.max(-mx, this.#x))
    this.#y = Math.min(my, Math.max(-my, this.#y))
    this.#picture.style.transform = `translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})`
    this.#stage.classList.toggle('zoomed', this.#scale > 1)
  }
}
