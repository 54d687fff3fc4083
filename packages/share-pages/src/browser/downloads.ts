import { ZipLayout } from '@twiin/share-package'
import type { Manifest, PackageReader } from '@twiin/share-package'
import { html } from '../html.ts'
import { pictureKinds } from '../picture-kinds.ts'
import { fill, sizeInWords, textsOf } from '../wording.ts'
import type { Language } from '../wording.ts'
import { fileNameOf } from './messages.ts'
import type { DownloadName, ShareForWorker, ToPage, ToWorker } from './messages.ts'

const pingMs = 10_000
const readyMs = 6_000
/** What a page puts together by itself where there is no service worker: phones have little memory. */
const mostAlone = 300_000_000

/** Zips: through the service worker, which streams them; else put together here, when they are small. */
export class Downloads {
  readonly #share: ShareForWorker
  readonly #language: Language
  readonly #reader: PackageReader
  readonly #onUse: () => void
  readonly #onOver: () => void
  readonly #worker: Promise<ServiceWorker | undefined>
  #pings: ReturnType<typeof setInterval> | undefined

  constructor(
    options: { share: ShareForWorker; language: Language; workerAddress: string },
    deps: { reader: PackageReader; onUse: () => void; onOver: () => void },
  ) {
    this.#share = options.share
    this.#language = options.language
    this.#reader = deps.reader
    this.#onUse = deps.onUse
    this.#onOver = deps.onOver
    this.#worker = this.#register(options.workerAddress).catch(() => undefined)
  }

  async start(name: DownloadName, manifest: Manifest): Promise<void> {
    const texts = textsOf(this.#language)
    this.#show(texts.downloadStay)
    const worker = await this.#worker
    if (worker !== undefined) {
      worker.postMessage({ kind: 'share', share: this.#share } satisfies ToWorker)
      this.#ping(worker)
      // An answer that is an attachment leaves the page where it is.
      location.assign(`/z/${this.#share.link}/${name}`)
      return
    }
    const layout = new ZipLayout(name === 'zip' ? {} : { kinds: pictureKinds }, manifest)
    if (layout.size > mostAlone) return this.#show(texts.downloadTooLarge)
    try {
      const parts: BlobPart[] = []
      let done = 0
      for await (const piece of layout.bytes(this.#reader)) {
        parts.push(piece as Uint8Array<ArrayBuffer>)
        done += piece.length
        this.#progress(done, layout.size)
      }
      save(new Blob(parts, { type: 'application/zip' }), fileNameOf[name])
      this.#show(texts.downloadDone)
    } catch {
      this.#show(texts.downloadFailed)
    }
  }

  forget(): void {
    void this.#worker.then((worker) =>
      worker?.postMessage({ kind: 'forget', link: this.#share.link } satisfies ToWorker),
    )
  }

  async #register(address: string): Promise<ServiceWorker | undefined> {
    const workers = 'serviceWorker' in navigator ? navigator.serviceWorker : undefined
    if (workers === undefined) return undefined
    workers.addEventListener('message', (event: MessageEvent<ToPage>) => this.#hear(event))
    workers.startMessages()
    const registration = await workers.register(address, { scope: '/z/', updateViaCache: 'none' })
    const active = await Promise.race([
      untilActive(registration),
      new Promise<undefined>((resolve) => void setTimeout(() => resolve(undefined), readyMs)),
    ])
    active?.postMessage({ kind: 'share', share: this.#share } satisfies ToWorker)
    return active
  }

  #hear({ data, ports }: MessageEvent<ToPage>): void {
    if (data.link !== this.#share.link) return
    const texts = textsOf(this.#language)
    switch (data.kind) {
      case 'which':
        ports[0]?.postMessage(this.#share)
        return
      case 'progress':
        this.#onUse()
        this.#progress(data.done, data.total)
        return
      case 'waiting':
        return this.#show(texts.downloadWaiting)
      case 'done':
        return this.#end(texts.downloadDone)
      case 'stopped':
        return this.#end('')
      case 'failed':
        return this.#end(texts.downloadFailed)
      case 'over':
        this.#end('')
        return this.#onOver()
    }
  }

  #ping(worker: ServiceWorker): void {
    clearInterval(this.#pings)
    this.#pings = setInterval(() => worker.postMessage({ kind: 'ping' } satisfies ToWorker), pingMs)
  }

  #end(said: string): void {
    clearInterval(this.#pings)
    this.#show(said)
  }

  #progress(done: number, total: number): void {
    const bar = document.querySelector<HTMLProgressElement>('#progress progress')
    const [has, all] = [sizeInWords(done, this.#language), sizeInWords(total, this.#language)]
    const said = fill(textsOf(this.#language).downloading, { done: has, total: all })
    if (bar === null) {
      const place = document.querySelector('#progress')
      if (place === null) return
      place.removeAttribute('role')
      place.innerHTML = html`<p id="progress-said">${said}</p>
        <progress max="${total}" value="${done}" aria-labelledby="progress-said"></progress>
        <p class="muted">${textsOf(this.#language).downloadStay}</p>`.toString()
      return
    }
    bar.value = done
    const line = document.querySelector('#progress-said')
    if (line !== null) line.textContent = said
  }

  #show(said: string): void {
    const place = document.querySelector('#progress')
    if (place === null) return
    place.setAttribute('role', 'status')
    place.textContent = said
  }
}

function untilActive(registration: ServiceWorkerRegistration): Promise<ServiceWorker> {
  const coming = registration.active ?? registration.waiting ?? registration.installing
  if (registration.active !== null) return Promise.resolve(registration.active)
  return new Promise((resolve) => {
    coming?.addEventListener('statechange', () => {
      if (registration.active !== null) resolve(registration.active)
    })
  })
}

/** Hands a file to the browser's downloads. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  document.body.append(link)
  link.click()
  link.remove()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
