import { text as textOf } from 'node:stream/consumers'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { keyFromText, PackageReader, ZipLayout } from '@twiin/share-package'
import type { Manifest } from '@twiin/share-package'
import { fileNameOf, listPage, openPage, pictureKinds, reportPage, viewerPage } from '@twiin/share-pages'
import type { DownloadName } from '@twiin/share-pages'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import type { PatientDoor } from '../shares/patient-door.ts'
import type { DoorFacts } from './door-facts.ts'
import { send } from './doorman.ts'
import type { Inside } from './doorman.ts'
import type { DownloadsAtOnce } from './downloads-at-once.ts'
import { openFacts } from './open-facts.ts'
import { fileSource } from './package-file.ts'
import { noted, rangeAnswer } from './package-routes.ts'
import type { DoorSession } from './sessions.ts'

/** Readers held with their manifests, which may be some megabytes each. */
const mostReaders = 32
/** What a report says in letters is kept whole in memory. */
const longestText = 4 * 1024 * 1024

/** For browsers without script: decrypted here, with the key that the recipient gave it for the session. */
export class PlainPages {
  readonly #door: PatientDoor
  readonly #facts: DoorFacts
  readonly #downloads: DownloadsAtOnce
  readonly #clock: Clock
  readonly #readers = new Map<DoorSession, PackageReader>()

  constructor(
    _options: object,
    deps: { door: PatientDoor; facts: DoorFacts; downloads: DownloadsAtOnce; clock: Clock },
  ) {
    this.#door = deps.door
    this.#facts = deps.facts
    this.#downloads = deps.downloads
    this.#clock = deps.clock
  }

  /** The whole link as it was sent: its key is tried, and kept for the session. */
  async takeKey(
    request: FastifyRequest,
    reply: FastifyReply,
    who: Inside,
    typed: string,
  ): Promise<FastifyReply> {
    const { session, share } = who
    const [, link, text] = /\/z\/([A-Za-z0-9_-]{1,64})[^#]*#([A-Za-z0-9_-]{43})$/.exec(typed.trim()) ?? []
    const key = link === session.link && text !== undefined ? keyFromText(text) : undefined
    if (key === undefined || !(await opens(key, share.packageFile, share.packageBytes)))
      return send(reply, 422, openPage(this.#open(request, who, '/open'), true))
    session.key = key
    return reply.redirect(`/z/${session.link}/open?lang=${this.#facts.page(request).language}`, 303)
  }

  async list(request: FastifyRequest, reply: FastifyReply, who: Inside): Promise<FastifyReply> {
    const manifest = await this.#reader(who).manifest()
    return send(reply, 200, listPage(manifest, this.#open(request, who, '/open')))
  }

  async viewer(
    request: FastifyRequest,
    reply: FastifyReply,
    who: Inside,
    place: { study: number; series: number; picture: number },
  ): Promise<FastifyReply> {
    const manifest = await this.#reader(who).manifest()
    const path = `/study/${place.study}/${place.series}/${place.picture}`
    const page = viewerPage(manifest, place, this.#open(request, who, path))
    if (page === undefined) throw new TwiinError('NOT_FOUND')
    return send(reply, 200, page)
  }

  async picture(reply: FastifyReply, who: Inside, number: number): Promise<FastifyReply> {
    const reader = this.#reader(who)
    const entry = (await reader.manifest()).entries[number - 1]
    if (entry?.kind !== 'picture') throw new TwiinError('NOT_FOUND')
    await noted(this.#door, who, 'viewed')
    return this.#file(reply, who, reader.entry(number), { size: entry.size, type: 'image/jpeg' })
  }

  /** A report's text as a page, its PDF as a file. */
  async report(
    request: FastifyRequest,
    reply: FastifyReply,
    who: Inside,
    number: number,
  ): Promise<FastifyReply> {
    const reader = this.#reader(who)
    const manifest = await reader.manifest()
    const entry = manifest.entries[number - 1]
    const at = reportAt(manifest, number)
    if (entry === undefined || at === undefined) throw new TwiinError('NOT_FOUND')
    await noted(this.#door, who, 'viewed')
    if (entry.kind === 'report-pdf') {
      reply.header('content-disposition', 'inline; filename="verslag.pdf"')
      return this.#file(reply, who, reader.entry(number), { size: entry.size, type: 'application/pdf' })
    }
    if (entry.size > longestText) throw new TwiinError('OUT_OF_RESOURCES', { bytes: entry.size })
    const text = await textOf(reader.entry(number))
    const page = reportPage(manifest, at, text, this.#open(request, who, `/report/${number}`))
    if (page === undefined) throw new TwiinError('NOT_FOUND')
    return send(reply, 200, page)
  }

  async zip(
    request: FastifyRequest,
    reply: FastifyReply,
    who: Inside,
    name: DownloadName,
  ): Promise<FastifyReply> {
    const reader = this.#reader(who)
    const manifest = await reader.manifest()
    if (!manifest.downloads || !who.share.downloads) throw new TwiinError('NOT_FOUND')
    const layout = new ZipLayout(name === 'zip' ? {} : { kinds: pictureKinds }, manifest)
    reply.header('content-disposition', `attachment; filename="${fileNameOf[name]}"`)
    const range = rangeAnswer(request, reply, {
      size: layout.size,
      tag: `"${who.share.id.slice(0, 16)}-${name}-${layout.size}"`,
      type: 'application/zip',
    })
    if (range === undefined || request.method === 'HEAD') return reply.send('')
    await noted(this.#door, who, 'downloaded')
    return reply.send(this.#downloads.admit(() => layout.bytes(reader, range), who.session))
  }

  #file(
    reply: FastifyReply,
    who: Inside,
    bytes: AsyncGenerator<Uint8Array>,
    { size, type }: { size: number; type: string },
  ): FastifyReply {
    reply.type(type).header('content-length', size)
    return reply.send(this.#downloads.admit(() => bytes, who.session))
  }

  #open(request: FastifyRequest, who: Inside, page: string) {
    return openFacts(this.#facts, this.#clock, request, who, page)
  }

  #reader({ session, share }: Inside): PackageReader {
    const { key } = session
    if (key === undefined) throw new TwiinError('NOT_FOUND')
    const held =
      this.#readers.get(session) ??
      new PackageReader({ key }, { source: fileSource(share.packageFile, share.packageBytes) })
    if (!this.#readers.has(session))
      session.signal.addEventListener('abort', () => this.#readers.delete(session), { once: true })
    this.#readers.delete(session)
    this.#readers.set(session, held)
    for (const oldest of this.#readers.keys()) {
      if (this.#readers.size <= mostReaders) break
      this.#readers.delete(oldest)
    }
    return held
  }
}

async function opens(key: Uint8Array, file: string, size: number): Promise<boolean> {
  try {
    await new PackageReader({ key }, { source: fileSource(file, size) }).manifest()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SHARE_DAMAGED') return false
    throw error
  }
}

function reportAt({ studies }: Manifest, entry: number): { study: number; report: number } | undefined {
  for (const [study, { reports }] of studies.entries())
    for (const [report, { text, pdf }] of reports.entries())
      if (entry > 0 && (text === entry || pdf === entry)) return { study, report }
  return undefined
}
