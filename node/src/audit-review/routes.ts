import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Account } from '../account/account.ts'
import { verdicts } from './audit-reviews.ts'
import type { AuditReviews, Review } from './audit-reviews.ts'

const closed = { additionalProperties: false }

/** What the privacy officer looks at. Reading it is on record. */
export function reviewRoutes(deps: { reviews: AuditReviews; account: Account }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/audit-reviews',
      {
        config: { roles: ['auditor'] },
        schema: {
          querystring: Type.Object({ days: Type.Integer({ minimum: 1, maximum: 366, default: 30 }) }, closed),
        },
      },
      async (request) => {
        const { reviews, account } = deps
        await account.record({
          event: 'log-read',
          outcome: 'success',
          user: request.person,
          protocol: 'spec 07 §11: to be reviewed',
        })
        const { reviews: found, more } = await reviews.list(request.query)
        return { reviews: found.map(describe), more }
      },
    )
    app.post(
      '/audit-reviews/:seq/review',
      {
        config: { roles: ['auditor'] },
        schema: {
          params: Type.Object({ seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }),
          body: Type.Object(
            {
              verdict: Type.Enum([...verdicts]),
              note: Type.Optional(Type.String({ maxLength: 1000 })),
            },
            closed,
          ),
        },
      },
      async ({ params, body, person }) => {
        const { at, ...verdict } = await deps.reviews.give(params.seq, body, person)
        return { ...verdict, at: new Date(at).toISOString() }
      },
    )
  }
}

function describe({ stored: { seq, hash, entry }, reasons, alike, review }: Review) {
  return {
    ...{ seq, hash, ...entry, at: new Date(entry.at).toISOString(), reasons, alike },
    ...(review === undefined ? {} : { review: { ...review, at: new Date(review.at).toISOString() } }),
  }
}
