import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Register } from '../ledger/register.ts'
import type { Confirmed } from '../requests/confirmation.ts'
import { describeLive, describePast } from './describe-run.ts'
import type { Run } from './describe-run.ts'
import type { SelfTests } from './self-tests.ts'

const closed = { additionalProperties: false }
const PeerId = Type.String({ pattern: '^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$' })
/** The newest first, so many at the most. */
const mostListed = 200

/** Self-tests for everybody to read, and for staff to order (spec 12 §3). */
export function selfTestRoutes(deps: {
  selfTests: SelfTests
  register: Register
  confirmed: Confirmed
}): FastifyPluginAsyncTypebox {
  const { selfTests, register } = deps
  return async (app) => {
    app.post(
      '/self-tests',
      {
        config: { staffOnly: true },
        // One that fails takes a member from exchanging.
        preHandler: deps.confirmed,
        schema: { body: Type.Object({ peerId: PeerId }, closed) },
      },
      async (request, reply) => {
        const run = await selfTests.order(request.body.peerId, request.by)
        return reply.code(202).header('location', `/api/v1/self-tests/${run}`).send({ run })
      },
    )
    app.get(
      '/self-tests',
      {
        config: { open: true },
        schema: { querystring: Type.Object({ peerId: Type.Optional(PeerId) }, closed) },
      },
      async (request): Promise<Run[]> => {
        const { peerId } = request.query
        const isAsked = (test: { peerId: string }) => peerId === undefined || test.peerId === peerId
        const live = selfTests.liveRuns().filter((test) => isAsked(test) && !register.selfTests.has(test.run))
        const past = [...register.selfTests.values()].filter(isAsked).reverse().slice(0, mostListed)
        return [
          ...live.map((run) => describeLive(run, register)),
          ...past.map((test) => describePast(test, register)),
        ]
      },
    )
    app.get('/self-tests/waiting', { config: { open: true } }, async () =>
      selfTests.waiting().map(({ peerId, reason, until }) => {
        const key = register.keys.get(peerId)
        return {
          peerId,
          ura: key?.ura ?? '',
          name: key?.application?.organisation ?? '',
          reason,
          until: new Date(until).toISOString(),
        }
      }),
    )
    app.get(
      '/self-tests/:run',
      {
        config: { open: true },
        schema: { params: Type.Object({ run: Type.String({ pattern: '^[0-9a-f]{32}$' }) }, closed) },
      },
      async (request): Promise<Run> => {
        const { run } = request.params
        const past = register.selfTests.get(run)
        if (past !== undefined) return describePast(past, register)
        const live = selfTests.live(run)
        if (live === undefined) throw new TwiinError('NOT_FOUND')
        return describeLive(live, register)
      },
    )
  }
}
