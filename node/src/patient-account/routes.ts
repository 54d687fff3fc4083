import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { parseBsn } from '@twiin/patient-token'
import { Type } from 'typebox'
import type { Account } from '../account/account.ts'
import { When, rangeOf } from '../account/audit-range.ts'
import type { PatientAccount } from './patient-account.ts'

/** The list for the patient, made by an auditor who was asked for it. The number travels in the body. */
export function patientAccountRoutes(deps: {
  patientAccount: PatientAccount
  account: Account
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/patient-accounts',
      {
        config: { roles: ['auditor'] },
        schema: {
          body: Type.Object(
            {
              bsn: Type.String({ maxLength: 16 }),
              from: Type.Optional(When),
              to: Type.Optional(When),
              language: Type.Optional(Type.Enum(['nl', 'en'], { description: 'nl when not given' })),
              format: Type.Optional(Type.Enum(['json', 'pdf'], { description: 'json when not given' })),
            },
            { additionalProperties: false },
          ),
        },
      },
      async (request, reply) => {
        const { language = 'nl', format = 'json' } = request.body
        const question = { bsn: parseBsn(request.body.bsn), language, range: rangeOf(request.body) }
        await deps.account.record({
          event: 'log-read',
          outcome: 'success',
          user: request.person,
          patient: { citizenNumber: question.bsn },
          protocol: 'spec 07 §11: list for the patient',
        })
        const found = await deps.patientAccount.of(question)
        reply.header('cache-control', 'no-store')
        if (format === 'pdf')
          return reply
            .type('application/pdf')
            .header('content-disposition', 'attachment; filename="inzage.pdf"')
            .send(await deps.patientAccount.pdf(found, question))
        const lines = found.lines.map((line) => ({ ...line, at: new Date(line.at).toISOString() }))
        return { ...found, lines }
      },
    )
  }
}
