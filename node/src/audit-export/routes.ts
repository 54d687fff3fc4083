import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AuditFilter, AuditLog } from '@twiin/audit'
import { Type } from 'typebox'
import type { Account } from '../account/account.ts'
import { When, rangeOf } from '../account/audit-range.ts'
import { csvHeader, csvLine } from './csv-line.ts'
import { fhirAuditEvent } from './fhir-audit-event.ts'

const formats = {
  fhir: { type: 'application/fhir+ndjson', file: 'audit.ndjson' },
  csv: { type: 'text/csv; charset=utf-8', file: 'audit.csv' },
} as const
type Format = keyof typeof formats

/** Copies of the log, streamed. That one was made is on record before its first byte. */
export function auditExportRoutes(
  options: { ura: string },
  deps: { log: AuditLog; account: Account },
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/audit-exports/:format',
      {
        config: { roles: ['auditor'] },
        schema: {
          params: Type.Object({ format: Type.Enum(['fhir', 'csv'] satisfies Format[]) }),
          querystring: Type.Object(
            { from: Type.Optional(When), to: Type.Optional(When) },
            { additionalProperties: false },
          ),
        },
      },
      async (request, reply) => {
        const { format } = request.params
        const range = rangeOf(request.query)
        await deps.account.record({
          event: 'log-export',
          outcome: 'success',
          user: request.person,
          protocol: `spec 07 §10: ${format}`,
        })
        const { type, file } = formats[format]
        return reply
          .type(type)
          .header('content-disposition', `attachment; filename="${file}"`)
          .header('cache-control', 'no-store')
          .send(Readable.from(lines(format, range, options.ura, deps.log), { objectMode: false }))
      },
    )
  }
}

async function* lines(
  format: Format,
  range: AuditFilter,
  ura: string,
  log: AuditLog,
): AsyncGenerator<string> {
  if (format === 'csv') yield csvHeader
  for await (const stored of log.entries(range))
    yield format === 'csv' ? csvLine(stored) : `${JSON.stringify(fhirAuditEvent(stored, ura))}\n`
}
