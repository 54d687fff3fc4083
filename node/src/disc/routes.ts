import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import { maskBsn, maskLocalId } from '../filing/mask-bsn.ts'
import type { DiscDesk } from './disc-desk.ts'
import { describeDisc } from './disc-record.ts'
import type { DiscRecord } from './disc-record.ts'
import type { ExportDisc } from './export-disc.ts'

const closed = { additionalProperties: false }
const operator = { roles: ['operator' as const] }
const Params = Type.Object({ id: Type.String({ maxLength: 64 }) })
const StudyUids = Type.Array(Type.String({ pattern: '^[0-9.]{1,64}$' }), { minItems: 1, maxItems: 100 })
const Wanted = Type.Object(
  {
    key: Type.String({ pattern: '^p[0-9]{1,6}$' }),
    studyInstanceUids: Type.Optional(
      Type.Array(Type.String({ pattern: '^[0-9.]{1,64}$' }), { minItems: 1, maxItems: 1000 }),
    ),
    patient: Type.Optional(
      Type.Object(
        {
          localId: Type.String({ pattern: '^[\\x21-\\x5b\\x5d-\\x7e]{1,64}$' }),
          birthDate: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
        },
        closed,
      ),
    ),
  },
  closed,
)
const Export = Type.Object(
  {
    studyInstanceUids: StudyUids,
    recipient: Type.String({ minLength: 1, maxLength: 200 }),
    reason: Type.String({ minLength: 1, maxLength: 500 }),
    format: Type.Optional(Type.Enum(['zip', 'iso'])),
    language: Type.Optional(Type.Enum(['nl', 'en'])),
    password: Type.Optional(Type.String({ minLength: 12, maxLength: 128 })),
  },
  closed,
)
const contentTypes = { zip: 'application/zip', iso: 'application/x-iso9660-image' }

interface Deps {
  desk: DiscDesk
  exports: ExportDisc
  /** Of a disc that is sent here. */
  maxBytes: number
}

/** Discs in and out (spec 19 §4, §5). */
export function discRoutes({ desk, exports, maxBytes }: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    // A disc is not gathered in memory: it goes to its sealed file as it comes.
    app.addContentTypeParser(
      [contentTypes.zip, contentTypes.iso, 'application/octet-stream'],
      (_request, body, done) => done(null, body),
    )
    app.post('/discs', { config: { ...operator, longBody: true } }, async (request, reply) => {
      const { body } = request
      if (!(body instanceof Readable)) throw new TwiinError('DISC_FORMAT_UNKNOWN')
      if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new TwiinError('BODY_TOO_LARGE')
      const { id } = await desk.receive(body as AsyncIterable<Uint8Array>, request.person)
      return reply.code(202).header('location', `/api/v1/discs/${id}`).send({ id })
    })
    app.get('/discs', { config: operator }, async () => ({
      discs: (await desk.list()).map((record) => describeDisc(record, 'short')),
    }))
    app.get('/discs/:id', { config: operator, schema: { params: Params } }, async (request) =>
      describeDisc(masked(await desk.get(request.params.id)), 'whole'),
    )
    app.delete('/discs/:id', { config: operator, schema: { params: Params } }, async (request, reply) => {
      await desk.remove(request.params.id)
      return reply.code(204).send()
    })
    app.post(
      '/discs/:id/intake',
      {
        config: operator,
        schema: {
          params: Params,
          body: Type.Object({ patients: Type.Array(Wanted, { minItems: 1, maxItems: 1000 }) }, closed),
        },
      },
      async (request, reply) => {
        const transfers = await desk.takeIn(request.params.id, request.body.patients, request.person)
        return reply.code(202).send({ transfers })
      },
    )
    app.post('/disc-exports', { config: operator, schema: { body: Export } }, async (request, reply) => {
      const { format = 'zip', language = 'nl', password } = request.body
      if (format === 'iso' && password !== undefined) throw new TwiinError('ISO_NOT_ENCRYPTED')
      const bytes = await exports.write({ ...request.body, format, language }, request.person)
      return reply
        .type(contentTypes[format])
        .header('content-disposition', `attachment; filename="disc.${format}"`)
        .send(Readable.from(bytes, { objectMode: false }))
    })
  }
}

function masked(record: DiscRecord): DiscRecord {
  const { contents } = record
  if (contents === undefined) return record
  const patients = contents.patients.map(({ citizenNumbers, ...patient }) => ({
    ...patient,
    localId: maskLocalId(patient.localId, patient.issuer),
    bsn: maskBsn(citizenNumbers[0]),
    citizenNumbers: [],
  }))
  return { ...record, contents: { ...contents, patients } }
}
