import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Application, Person } from '../ledger/acts.ts'
import type { KnownApplication } from '../ledger/register.ts'
import type { Applications } from './applications.ts'

const staff = { staffOnly: true } as const
const Shown = Type.Object({
  id: Type.String(),
  ...Application.properties,
  at: Type.String(),
  approvals: Type.Array(Type.Object({ by: Person, at: Type.String() })),
  state: Type.Enum(['open', 'approved', 'rejected', 'superseded']),
})
const Approved = Type.Object({ ...Shown.properties, enrolmentToken: Type.String(), expiresAt: Type.String() })

/** spec 06 §4 */
export function clinicRoutes(applications: Applications): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/applications', { config: staff, schema: { response: { 200: Type.Array(Shown) } } }, () =>
      applications.list().map(show),
    )
    app.post(
      '/applications',
      { config: staff, schema: { body: Application, response: { 201: Shown } } },
      async (request, reply) =>
        reply.code(201).send(show(await applications.apply(request.body, request.by))),
    )
    app.post(
      '/applications/:id/approvals',
      {
        config: staff,
        schema: {
          params: Type.Object({ id: Type.String({ maxLength: 36 }) }),
          response: { 200: Approved, 202: Shown },
        },
      },
      async (request, reply) => {
        const { application, enrolment } = await applications.approve(request.params.id, request.by)
        if (enrolment === undefined) return reply.code(202).send(show(application))
        const { token, expiresAt } = enrolment
        return reply
          .code(200)
          .send({ ...show(application), enrolmentToken: token, expiresAt: new Date(expiresAt).toISOString() })
      },
    )
  }
}

function show({ id, application, at, approvals, state }: KnownApplication & { at: number }) {
  const instant = (at: number) => new Date(at).toISOString()
  const shown = approvals.map((approval) => ({ by: approval.by, at: instant(approval.at) }))
  return { id, ...application, at: instant(at), approvals: shown, state }
}
