import { TwiinError } from '@twiin/runtime'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { Type } from 'typebox'
import { factorOf } from '../shares/share-link.ts'
import type { DoorFacts } from './door-facts.ts'

export const linkParams = Type.Object({ link: Type.String({ maxLength: 64 }) })

export const wantsPage = (request: FastifyRequest): boolean =>
  request.headers.accept?.includes('text/html') === true

/** To who has no session: a page is led to the one before the code, a script is told. */
export function outside(
  request: FastifyRequest,
  reply: FastifyReply,
  link: string,
  facts: DoorFacts,
): FastifyReply {
  if (factorOf(link) === undefined) throw new TwiinError('NOT_FOUND')
  if (!wantsPage(request)) return reply.code(401).type('text/plain').send('')
  return reply.redirect(`/z/${link}?lang=${facts.page(request).language}`, 303)
}
