import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Register } from '../ledger/register.ts'
import type { ActivityReports } from './activity-reports.ts'
import type { Counts } from './count-members.ts'
import { CurrentFigures } from './current-figures.ts'
import { figuresAsCsv } from './public-figures.ts'
import type { Replay2021 } from './replay-2021.ts'

const cbor = 'application/cbor'
const maxReport = 4 * 1024
const Action = Type.Object(
  { action: Type.Union([Type.Literal('start'), Type.Literal('pause'), Type.Literal('restart')]) },
  { additionalProperties: false },
)

/** spec 06 §9. Open to everybody: nothing here is about a patient, or about one hospital's volume. */
export function statisticsRoutes(
  options: { hospitals: number; studiesPerDisc: number; reportsPerMinute: number },
  deps: {
    register: Register
    counts: () => Counts
    reports: ActivityReports
    clock: Clock
    replay: Replay2021 | undefined
  },
): FastifyPluginAsyncTypebox {
  const { register, counts, reports, clock, replay } = deps
  const current = new CurrentFigures(options, { register, reports, clock })
  const figures = () => current.get()
  return async (app) => {
    app.addContentTypeParser(
      cbor,
      { parseAs: 'buffer', bodyLimit: maxReport },
      async (_request: unknown, body: Buffer) => body,
    )
    app.get('/statistics', { config: { open: true } }, () => ({
      ...counts(),
      ...figures(),
      studiesPerDisc: options.studiesPerDisc,
      // Beside what is real, never among it.
      simulation: replay?.state ?? null,
    }))
    app.get('/statistics.csv', { config: { open: true } }, async (_request, reply) =>
      reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="twiin-statistics.csv"')
        .send(figuresAsCsv(figures())),
    )
    app.post(
      '/statistics/simulation',
      { config: { open: true }, schema: { body: Action } },
      (request, reply) => {
        if (replay === undefined) throw new TwiinError('NOT_FOUND')
        replay.control(request.body.action)
        return reply.code(204).send()
      },
    )
    const limited = { open: true as const, rateLimit: { max: options.reportsPerMinute, timeWindow: 60_000 } }
    app.post('/reports', { config: limited }, async (request, reply) => {
      if (!(request.body instanceof Uint8Array)) throw new TwiinError('VALIDATION')
      await reports.take(request.body)
      return reply.code(204).send()
    })
  }
}
