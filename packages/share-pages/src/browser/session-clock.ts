import { html } from '../html.ts'
import { fill, textsOf } from '../wording.ts'
import type { Language } from '../wording.ts'

const idleMs = 15 * 60_000
const warnMs = 2 * 60_000
const lookMs = 2_000
/** Who is busy with pictures that are here already goes on being there for the door. */
const saySoMs = 60_000

/** Warns two minutes before the session ends, and leaves when it did (spec 25 §4, WCAG 2.2.1). */
export class SessionClock {
  readonly #link: string
  readonly #language: Language
  readonly #latest: number
  readonly #leave: () => void
  #usedAt = Date.now()
  #dialog: HTMLDialogElement | undefined

  constructor(
    options: { link: string; language: Language; secondsLeft: number },
    deps: { leave: () => void },
  ) {
    this.#link = options.link
    this.#language = options.language
    this.#latest = Date.now() + options.secondsLeft * 1000
    this.#leave = deps.leave
  }

  start(): void {
    setInterval(() => this.#look(), lookMs)
    document.addEventListener('visibilitychange', () => this.#look())
    for (const kind of ['pointerdown', 'keydown'] as const)
      document.addEventListener(kind, () => {
        if (this.#dialog === undefined && Date.now() - this.#usedAt > saySoMs) void this.#stay()
      })
  }

  /** The door heard of us. */
  used(): void {
    this.#usedAt = Date.now()
  }

  #look(): void {
    const left = Math.min(this.#usedAt + idleMs, this.#latest) - Date.now()
    if (left <= 0) return this.#leave()
    if (left > warnMs) this.#close()
    else this.#warn(left)
  }

  async #stay(): Promise<void> {
    this.#usedAt = Date.now()
    const answer = await fetch(`/z/${this.#link}/stay`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: '',
    }).catch(() => undefined)
    if (answer !== undefined && !answer.ok) this.#leave()
  }

  #warn(left: number): void {
    const texts = textsOf(this.#language)
    const time = left > 60_000 ? texts.stayTwoMinutes : texts.staySoon
    const said = fill(texts.stayText, { time })
    if (this.#dialog !== undefined) {
      const line = this.#dialog.querySelector('#stay-text')
      if (line !== null && line.textContent !== said) line.textContent = said
      return
    }
    const isLast = this.#latest - Date.now() <= warnMs
    const dialog = document.createElement('dialog')
    dialog.setAttribute('aria-labelledby', 'stay-title')
    dialog.setAttribute('aria-describedby', 'stay-text')
    dialog.innerHTML = html`<div>
      <h2 id="stay-title">${texts.stayTitle}</h2>
      <p id="stay-text" role="status">${said}</p>
      ${isLast && html`<p>${texts.stayLast}</p>`}
      <button type="button" class="button button-primary wide" autofocus>
        ${isLast ? texts.close : texts.stayGo}
      </button>
    </div>`.toString()
    dialog.querySelector('button')?.addEventListener('click', () => {
      if (isLast) dialog.close()
      else {
        void this.#stay()
        this.#close()
      }
    })
    document.body.append(dialog)
    dialog.showModal()
    this.#dialog = dialog
  }

  #close(): void {
    this.#dialog?.close()
    this.#dialog?.remove()
    this.#dialog = undefined
  }
}
