import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { Type } from 'typebox'
import { failureOf, journeyMs } from './broker.ts'
import type { Broker, BrokerFailure } from './broker.ts'

const cookie = '__Host-twiin_share_login'
/** Lax: the browser comes back from another site. */
const cookieOptions = {
  ...{ path: '/', httpOnly: true, secure: true, sameSite: 'lax' as const },
  maxAge: journeyMs / 1000,
}

/** What the pages of the door say to a log-in; each answers the request. */
export interface BrokerPages {
  /**
   * A page of 200 that goes on to this address by itself (`<meta http-equiv="refresh">`) and by a button. No redirect:
   * `form-action` of the page with the form would have to name the broker.
   */
  onward(request: FastifyRequest, reply: FastifyReply, to: string): Promise<unknown>
  /**
   * The broker says that this is who came back: asks the shares, begins the session. Its answer must not be a redirect: a
   * strict cookie is not sent along on one that began at another site; so `onward` to `/z/{link}/open`.
   */
  arrived(request: FastifyRequest, reply: FastifyReply, who: { link: string; bsn: string }): Promise<unknown>
  /** Nobody was let in. `link` is where the browser came from, when that is known. */
  failed(
    request: FastifyRequest,
    reply: FastifyReply,
    why: { link: string | undefined; reason: BrokerFailure },
  ): Promise<unknown>
}

/** To the broker and back (spec 25 §5). Links that nobody has go there like those that are. */
export function brokerRoutes(deps: { broker: Broker; pages: BrokerPages }): FastifyPluginAsyncTypebox {
  const { broker, pages } = deps
  return async (app) => {
    app.post(
      '/z/:link/login',
      { config: { open: true }, schema: { params: Type.Object({ link: Type.String({ maxLength: 64 }) }) } },
      async (request, reply) => {
        const { link } = request.params
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
    app.get('/z/login', { config: { open: true } }, async (request, reply) => {
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
