import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Retrieval } from '../transfers/transfer-record.ts'
import type { Retrievals } from './retrievals.ts'

const closed = { additionalProperties: false }

/** Bringing a found study here (spec 10 §2). */
export function retrievalRoutes(deps: {
  retrievals: Retrievals
  book: TransferBook
}): FastifyPluginAsyncTypebox {
  const radiologist = { roles: ['radiologist' as const] }
  return async (app) => {
    app.post(
      '/retrievals',
      {
        config: radiologist,
        schema: {
          body: Type.Object(
            {
              searchId: Type.String({ maxLength: 64 }),
              studyInstanceUid: Type.String({ pattern: '^[0-9.]{1,64}$' }),
              holder: Type.String({ pattern: '^\\d{8}$' }),
              destination: Type.Enum(['pacs', 'viewer']),
            },
            closed,
          ),
        },
      },
      async (request, reply) => {
        const id = await deps.retrievals.request(request.body, request.person)
        return reply.code(202).header('location', `/api/v1/retrievals/${id}`).send({ id })
      },
    )
    app.get(
      '/retrievals/:id',
      { config: radiologist, schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }) } },
      async (request) => {
        const record = await deps.book.get(request.params.id)
        if (record?.kind !== 'retrieval' || record.user?.id !== request.person.id)
          throw new TwiinError('NOT_FOUND')
        return describe(record)
      },
    )
  }
}

function describe(record: Retrieval) {
  return {
    id: record.id,
    state: record.state,
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    studyInstanceUid: record.studyInstanceUid,
    holder: record.counterparty.ura,
    destination: record.destination,
    instances: record.instances,
    bytes: record.bytes,
    createdAt: new Date(record.createdAt).toISOString(),
    updatedAt: new Date(record.updatedAt).toISOString(),
  }
}
