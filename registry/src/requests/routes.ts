import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Person, Request } from '../ledger/acts.ts'
import type { Register } from '../ledger/register.ts'
import type { Requests } from './requests.ts'

const staff = { staffOnly: true } as const
const Open = Type.Object({ id: Type.String(), by: Person, at: Type.String(), request: Request })
const Review = Type.Object({
  peerId: Type.String(),
  /** Newest certificate of the key: the name under which it is reviewed. */
  serial: Type.String(),
  ura: Type.String(),
  name: Type.String(),
  state: Type.Enum(['revoked', 'suspended']),
  by: Person,
  at: Type.String(),
  reason: Type.String(),
})

/** What waits for a second person, and what one did alone and another has to look at. spec 06 §4 */
export function requestRoutes(deps: { requests: Requests; register: Register }): FastifyPluginAsyncTypebox {
  const { requests, register } = deps
  return async (app) => {
    app.get('/requests', { config: staff, schema: { response: { 200: Type.Array(Open) } } }, () =>
      requests.list().map(({ at, ...request }) => ({ ...request, at: new Date(at).toISOString() })),
    )
    app.delete(
      '/requests/:id',
      {
        config: staff,
        schema: {
          params: Type.Object({ id: Type.String({ maxLength: 36 }) }),
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        await requests.withdraw(request.params.id, request.by)
        return reply.code(204).send(null)
      },
    )
    app.get('/reviews', { config: staff, schema: { response: { 200: Type.Array(Review) } } }, () =>
      register.unreviewed().flatMap(({ peerId, ura, ended, serials, application }) => {
        const [by] = ended?.by ?? []
        const serial = serials.at(-1)
        if (ended === undefined || by === undefined || serial === undefined) return []
        const name = application?.organisation ?? ''
        const { state, reason } = ended
        return [{ ...{ peerId, serial, ura, name, state, by, reason }, at: new Date(ended.at).toISOString() }]
      }),
    )
  }
}
