import { keyFromText, PackageReader, ZipLayout } from '@twiin/share-package'
import { askedRange } from '../byte-range.ts'
import { pictureKinds } from '../picture-kinds.ts'
import { fileNameOf } from './messages.ts'
import type { DownloadName, ShareForWorker, ToPage, ToWorker } from './messages.ts'
import { RangedPackage, SessionOver } from './ranged-package.ts'

/**
 * The service worker: answers `/z/{link}/zip` and `/pictures.zip` with a stream that is decrypted on the way, so that no
 * phone has to hold half a gigabyte. It keeps nothing: a key that it forgot it asks of the page.
 */

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface WorkerMessage extends ExtendableEvent {
  readonly data: ToWorker
}
interface Client {
  readonly url: string
  postMessage(message: ToPage, transfer?: Transferable[]): void
}
interface WorkerScope {
  addEventListener(kind: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void
  addEventListener(kind: 'fetch', listener: (event: FetchEvent) => void): void
  addEventListener(kind: 'message', listener: (event: WorkerMessage) => void): void
  skipWaiting(): Promise<void>
  readonly clients: {
    claim(): Promise<void>
    matchAll(of: { includeUncontrolled: boolean; type: 'window' }): Promise<Client[]>
  }
}

const scope = self as unknown as WorkerScope
const shares = new Map<string, ShareForWorker>()
const askingMs = 3_000
const aliveMs = 20_000
/** About an hour of a broken connection. */
const tries = 250
const aheadBytes = 4 * 1024 * 1024

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms))

scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()))
scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()))
scope.addEventListener('message', (event) => {
  const { data } = event
  if (data.kind === 'share') shares.set(data.share.link, data.share)
  if (data.kind === 'forget') shares.delete(data.link)
  // Browsers stop a worker that seems idle, in the middle of a download too.
  if (data.kind === 'ping') event.waitUntil(pause(aliveMs))
})
scope.addEventListener('fetch', (event) => {
  const [, link, name] =
    /^\/z\/([A-Za-z0-9_-]+)\/(zip|pictures\.zip)$/.exec(new URL(event.request.url).pathname) ?? []
  if (event.request.method !== 'GET' || link === undefined) return
  event.respondWith(answer(event.request, link, name as DownloadName))
})

async function answer(request: Request, link: string, name: DownloadName): Promise<Response> {
  const share = shares.get(link) ?? (await askPages(link))
  // Nobody here has the key: the door may have it, for a browser whose script was off.
  if (share === undefined) return fetch(request)
  try {
    return await stream(request, share, name)
  } catch (error) {
    await tell({ kind: error instanceof SessionOver ? 'over' : 'failed', link, name })
    return new Response('', { status: 503 })
  }
}

async function stream(request: Request, share: ShareForWorker, name: DownloadName): Promise<Response> {
  const { link } = share
  const source = new RangedPackage(
    { address: `/z/${link}/package?for=zip`, size: share.bytes, tries, ahead: aheadBytes },
    { fetch: (...of) => fetch(...of), pause, onBroken: () => void tell({ kind: 'waiting', link, name }) },
  )
  const key = keyFromText(share.key)
  if (key === undefined) throw new Error('not a key')
  const reader = new PackageReader({ key }, { source })
  const layout = new ZipLayout(name === 'zip' ? {} : { kinds: pictureKinds }, await reader.manifest())
  const tag = `"${link.slice(1, 9)}-${name}-${layout.size}"`
  const isSame = [null, tag].includes(request.headers.get('if-range'))
  const range = isSame ? askedRange(request.headers.get('range'), layout.size) : undefined
  if (range === 'unsatisfiable')
    return new Response('', { status: 416, headers: { 'content-range': `bytes */${layout.size}` } })
  const { start, end } = range ?? { start: 0, end: layout.size }
  const headers = {
    'content-type': 'application/zip',
    'content-disposition': `attachment; filename="${fileNameOf[name]}"`,
    'content-length': String(end - start),
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    etag: tag,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${layout.size}` }),
  }
  const pieces = layout.bytes(reader, { start, end })
  const body = bodyOf(pieces, { link, name, start, total: layout.size })
  return new Response(body, { status: range === undefined ? 200 : 206, headers })
}

/** Read as fast as the browser writes it to its disk, and no faster. */
function bodyOf(
  pieces: AsyncGenerator<Uint8Array>,
  of: { link: string; name: DownloadName; start: number; total: number },
): ReadableStream<Uint8Array> {
  const { link, name, total } = of
  let [done, toldAt] = [of.start, 0]
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await pieces.next()
          if (next.done) {
            controller.close()
            return await tell({ kind: 'done', link, name })
          }
          controller.enqueue(next.value)
          done += next.value.length
          if (Date.now() - toldAt < 300) return
          toldAt = Date.now()
          await tell({ kind: 'progress', link, name, done, total })
        } catch (error) {
          controller.error(error)
          await tell({ kind: error instanceof SessionOver ? 'over' : 'failed', link, name })
        }
      },
      async cancel() {
        await pieces.return(undefined)
        await tell({ kind: 'stopped', link, name })
      },
    },
    { highWaterMark: 2 },
  )
}

const pagesOf = async (link: string): Promise<Client[]> =>
  (await scope.clients.matchAll({ includeUncontrolled: true, type: 'window' })).filter(
    ({ url }) => new URL(url).pathname.split('/')[2] === link,
  )

async function tell(message: ToPage): Promise<void> {
  for (const page of await pagesOf(message.link)) page.postMessage(message)
}

/** The worker was restarted: whichever page of this link is open knows the key. */
async function askPages(link: string): Promise<ShareForWorker | undefined> {
  const pages = await pagesOf(link)
  if (pages.length === 0) return undefined
  const answered = new Promise<ShareForWorker | undefined>((resolve) => {
    for (const page of pages) {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = ({ data }: MessageEvent<ShareForWorker | undefined>) => {
        if (data !== undefined) resolve(data)
      }
      page.postMessage({ kind: 'which', link }, [port2])
    }
    setTimeout(() => resolve(undefined), askingMs)
  })
  const share = await answered
  if (share !== undefined) shares.set(link, share)
  return share
}
