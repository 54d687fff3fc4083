import { PackageReader } from '@twiin/share-package'
import type { Manifest } from '@twiin/share-package'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import { listBody } from '../list-page.ts'
import { keyForm } from '../open-page.ts'
import { withPhone } from '../page.ts'
import { reportBody } from '../report-page.ts'
import type { Place, ViewFacts } from '../share-view.ts'
import { viewerBody } from '../viewer-page.ts'
import { textsOf } from '../wording.ts'
import { Downloads, save } from './downloads.ts'
import { keepKey, keyInAddress } from './key-store.ts'
import type { DownloadName } from './messages.ts'
import { blobOf, Pictures } from './pictures.ts'
import { RangedPackage, SessionOver } from './ranged-package.ts'
import type { SessionClock } from './session-clock.ts'
import { Viewer } from './viewer.ts'

type View =
  { view: 'list' } | { view: 'viewer'; place: Place } | { view: 'report'; study: number; report: number }

export interface ShareOptions {
  facts: ViewFacts
  packageBytes: number
  key: Uint8Array
  keyText: string
  workerAddress: string
}

/** The pages behind the second factor, made in the browser from what it decrypts. */
export class ShareApp {
  readonly #place: HTMLElement
  readonly #facts: ViewFacts
  readonly #reader: PackageReader
  readonly #pictures: Pictures
  readonly #downloads: Downloads
  readonly #leave: () => void
  #viewer: Viewer | undefined
  #turn = 0

  constructor(place: HTMLElement, options: ShareOptions, deps: { clock: SessionClock; leave: () => void }) {
    this.#place = place
    this.#facts = options.facts
    this.#leave = deps.leave
    const { link } = options.facts
    const source = new RangedPackage(
      { address: `/z/${link}/package?for=view`, size: options.packageBytes, tries: 4, ahead: 0 },
      {
        fetch: (...of) => fetch(...of),
        pause: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
        onBytes: () => deps.clock.used(),
      },
    )
    this.#reader = new PackageReader({ key: options.key }, { source })
    this.#pictures = new Pictures({}, { reader: this.#reader })
    this.#downloads = new Downloads(
      {
        share: { link, key: options.keyText, bytes: options.packageBytes },
        language: options.facts.language,
        workerAddress: options.workerAddress,
      },
      { reader: this.#reader, onUse: () => deps.clock.used(), onOver: deps.leave },
    )
  }

  /** Throws what the manifest threw: the wrong key, or no connection. */
  async start(): Promise<void> {
    await this.#reader.manifest()
    this.#place.addEventListener(
      'click',
      (event) => void this.#click(event).catch((error: unknown) => this.#trouble(error)),
    )
    addEventListener('popstate', () => void this.#render(viewIn(history.state)))
    addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null)
        return
      if (event.key === 'Escape' && this.#viewer !== undefined) this.#go({ view: 'list' })
      else if (this.#viewer?.key(event) === true) event.preventDefault()
    })
    await this.#render(viewIn(history.state))
  }

  forget(): void {
    this.#downloads.forget()
  }

  #go(view: View): void {
    history.pushState(view, '', location.pathname + location.search)
    void this.#render(view)
  }

  async #click(event: MouseEvent): Promise<void> {
    const target = event.target instanceof Element ? event.target.closest('a') : null
    if (target === null || event.ctrlKey || event.metaKey || event.shiftKey) return
    const { place, report, list, download, pdf } = target.dataset
    if ([place, report, list, download, pdf].every((one) => one === undefined)) return
    event.preventDefault()
    const [a = 0, b = 0, c = 0] = (place ?? report ?? '').split('/').map(Number)
    if (place !== undefined) this.#go({ view: 'viewer', place: { study: a, series: b, picture: c } })
    else if (report !== undefined) this.#go({ view: 'report', study: a, report: b })
    else if (list !== undefined) this.#go({ view: 'list' })
    else if (pdf !== undefined)
      save(
        await blobOf(this.#reader, Number(pdf), 'application/pdf'),
        `${textsOf(this.#facts.language).reportTitle}.pdf`,
      )
    else await this.#downloads.start(download as DownloadName, await this.#reader.manifest())
  }

  async #render(view: View): Promise<void> {
    const turn = ++this.#turn
    try {
      const manifest = await this.#reader.manifest()
      const body = await this.#bodyOf(view, manifest)
      if (turn !== this.#turn) return
      this.#viewer = undefined
      if (body === undefined) return this.#go({ view: 'list' })
      this.#place.innerHTML = body.toString()
      this.#fillIn()
      if (view.view === 'viewer')
        this.#viewer = new Viewer(
          { manifest, place: view.place, facts: this.#facts },
          {
            pictures: this.#pictures,
            onPlace: (place) =>
              history.replaceState(
                { view: 'viewer', place } satisfies View,
                '',
                location.pathname + location.search,
              ),
            onTrouble: (error) => this.#trouble(error),
          },
        )
      this.#arrive()
    } catch (error) {
      this.#trouble(error)
    }
  }

  async #bodyOf(view: View, manifest: Manifest): Promise<Html | undefined> {
    if (view.view === 'list') return listBody(manifest, this.#facts)
    if (view.view === 'viewer') return viewerBody(manifest, view.place, this.#facts)
    const entry = manifest.studies[view.study]?.reports[view.report]?.text ?? 0
    const text = entry === 0 ? undefined : await (await blobOf(this.#reader, entry, 'text/plain')).text()
    return reportBody(manifest, view, text, this.#facts)
  }

  /** Small pictures; the large one is the viewer's. */
  #fillIn(): void {
    for (const image of this.#place.querySelectorAll<HTMLImageElement>('img[data-entry]:not(#picture)'))
      this.#pictures.address(Number(image.dataset['entry'])).then(
        (address) => (image.src = address),
        (error: unknown) => error instanceof SessionOver && this.#leave(),
      )
  }

  /** A page made here is announced like one that was loaded. */
  #arrive(): void {
    const heading = this.#place.querySelector('h1')
    document.title = `${heading?.textContent ?? ''} – ${this.#facts.hospital}`
    scrollTo(0, 0)
    document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true })
  }

  #trouble(error: unknown): void {
    if (error instanceof SessionOver) return this.#leave()
    showTrouble(this.#place, error, this.#facts)
  }
}

const viewIn = (state: unknown): View =>
  typeof state === 'object' && state !== null && 'view' in state ? (state as View) : { view: 'list' }

/** A sentence, and a button that tries again. */
export function showTrouble(place: HTMLElement, error: unknown, facts: ViewFacts): void {
  const texts = textsOf(facts.language)
  const isDamaged = error instanceof Error && 'code' in error
  const said = isDamaged ? withPhone(texts.damaged, facts.helpPhone) : texts.offline
  place.innerHTML = html`<div class="narrow">
    <h1>${texts.failedTitle}</h1>
    <div class="card">
      <p role="alert">${said}</p>
      <button type="button" class="button button-primary wide" id="again">${texts.tryAgain}</button>
    </div>
  </div>`.toString()
  place.querySelector('#again')?.addEventListener('click', () => location.reload())
}

/** Where mail took the end of the link away: asks for all of it, and keeps the key here. */
export function askForKey(place: HTMLElement, facts: ViewFacts, wrong: boolean): void {
  place.innerHTML = keyForm(facts, wrong).toString()
  place.querySelector('form')?.addEventListener('submit', (event) => {
    // It never leaves this browser.
    event.preventDefault()
    const typed = place.querySelector<HTMLInputElement>('#whole-link')?.value ?? ''
    const key = keyInAddress(typed, facts.link)
    if (key === undefined) return askForKey(place, facts, true)
    keepKey(facts.link, key)
    location.reload()
  })
  place.querySelector<HTMLElement>('#whole-link')?.focus()
}
