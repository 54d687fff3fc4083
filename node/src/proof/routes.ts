import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Account } from '../account/account.ts'
import { roles } from '../people/people-file.ts'
import type { Proofs } from './proofs.ts'

/** What was signed about a study, to keep elsewhere (spec 22). That it was saved is on record first. */
export function proofRoutes(deps: { proofs: Proofs; account: Account }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/studies/:uid/proof',
      {
        // Every transfer may be looked at for it.
        config: { roles, rateLimit: { max: 20, timeWindow: 60_000 } },
        schema: { params: Type.Object({ uid: Type.String({ pattern: '^[0-9.]{1,64}$' }) }) },
      },
      async ({ params: { uid }, person }, reply) => {
        const proof = await deps.proofs.of(uid)
        await deps.account.record({
          event: 'log-export',
          outcome: 'success',
          user: person,
          objects: { studyInstanceUids: [uid] },
          protocol: 'spec 22: proof of a delivery',
        })
        return reply
          .header('content-disposition', 'attachment; filename="twiin-proof.json"')
          .header('cache-control', 'no-store')
          .send(proof)
      },
    )
  }
}
