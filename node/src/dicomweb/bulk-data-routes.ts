import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { elementAt, littleEndian } from '@twiin/dicom'
import type { TreeElement } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { choose } from './accept.ts'
import type { InstanceReader } from './instance-reader.ts'
import { octets } from './media-types.ts'
import { multipart } from './multipart.ts'
import { acceptOf, streamOf, viewers } from './request-context.ts'
import type { Place } from './request-context.ts'
import { instanceAt } from './retrieve-routes.ts'
import { sendSingle } from './single-body.ts'
import type { ViewableStudies } from './viewable-studies.ts'

interface Deps {
  studies: ViewableStudies
  reader: InstanceReader
}

/** Large values, where the metadata point (PS3.18 §10.4.1.1.5): in little endian, whatever they are stored in. */
export function bulkDataRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/studies/:study/series/:series/instances/:instance/bulkdata/*',
      { config: viewers },
      (request, reply) => sendBulkData(request, reply, deps),
    )
  }
}

async function sendBulkData(request: FastifyRequest, reply: FastifyReply, { studies, reader }: Deps) {
  const instance = await instanceAt(request, reply, studies)
  const path = (request.params as Place)['*'] ?? ''
  const { source, encoding } = await reader.open(instance)
  const found = await elementAt(source, encoding, path)
  // A sequence has no bytes of its own.
  if (found === undefined || found.vr === 'SQ') throw new TwiinError('NOT_FOUND')
  const offer = choose(acceptOf(request), [
    { type: octets, shape: 'single' },
    { type: octets, shape: 'multipart' },
  ])
  if (offer === undefined) throw new TwiinError('NOT_ACCEPTABLE')
  const { element, vr } = found
  const read = (range: { offset: number; length: number }) => bytesOf(element, vr, range)
  async function* bytesOf(of: TreeElement, vrOf: string, range: { offset: number; length: number }) {
    // Whole words, so that each can be turned; then just what was asked for.
    const start = range.offset - (range.offset % 8)
    const end = Math.min(of.length, Math.ceil((range.offset + range.length) / 8) * 8)
    let at = start
    for await (const piece of reader.bytes(instance, [{ offset: of.offset + start, length: end - start }])) {
      const turned = littleEndian(vrOf, piece, of.encoding.littleEndian)
      yield turned.subarray(
        Math.max(0, range.offset - at),
        Math.min(turned.length, range.offset + range.length - at),
      )
      at += piece.length
    }
  }
  if (offer.shape === 'single')
    return sendSingle(request, reply, {
      contentType: octets,
      size: element.length,
      etag: `${instance.blob}-${path.toUpperCase()}`,
      read,
    })
  const { contentType, write } = multipart(octets)
  const part = async function* () {
    yield { headers: { 'Content-Type': octets }, body: read({ offset: 0, length: element.length }) }
  }
  return reply
    .type(contentType)
    .header('vary', 'Accept')
    .send(streamOf(write(part())))
}
