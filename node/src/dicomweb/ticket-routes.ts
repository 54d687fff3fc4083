import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { viewers } from './request-context.ts'
import type { ViewerTickets } from './viewer-tickets.ts'

/** For a viewer outside the page (spec 24 §7). */
export function ticketRoutes(
  options: { ohifUrl: string | undefined },
  { tickets }: { tickets: ViewerTickets },
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/viewer-tickets',
      {
        config: viewers,
        schema: {
          body: Type.Object(
            { studyInstanceUid: Type.String({ pattern: '^[0-9.]{1,64}$' }) },
            { additionalProperties: false },
          ),
          response: {
            201: Type.Object({
              ticket: Type.String(),
              expiresAt: Type.String(),
              /** Of the hospital's own OHIF, when there is one. */
              ohifUrl: Type.Optional(Type.String()),
            }),
          },
        },
      },
      async (request, reply) => {
        const { ticket, until } = tickets.issue(request.person, request.body.studyInstanceUid)
        const { ohifUrl } = options
        return reply.code(201).send({
          ...{ ticket, expiresAt: new Date(until).toISOString() },
          ...(ohifUrl === undefined ? {} : { ohifUrl }),
        })
      },
    )
  }
}
