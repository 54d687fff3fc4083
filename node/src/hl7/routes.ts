import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { maskCitizenNumbers, singleLine } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Hl7Inbox } from './hl7-inbox.ts'
import type { InboxRecord } from './inbox-record.ts'

const closed = { additionalProperties: false }
const Id = Type.String({ pattern: '^[0-9a-f]{14}$' })

/** The HL7 inbox, without what stands in the messages (spec 15 §4). */
export function hl7Routes(deps: { inbox: Hl7Inbox }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/hl7-messages',
      {
        config: { roles: ['operator'] },
        schema: {
          querystring: Type.Object(
            {
              before: Type.Optional(Id),
              limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
              state: Type.Optional(Type.Enum(['waiting', 'applied', 'failed'])),
            },
            closed,
          ),
        },
      },
      async (request) => {
        const records = await deps.inbox.list(request.query)
        const last = records.length === request.query.limit ? records.at(-1) : undefined
        return { messages: records.map(describe), ...(last === undefined ? {} : { next: last.id }) }
      },
    )
    app.post(
      '/hl7-messages/:id/retry',
      { config: { roles: ['operator'] }, schema: { params: Type.Object({ id: Id }, closed) } },
      async (request) => describe(await deps.inbox.retry(request.params.id)),
    )
  }
}

function describe({ done, receivedAt, settledAt, controlId, ...record }: InboxRecord) {
  return {
    ...record,
    // The sender's own numbering; should a patient's number stand in it, it is not shown.
    controlId: maskCitizenNumbers(singleLine(controlId)),
    handledBy: done,
    receivedAt: new Date(receivedAt).toISOString(),
    ...(settledAt === undefined ? {} : { settledAt: new Date(settledAt).toISOString() }),
  }
}
