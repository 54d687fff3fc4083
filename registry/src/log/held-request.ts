import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { Type } from 'typebox'

/** Seconds a request may ask to be held open. ADR 0014 */
export const Wait = Type.Integer({ minimum: 0, maximum: 25, default: 0 })

/** The bounds of one held request: it ends when its connection does. */
export function heldFor(request: FastifyRequest, reply: FastifyReply, seconds: number) {
  const closed = new AbortController()
  if (seconds > 0) reply.raw.once('close', () => closed.abort(new Error('closed')))
  return { ms: seconds * 1000, signal: closed.signal, address: request.ip }
}
