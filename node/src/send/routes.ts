import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { receipt } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { TransferDesk } from '../transfers/transfer-desk.ts'
import type { Arrival, Send } from '../transfers/transfer-record.ts'
import type { Sends } from './sends.ts'

const closed = { additionalProperties: false }

interface Deps {
  sends: Sends
  book: TransferBook
  desk: Pick<TransferDesk, 'undo'>
}

/** Sending studies to another hospital (spec 10 §2). */
export function sendRoutes(deps: Deps): FastifyPluginAsyncTypebox {
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
              startAfterSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 60 })),
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
    app.post(
      '/sends/:id/undo',
      { config: senders, schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }) } },
      async ({ params, person }, reply) => {
        await deps.desk.undo(params.id, person)
        return reply.code(202).send({ id: params.id })
      },
    )
    app.post(
      '/sends/preview',
      {
        config: senders,
        schema: {
          body: Type.Object(
            {
              studyInstanceUids: Type.Array(Type.String({ pattern: '^[0-9.]{1,64}$' }), {
                minItems: 1,
                maxItems: 100,
              }),
            },
            closed,
          ),
        },
      },
      async (request) => deps.sends.preview(request.body.studyInstanceUids),
    )
    app.get(
      '/arrivals',
      {
        config: senders,
        schema: {
          querystring: Type.Object(
            {
              mailbox: Type.Optional(Type.String({ maxLength: 64 })),
              after: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
              limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
            },
            closed,
          ),
        },
      },
      async ({ query: { mailbox, after, limit } }) => {
        const page = await deps.book.list({ limit, ...(after === undefined ? {} : { after }) })
        const complete = page.filter(
          (record): record is Arrival =>
            record.kind === 'arrival' &&
            record.state === 'delivered' &&
            record.mailbox === (mailbox ?? record.mailbox),
        )
        const next = page.length === limit ? { next: page.at(-1)?.id } : {}
        return { arrivals: complete.map(describeArrival), ...next }
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

/** What came, whole, and what was said with it (spec 17 §5). */
function describeArrival(record: Arrival) {
  const { id, counterparty, sender, mailbox, sendReason, note, urgent, studyInstanceUids } = record
  return {
    id,
    from: { ura: counterparty.ura, name: counterparty.name },
    sender: sender.name,
    ...(mailbox === undefined ? {} : { mailbox }),
    reason: sendReason,
    ...(note === undefined ? {} : { note }),
    urgency: urgent ? 'urgent' : 'routine',
    studyInstanceUids,
    studyDescription: record.description,
    instances: record.instances.total,
    completeAt: new Date(record.hops?.delivered ?? record.updatedAt).toISOString(),
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
