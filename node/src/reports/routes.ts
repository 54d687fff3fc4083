import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { Recall, Recalls } from './recalls.ts'
import type { StudyReports } from './study-reports.ts'

const closed = { additionalProperties: false }
const Uid = Type.String({ pattern: '^[0-9.]{1,64}$' })
const Ura = Type.String({ pattern: '^\\d{8}$' })

interface Deps {
  reports: StudyReports
  recalls: Recalls
  book: TransferBook
  bundle: NetworkBundle
}

/** Reports to read, and studies to take back (spec 20 §5, §6). */
export function reportRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/studies/:uid/reports',
      { config: { roles: ['radiologist'] }, schema: { params: Type.Object({ uid: Uid }) } },
      async (request) => ({ reports: await deps.reports.of(request.params.uid, request.person) }),
    )
    app.get(
      '/studies/:uid/reports/:instance/pdf',
      {
        config: { roles: ['radiologist'] },
        schema: {
          params: Type.Object({ uid: Uid, instance: Uid }),
          querystring: Type.Object({ holder: Ura }, closed),
        },
      },
      async (request, reply) => {
        const { uid, instance } = request.params
        const of = { studyInstanceUid: uid, sopInstanceUid: instance, holder: request.query.holder }
        const pdf = await deps.reports.pdf(of, request.person)
        // What another hospital sent is opened by a reader of documents, never as a page of ours.
        return reply
          .header('content-type', 'application/pdf')
          .header('content-disposition', 'attachment; filename="verslag.pdf"')
          .header('x-content-type-options', 'nosniff')
          .header('content-security-policy', "default-src 'none'; sandbox")
          .header('cache-control', 'no-store')
          .send(Buffer.from(pdf))
      },
    )
    app.post(
      '/recalls',
      {
        config: { roles: ['operator'] },
        schema: {
          body: Type.Object(
            {
              studyInstanceUid: Uid,
              reason: Type.String({ minLength: 1, maxLength: 450 }),
              kind: Type.Enum(
                ['sent-by-mistake', 'quality', 'patient-safety', 'worklist-entry', 'retention'],
                { default: 'sent-by-mistake' },
              ),
              recipients: Type.Optional(Type.Array(Ura, { minItems: 1, maxItems: 500 })),
            },
            closed,
          ),
        },
      },
      async (request, reply) => {
        const recall = await deps.recalls.request(request.body, request.person)
        return reply
          .code(202)
          .header('location', `/api/v1/recalls/${recall.id}`)
          .send({ id: recall.id, recipients: recall.recipients.map(({ ura }) => ura) })
      },
    )
    app.get(
      '/recalls/:id',
      {
        config: { roles: ['operator'] },
        schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }) },
      },
      async (request) => {
        const recall = await deps.recalls.get(request.params.id)
        if (recall === undefined) throw new TwiinError('NOT_FOUND')
        return describe(recall, deps)
      },
    )
  }
}

async function describe(
  { id, studyInstanceUid, kind, reason, at, recipients }: Recall,
  { book, bundle }: Deps,
) {
  const shown = []
  for (const { ura, sendId } of recipients) {
    const send = await book.get(sendId)
    shown.push({
      ...{ ura, name: bundle.memberByUra(ura)?.name ?? '', state: send?.state ?? 'queued' },
      ...(send?.reason === undefined ? {} : { reason: send.reason }),
      at: new Date(send?.updatedAt ?? at).toISOString(),
    })
  }
  return { id, studyInstanceUid, kind, reason, createdAt: new Date(at).toISOString(), recipients: shown }
}
