import { Readable } from 'node:stream'
import { isUid } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { parseAccept } from './accept.ts'
import type { MediaRange } from './accept.ts'
import type { OpenStudy } from './local-study.ts'
import type { ViewableStudies } from './viewable-studies.ts'

/** The names in a path. */
export interface Place {
  searchId?: string
  study?: string
  series?: string
  instance?: string
  '*'?: string
}

/** Everybody of this hospital who works with images (spec 14 §1). */
export const viewers = { roles: ['radiologist', 'operator'] as const }
/** Pages fetch these ahead of who looks, and nothing can be said beside the address of a picture: they keep no session open. */
export const pictures = { ...viewers, passive: true as const }

/** How often is looked whether who is answered may still look. */
const lookAgainMs = 5000

/**
 * Aborts when the client has gone away, and when its session or ticket has ended or is locked: then what was being sent is
 * cut as well (spec 14 §1).
 */
export function whileConnected(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  const closed = new AbortController()
  const leave = () => {
    closed.abort(new TwiinError('CLIENT_GONE'))
    gone.abort(closed.signal.reason)
  }
  // The response ends by itself too; then nobody waits any more. One that broke is one that nobody reads.
  reply.raw.once('close', leave).once('error', leave)
  void cutWhenOver(reply, gone, closed.signal)
  return gone.signal
}

/** Resolves when nothing is sent any more. */
async function cutWhenOver(
  { raw, request: { standing } }: FastifyReply,
  gone: AbortController,
  closed: AbortSignal,
): Promise<void> {
  while (standing !== undefined && !closed.aborted) {
    if (!standing.isLive()) {
      // Before anything was sent, the refusal still has a status of its own.
      gone.abort(new TwiinError('NOT_AUTHENTICATED'))
      if (raw.headersSent) raw.destroy()
    }
    await standing.clock.sleep(lookAgainMs, closed).catch(() => {})
  }
}

/** The study a path names, for this person. Throws `NOT_FOUND`. */
export function studyAt(request: FastifyRequest, studies: ViewableStudies): Promise<OpenStudy> {
  const { study = '', searchId } = request.params as Place
  mustBeUid(study)
  if (request.onlyStudy !== undefined && request.onlyStudy !== study) throw new TwiinError('NOT_FOUND')
  return studies.open(
    { studyInstanceUid: study, ...(searchId === undefined ? {} : { searchId }) },
    request.person,
  )
}

/** Throws `NOT_FOUND`: what is no UID names nothing. */
export function mustBeUid(uid: string): void {
  if (!isUid(uid)) throw new TwiinError('NOT_FOUND')
}

/** PS3.18 §8.3.3.1: the query parameter comes before the header. */
export function acceptOf(request: FastifyRequest): MediaRange[] | undefined {
  const { accept } = request.query as { accept?: unknown }
  return parseAccept(typeof accept === 'string' ? accept : request.headers.accept)
}

/** Where this service stands for who asked, to be put in front of `/studies/…`. */
export function baseUrl(request: FastifyRequest): string {
  const { searchId } = request.params as Place
  const search = searchId === undefined ? '' : `/searches/${searchId}`
  return `${request.protocol}://${request.host}/dicom-web${search}`
}

/** Bytes as they come; the reader sets the pace, and when it goes away the source is closed. */
export function streamOf(bytes: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(bytes, { objectMode: false })
}

/** Waits for the first, so that a refusal still has its own status. Throws `NOT_FOUND` when there is none. */
export async function primed<T>(source: AsyncIterable<T>): Promise<AsyncGenerator<T>> {
  const reading = source[Symbol.asyncIterator]()
  const first = await reading.next()
  if (first.done === true) throw new TwiinError('NOT_FOUND')
  return (async function* () {
    try {
      for (let next: IteratorResult<T> = first; next.done !== true; next = await reading.next())
        yield next.value
    } finally {
      await reading.return?.()
    }
  })()
}
