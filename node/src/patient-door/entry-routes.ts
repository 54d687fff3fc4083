import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { codeOf, TwiinError } from '@twiin/runtime'
import { blockPage, blockedPage, busyPage, endedPage, openPage, seenPage } from '@twiin/share-pages'
import type { EntryFacts } from '@twiin/share-pages'
import { clientNetwork, formOf } from '@twiin/web'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import type { Clock } from '@twiin/runtime'
import { factorOf } from '../shares/share-link.ts'
import type { PatientDoor } from '../shares/patient-door.ts'
import type { DoorFacts } from './door-facts.ts'
import { send } from './doorman.ts'
import type { Doorman, Inside } from './doorman.ts'
import { openFacts } from './open-facts.ts'
import { linkParams, outside, wantsPage } from './outside.ts'
import type { PlainPages } from './plain-pages.ts'

/** Longest code anybody types, with its spaces. */
const longestCode = 64

export interface EntryRouteDeps {
  door: PatientDoor
  doorman: Doorman
  facts: DoorFacts
  plain: PlainPages
  clock: Clock
}

/** From the link to what is behind it, and out again (spec 25 §5). GET changes nothing. */
export function entryRoutes(deps: EntryRouteDeps): FastifyPluginAsyncTypebox {
  const { door, doorman, facts, plain, clock } = deps
  /** Pages behind the second factor; who has no session is shown the one before it. */
  const inside = async (
    request: FastifyRequest,
    reply: FastifyReply,
    link: string,
    show: (who: Inside) => FastifyReply | Promise<FastifyReply>,
  ): Promise<FastifyReply> => {
    const who = await doorman.inside(request, link)
    return who === undefined ? outside(request, reply, link, facts) : show(who)
  }
  return async (app) => {
    const schema = { params: linkParams }
    // Nothing is gained by making somebody else's browser send them: no session is used.
    const config = { fromAnywhereUnsaid: true as const }
    app.get('/z/:link', { schema }, (request, reply) => {
      const query = request.query as Readonly<Record<string, unknown>>
      const kind: 'sent' | 'timed-out' | undefined =
        query['sent'] === '1' ? 'sent' : query['ended'] === '1' ? 'timed-out' : undefined
      const after: EntryFacts['after'] = kind && { kind }
      return doorman.entry(request, reply, request.params.link, after === undefined ? {} : { after })
    })
    app.post('/z/:link', { schema, config }, async (request, reply) => {
      const { link } = request.params
      if (factorOf(link) === undefined) throw new TwiinError('NOT_FOUND')
      const code = formOf(request).get('code')?.trim() ?? ''
      // Nothing typed is no try.
      if (code === '' || factorOf(link) === 'oidc')
        return doorman.entry(request, reply, link, { after: { kind: 'empty' }, status: 422 })
      const entered = await doorman.enter(request, link, { code: code.slice(0, longestCode) })
      return doorman.answer(request, reply, link, entered)
    })
    app.post('/z/:link/code', { schema, config }, async (request, reply) => {
      const { link } = request.params
      if (factorOf(link) !== 'sms') throw new TwiinError('NOT_FOUND')
      try {
        await door.askCode(link, clientNetwork(request.ip))
      } catch (error) {
        if (codeOf(error) !== 'BUSY') throw error
        return send(reply.header('retry-after', 10), 503, busyPage(facts.link(request, link)))
      }
      return reply.redirect(`/z/${link}?sent=1&lang=${facts.page(request).language}`, 303)
    })
    app.get('/z/:link/open', { schema }, (request, reply) =>
      inside(request, reply, request.params.link, (who) =>
        who.session.key === undefined
          ? send(reply, 200, openPage(openFacts(facts, clock, request, who, '/open')))
          : plain.list(request, reply, who),
      ),
    )
    app.post('/z/:link/key', { schema }, (request, reply) =>
      inside(request, reply, request.params.link, (who) =>
        plain.takeKey(request, reply, who, formOf(request).get('link') ?? ''),
      ),
    )
    app.get('/z/:link/seen', { schema }, (request, reply) =>
      inside(request, reply, request.params.link, async ({ share, session }) =>
        send(reply, 200, seenPage(facts.link(request, session.link, '/seen'), await door.history(share.id))),
      ),
    )
    app.get('/z/:link/block', { schema }, (request, reply) =>
      inside(request, reply, request.params.link, ({ session }) =>
        send(reply, 200, blockPage(facts.link(request, session.link, '/block'))),
      ),
    )
    app.post('/z/:link/block', { schema }, (request, reply) =>
      inside(request, reply, request.params.link, async ({ share, session }) => {
        await door.block(share.id)
        doorman.end(request, reply)
        return forgotten(reply, blockedPage(facts.link(request, session.link)))
      }),
    )
    app.post('/z/:link/stay', { schema }, (request, reply) =>
      inside(request, reply, request.params.link, ({ session }) =>
        wantsPage(request)
          ? reply.redirect(`/z/${session.link}/open?lang=${facts.page(request).language}`, 303)
          : reply.code(204).send(),
      ),
    )
    app.post('/z/:link/end', { schema }, (request, reply) => {
      doorman.end(request, reply)
      if (factorOf(request.params.link) === undefined) throw new TwiinError('NOT_FOUND')
      return forgotten(reply, endedPage(facts.link(request, request.params.link)))
    })
  }
}

/** Key, service worker and whatever else the browser kept of us goes with the session. */
const forgotten = (reply: FastifyReply, page: string) =>
  send(reply.header('clear-site-data', '"cache", "storage"'), 200, page)
