import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { downloadNames } from '@twiin/share-pages'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { Type } from 'typebox'
import type { DoorFacts } from './door-facts.ts'
import type { Doorman, Inside } from './doorman.ts'
import { outside } from './outside.ts'
import type { PlainPages } from './plain-pages.ts'

const Link = Type.String({ maxLength: 64 })
const Whole = Type.Integer({ minimum: 0, maximum: 1_000_000 })

/** Pages and files that are decrypted here, in a session with a key (spec 25 §5). */
export function plainRoutes(deps: {
  doorman: Doorman
  facts: DoorFacts
  plain: PlainPages
}): FastifyPluginAsyncTypebox {
  const { doorman, facts, plain } = deps
  const withKey = async (
    request: FastifyRequest,
    reply: FastifyReply,
    link: string,
    show: (who: Inside) => Promise<FastifyReply>,
  ): Promise<FastifyReply> => {
    const who = await doorman.inside(request, link)
    if (who === undefined) return outside(request, reply, link, facts)
    if (who.session.key !== undefined) return show(who)
    // A download that a browser takes up again by itself: a page would become a part of the file.
    if (request.headers.range !== undefined) return reply.code(409).type('text/plain').send('')
    return reply.redirect(`/z/${link}/open?lang=${facts.page(request).language}`, 303)
  }
  return async (app) => {
    const place = Type.Object({ link: Link, study: Whole, series: Whole, picture: Whole })
    app.get('/z/:link/study/:study/:series/:picture', { schema: { params: place } }, (request, reply) => {
      const { link, ...at } = request.params
      return withKey(request, reply, link, (who) => plain.viewer(request, reply, who, at))
    })
    const numbered = { params: Type.Object({ link: Link, number: Whole }) }
    app.get('/z/:link/picture/:number', { schema: numbered }, (request, reply) =>
      withKey(request, reply, request.params.link, (who) => plain.picture(reply, who, request.params.number)),
    )
    app.get('/z/:link/report/:number', { schema: numbered }, (request, reply) =>
      withKey(request, reply, request.params.link, (who) =>
        plain.report(request, reply, who, request.params.number),
      ),
    )
    for (const name of downloadNames)
      app.get(`/z/:link/${name}`, { schema: { params: Type.Object({ link: Link }) } }, (request, reply) =>
        withKey(request, reply, request.params.link, (who) => plain.zip(request, reply, who, name)),
      )
  }
}
