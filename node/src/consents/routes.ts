import { mayPublish, organisationCategories } from '@twiin/consent'
import type { ConsentRecord } from '@twiin/consent'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { parseBsn } from '@twiin/patient-token'
import { Type } from 'typebox'
import type { Account } from '../account/account.ts'
import type { ConsentBook } from './consent-book.ts'

const closed = { additionalProperties: false }
const Bsn = Type.String({ maxLength: 20 })
const Scope = Type.Union([
  Type.Object({ kind: Type.Literal('all') }, closed),
  Type.Object({ kind: Type.Literal('category'), category: Type.Enum([...organisationCategories]) }, closed),
  Type.Object({ kind: Type.Literal('organisation'), ura: Type.String({ pattern: '^\\d{8}$' }) }, closed),
])

/** Recording what a patient said, and looking it up (spec 10 §2). A BSN only ever in a body. */
export function consentRoutes(deps: { consents: ConsentBook; account: Account }): FastifyPluginAsyncTypebox {
  const describe = ({ scope, decision, recordedAt, source, by }: ConsentRecord) => ({
    scope,
    decision,
    source,
    by,
    recordedAt: new Date(recordedAt).toISOString(),
  })
  return async (app) => {
    app.put(
      '/consents',
      {
        config: { roles: ['operator'] },
        schema: {
          body: Type.Object(
            { bsn: Bsn, decision: Type.Enum(['permit', 'deny']), scope: Type.Optional(Scope) },
            closed,
          ),
        },
      },
      async (request) => {
        const { decision, scope = { kind: 'all' as const } } = request.body
        const bsn = parseBsn(request.body.bsn)
        // On record first: a consent that nobody can account for must not take effect.
        await deps.account.record({
          event: 'consent-recorded',
          outcome: 'success',
          user: request.person,
          patient: { citizenNumber: bsn },
          consent: `${decision} ${JSON.stringify(scope)}`,
        })
        return describe(await deps.consents.record(bsn, { scope, decision, by: request.person.id }))
      },
    )
    app.post(
      '/consents/lookups',
      { config: { roles: ['operator'] }, schema: { body: Type.Object({ bsn: Bsn }, closed) } },
      async (request) => {
        const records = await deps.consents.of(parseBsn(request.body.bsn))
        return { records: records.map(describe), publishable: mayPublish(records).decision === 'permit' }
      },
    )
  }
}
