import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { askedRange } from '@twiin/share-pages'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { Type } from 'typebox'
import type { PatientDoor } from '../shares/patient-door.ts'
import type { DoorFacts } from './door-facts.ts'
import type { Doorman, Inside } from './doorman.ts'
import type { DownloadsAtOnce } from './downloads-at-once.ts'
import { linkParams, outside } from './outside.ts'
import { fileStream, manifestStart } from './package-file.ts'

export const packageAddress = '/z/:link/package'

/** What is asked of a file: an answer with its headers, or the range of it to send. */
export function rangeAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  { size, tag, type }: { size: number; tag: string; type: string },
): { start: number; end: number } | undefined {
  reply.header('accept-ranges', 'bytes').header('etag', tag).type(type)
  // RFC 9110 §13.1.5: a part of something else would make a broken file.
  const condition = request.headers['if-range']
  const isSame = condition === undefined || condition === tag
  const range = askedRange(isSame ? request.headers.range : undefined, size)
  if (range === 'unsatisfiable') {
    reply.code(416).header('content-range', `bytes */${size}`)
    return undefined
  }
  const { start, end } = range ?? { start: 0, end: size }
  reply.code(range === undefined ? 200 : 206).header('content-length', end - start)
  if (range !== undefined) reply.header('content-range', `bytes ${start}-${end - 1}/${size}`)
  return { start, end }
}

/** Once a session each, and on record before a byte of it leaves. */
export const noted = (
  door: PatientDoor,
  { session, share }: Inside,
  what: 'viewed' | 'downloaded',
): Promise<void> => session.once(what, () => door.noted(share.id, what))

/** The encrypted file, in ranges: the browser decrypts. */
export function packageRoutes(deps: {
  door: PatientDoor
  doorman: Doorman
  facts: DoorFacts
  downloads: DownloadsAtOnce
}): FastifyPluginAsyncTypebox {
  const { door, doorman, facts, downloads } = deps
  return async (app) => {
    const query = Type.Object({ for: Type.Optional(Type.String({ maxLength: 16 })) })
    app.get(
      packageAddress,
      { schema: { params: linkParams, querystring: query } },
      async (request, reply) => {
        const { link } = request.params
        const who = await doorman.inside(request, link)
        if (who === undefined) return outside(request, reply, link, facts)
        const { packageFile, packageBytes: size, id } = who.share
        const range = rangeAnswer(request, reply, {
          ...{ size, tag: `"${id.slice(0, 16)}-${size}"`, type: 'application/octet-stream' },
        })
        if (range === undefined) return reply.send('')
        if (request.method === 'HEAD') return reply.send('')
        // The head of 30 bytes and the manifest tell what there is: who reads these has seen nothing yet.
        const isList = range.start >= (await manifestStart(packageFile, size)) || range.end <= 30
        if (!isList) await noted(door, who, request.query.for === 'zip' ? 'downloaded' : 'viewed')
        return reply.send(downloads.admit(() => fileStream(packageFile, range), who.session))
      },
    )
  }
}
