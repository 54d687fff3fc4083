import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import { factorOf } from '../shares/share-link.ts'
import { failureOf, journeyMs } from './broker.ts'
import type { Broker } from './broker.ts'
import type { LoginPages } from './entrance.ts'

const cookie = '__Host-twiin_share_login'
/** Lax: the browser comes back from another site. */
const cookieOptions = {
  ...{ path: '/', httpOnly: true, secure: true, sameSite: 'lax' as const },
  maxAge: journeyMs / 1000,
}

/**
 * To the broker and back (spec 25 §5). Links that nobody has go there like those that are. No answer is a redirect: on the
 * way out `form-action` would have to name the broker, and a strict cookie does not go along on one that began elsewhere.
 */
export function brokerRoutes(deps: { broker: Broker; pages: LoginPages }): FastifyPluginAsyncTypebox {
  const { broker, pages } = deps
  return async (app) => {
    app.post(
      '/z/:link/login',
      {
        schema: { params: Type.Object({ link: Type.String({ maxLength: 64 }) }) },
        config: { fromAnywhereUnsaid: true },
      },
      async (request, reply) => {
        const { link } = request.params
        if (factorOf(link) !== 'oidc') throw new TwiinError('NOT_FOUND')
        try {
          const { url, journey } = await broker.depart(link)
          void reply.setCookie(cookie, journey, cookieOptions)
          return await pages.onward(request, reply, url)
        } catch (error) {
          const reason = failureOf(error)
          if (reason === undefined) throw error
          return pages.failed(request, reply, { link, reason })
        }
      },
    )
    app.get('/z/login', async (request, reply) => {
      const journey = request.cookies[cookie]
      const at = request.url.indexOf('?')
      void reply.clearCookie(cookie, cookieOptions)
      const link = broker.linkOf(journey)
      let who: { link: string; bsn: string }
      try {
        who = await broker.arrive(journey, at < 0 ? '' : request.url.slice(at + 1))
      } catch (error) {
        const reason = failureOf(error)
        if (reason === undefined) throw error
        return pages.failed(request, reply, { link, reason })
      }
      return pages.arrived(request, reply, who)
    })
  }
}
