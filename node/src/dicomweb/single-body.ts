import { isTwiinError } from '@twiin/runtime'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { byteRange } from './byte-range.ts'
import { streamOf } from './request-context.ts'

/** One body that is answered whole or in part: its bytes, from any place. */
export interface SingleBody {
  contentType: string
  size: number
  /** Changes when the bytes do; says nothing about them. */
  etag: string
  read: (range: { offset: number; length: number }) => AsyncIterable<Uint8Array>
}

/** With range and validator (RFC 9110 §13.1, §14). Kept by the client's own cache only, and asked again each time. */
export function sendSingle(request: FastifyRequest, reply: FastifyReply, body: SingleBody): FastifyReply {
  const etag = `"${body.etag}"`
  reply.headers({ etag, 'accept-ranges': 'bytes', vary: 'Accept' })
  if (request.headers['if-none-match']?.split(',').some((tag) => tag.trim() === etag) === true)
    return reply.code(304).send()
  const ifRange = request.headers['if-range']
  try {
    const header = ifRange === undefined || ifRange === etag ? request.headers.range : undefined
    const range = byteRange(header, body.size)
    reply.type(body.contentType).header('content-length', range?.length ?? body.size)
    if (range === undefined) return reply.send(streamOf(body.read({ offset: 0, length: body.size })))
    const { offset, length } = range
    reply.code(206).header('content-range', `bytes ${offset}-${offset + length - 1}/${body.size}`)
    return reply.send(streamOf(body.read(range)))
  } catch (error) {
    if (isTwiinError(error, 'RANGE_NOT_SATISFIABLE')) reply.header('content-range', `bytes */${body.size}`)
    throw error
  }
}
