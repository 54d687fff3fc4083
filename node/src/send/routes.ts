import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { receipt } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Send } from '../transfers/transfer-record.ts'
import type { Sends } from './sends.ts'

const closed = { additionalProperties: false }

/** Sending studies to another hospital (spec 10 §2). */
export function sendRoutes(deps: { sends: Sends; book: TransferBook }): FastifyPluginAsyncTypebox {
  const senders = { roles: ['radiologist' as const, 'operator' as const] }
  return async (app) => {
    app.post(
      '/sends',
      {
        config: senders,
        schema: {
          body: Type.Object(
            {
              studyInstanceUids: Type.Array(Type.String({ pattern: '^[0-9.]{1,64}$' }), {
                minItems: 1,
                maxItems: 100,
              }),
              recipient: Type.Object(
                {
                  ura: Type.String({ pattern: '^\\d{8}$' }),
                  mailbox: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
                },
                closed,
              ),
              reason: Type.String({ minLength: 1, maxLength: 500 }),
              note: Type.Optional(Type.String({ maxLength: 2000 })),
              urgency: Type.Optional(Type.Enum(['routine', 'urgent'])),
            },
            closed,
          ),
        },
      },
      async (request, reply) => {
        const id = await deps.sends.request(request.body, request.person)
        return reply.code(202).header('location', `/api/v1/sends/${id}`).send({ id })
      },
    )
    app.get(
      '/sends/:id',
      { config: senders, schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }) } },
      async (request) => {
        const record = await deps.book.get(request.params.id)
        if (record?.kind !== 'send') throw new TwiinError('NOT_FOUND')
        return describe(record)
      },
    )
  }
}

function describe(record: Send) {
  return {
    id: record.id,
    state: record.state,
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    recipient: {
      ura: record.counterparty.ura,
      name: record.counterparty.name,
      ...(record.mailbox === undefined ? {} : { mailbox: record.mailbox }),
    },
    studyInstanceUids: record.studyInstanceUids,
    instances: record.instances,
    bytes: record.bytes,
    createdAt: new Date(record.createdAt).toISOString(),
    updatedAt: new Date(record.updatedAt).toISOString(),
    ...(record.receipt === undefined ? {} : { receipt: describeReceipt(record.receipt) }),
  }
}

/** The evidence, and what it says. It was verified when it came in. */
function describeReceipt(signed: Uint8Array) {
  const { message } = receipt.open(signed, '', () => true)
  return {
    signed: Buffer.from(signed).toString('base64'),
    state: message.state,
    recipient: message.recipient,
    issuedAt: new Date(message.issuedAt).toISOString(),
    instances: message.instances,
    manifests: message.manifests.map((digest) => Buffer.from(digest).toString('hex')),
  }
}
