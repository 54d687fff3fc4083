import type { Manifest } from '@twiin/share-package'
import type { Place, ViewFacts } from '../share-view.ts'
import { studyName } from '../share-view.ts'
import { fill, textsOf } from '../wording.ts'
import type { Pictures } from './pictures.ts'
import { Zoom } from './zoom.ts'

/** Fetched on both sides of the one that is shown. */
const near = 3

/** The picture on the page: which one, how large, how bright. Takes over what `viewerBody` drew. */
export class Viewer {
  readonly #facts: ViewFacts
  readonly #manifest: Manifest
  readonly #pictures: Pictures
  readonly #onPlace: (place: Place) => void
  readonly #onTrouble: (error: unknown) => void
  readonly #part = <E extends HTMLElement>(id: string) => document.querySelector<E>(`#${id}`)
  readonly #zoom: Zoom | undefined
  #place: Place
  #shown = 0

  constructor(
    options: { manifest: Manifest; place: Place; facts: ViewFacts },
    deps: { pictures: Pictures; onPlace: (place: Place) => void; onTrouble: (error: unknown) => void },
  ) {
    this.#manifest = options.manifest
    this.#facts = options.facts
    this.#place = options.place
    this.#pictures = deps.pictures
    this.#onPlace = deps.onPlace
    this.#onTrouble = deps.onTrouble
    const [stage, picture] = [this.#part('stage'), this.#part('picture')]
    if (stage !== null && picture !== null)
      this.#zoom = new Zoom(stage, picture, { onSwipe: (steps) => this.#step(steps) })
    this.#listen()
    void this.#show()
  }

  /** True when the key meant something here. */
  key({ key, target }: KeyboardEvent): boolean {
    if (target instanceof HTMLInputElement) return false
    const acts: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#step(-1),
      ArrowRight: () => this.#step(1),
      PageUp: () => this.#step(-10),
      PageDown: () => this.#step(10),
      Home: () => this.#to(0),
      End: () => this.#to(this.#all.length - 1),
      '+': () => this.#zoom?.by(1.4),
      '=': () => this.#zoom?.by(1.4),
      '-': () => this.#zoom?.by(1 / 1.4),
      '0': () => this.#zoom?.reset(),
    }
    if (!Object.hasOwn(acts, key)) return false
    acts[key]?.()
    return true
  }

  get #all() {
    return this.#manifest.studies[this.#place.study]?.series[this.#place.series]?.pictures ?? []
  }

  #listen(): void {
    this.#part('previous')?.addEventListener('click', () => this.#step(-1))
    this.#part('next')?.addEventListener('click', () => this.#step(1))
    this.#part('zoom-in')?.addEventListener('click', () => this.#zoom?.by(1.4))
    this.#part('zoom-out')?.addEventListener('click', () => this.#zoom?.by(1 / 1.4))
    this.#part('zoom-reset')?.addEventListener('click', () => this.#zoom?.reset())
    const slider = this.#part<HTMLInputElement>('slider')
    slider?.addEventListener('input', () => this.#to(slider.valueAsNumber - 1))
    const brightness = this.#part<HTMLInputElement>('brightness')
    brightness?.addEventListener('input', () => {
      const picture = this.#part('picture')
      if (picture !== null) picture.style.filter = `brightness(${brightness.value}%)`
    })
  }

  #step(steps: number): void {
    this.#to(this.#place.picture + steps)
  }

  #to(picture: number): void {
    const within = Math.min(this.#all.length - 1, Math.max(0, picture))
    if (within === this.#place.picture) return
    this.#place = { ...this.#place, picture: within }
    void this.#show()
    this.#onPlace(this.#place)
  }

  async #show(): Promise<void> {
    const { picture: at } = this.#place
    const [all, turn] = [this.#all, ++this.#shown]
    const [stage, image, number] = [
      this.#part('stage'),
      this.#part<HTMLImageElement>('picture'),
      this.#part('number'),
    ]
    const [one, study] = [all[at], this.#manifest.studies[this.#place.study]]
    if (stage === null || image === null || one === undefined || study === undefined) return
    const texts = textsOf(this.#facts.language)
    const said = { number: at + 1, count: all.length, what: studyName(study, this.#facts) }
    if (number !== null) number.textContent = fill(texts.viewerPicture, said)
    const slider = this.#part<HTMLInputElement>('slider')
    if (slider !== null) {
      slider.value = String(at + 1)
      slider.setAttribute('aria-valuetext', fill(texts.viewerPicture, said))
    }
    this.#part('previous')?.setAttribute('aria-disabled', String(at === 0))
    this.#part('next')?.setAttribute('aria-disabled', String(at === all.length - 1))
    const waiting = setTimeout(() => (stage.dataset['busy'] = ''), 250)
    try {
      const address = await this.#pictures.address(one.large)
      if (turn !== this.#shown) return
      image.src = address
      image.alt = fill(texts.viewerAlt, said)
      await image.decode().catch(() => {})
      if (turn === this.#shown) this.#expectNear(at)
    } catch (error) {
      if (turn === this.#shown) this.#onTrouble(error)
    } finally {
      clearTimeout(waiting)
      if (turn === this.#shown) delete stage.dataset['busy']
    }
  }

  #expectNear(at: number): void {
    const sides = Array.from({ length: near }, (_, index) => [at + 1 + index, at - 1 - index]).flat()
    this.#pictures.expect(sides.map((index) => this.#all[index]?.large))
  }
}
