import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import { Reason } from '../ledger/acts.ts'
import type { Person } from '../ledger/acts.ts'
import type { Register } from '../ledger/register.ts'
import type { Confirmed } from '../requests/confirmation.ts'
import { Detail, detailOf } from './application-detail.ts'
import type { Applications } from './applications.ts'
import { Form, Prose } from './submitted-application.ts'
import type { SubmittedApplication } from './submitted-application.ts'

const closed = { additionalProperties: false }
const staff = { staffOnly: true } as const
/** Whoever has the status token of the application comes as far as its route, which asks for it. */
const orApplicant = { staffOnly: true, guests: true } as const
const params = Type.Object({ id: Type.String({ maxLength: 36 }) })
const hourMs = 3_600_000
const changesPerHour = 60

/** With the second approval only. */
const Admitted = Type.Object({
  ...Detail.properties,
  enrolmentToken: Type.String(),
  expiresAt: Type.String(),
})
const Submitted = Type.Object({ ...Detail.properties, statusToken: Type.String() })
/** Which contents are approved has to be said: an applicant may change them after somebody looked. */
const Sure = Type.Object(
  {
    confirm: Type.Optional(
      Type.String({ maxLength: 64, description: 'Name of the organisation, typed again.' }),
    ),
    digest: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Of what was looked at.' }),
  },
  closed,
)

interface Caller {
  by: Person | undefined
  headers: Record<string, unknown>
}

/** spec 06 §4 */
export function clinicRoutes(
  options: { applicationsPerHour: number },
  deps: { applications: Applications; register: Register; confirmed: Confirmed; clock: Pick<Clock, 'now'> },
): FastifyPluginAsyncTypebox {
  const { applications, register, clock } = deps
  const show = (submitted: SubmittedApplication, reader: 'staff' | 'applicant' = 'staff') =>
    detailOf(submitted, { register, submitted: applications.list(), now: clock.now() }, reader)
  /** Throws NOT_FOUND, NOT_AUTHENTICATED. */
  const readerOf = (id: string, { by, headers }: Caller): 'staff' | 'applicant' => {
    if (by !== undefined) return applications.get(id) && 'staff'
    const token = headers['x-twiin-status-token']
    if (typeof token !== 'string') throw new TwiinError('NOT_AUTHENTICATED')
    applications.ofApplicant(id, token)
    return 'applicant'
  }
  // Of strangers, from one address; the registry's people are known by then.
  const limited = (max: number) => ({
    rateLimit: { max, timeWindow: hourMs, allowList: (request: object) => 'by' in request && !!request.by },
  })

  return async (app) => {
    app.get('/applications', { config: staff, schema: { response: { 200: Type.Array(Detail) } } }, () =>
      applications.list().map((one) => show(one)),
    )
    app.post(
      '/applications',
      {
        config: { ...orApplicant, ...limited(options.applicationsPerHour) },
        schema: { body: Form, response: { 201: Submitted } },
      },
      async (request, reply) => {
        const by = request.by as Person | undefined
        const { submitted, statusToken } = await applications.submit(request.body, by)
        return reply
          .code(201)
          .send({ ...show(submitted, by === undefined ? 'applicant' : 'staff'), statusToken })
      },
    )
    app.get(
      '/applications/:id',
      { config: orApplicant, schema: { params, response: { 200: Detail } } },
      (request) => {
        const { id } = request.params
        const reader = readerOf(id, request)
        return show(applications.get(id), reader)
      },
    )
    app.put(
      '/applications/:id',
      {
        config: { ...orApplicant, ...limited(changesPerHour) },
        schema: { params, body: Form, response: { 200: Detail } },
      },
      async (request) => {
        const { id } = request.params
        const reader = readerOf(id, request)
        return show(await applications.change(id, request.body), reader)
      },
    )
    app.post(
      '/applications/:id/messages',
      {
        config: { ...orApplicant, ...limited(changesPerHour) },
        schema: { params, body: Type.Object({ text: Prose(1, 1000) }, closed), response: { 201: Detail } },
      },
      async (request, reply) => {
        const { id } = request.params
        const reader = readerOf(id, request)
        const from = reader === 'staff' ? 'registry' : 'applicant'
        return reply.code(201).send(show(await applications.say(id, from, request.body.text), reader))
      },
    )
    app.delete(
      '/applications/:id/contacts',
      { config: staff, schema: { params, response: { 200: Detail } } },
      async (request) => show(await applications.erasePeople(request.params.id)),
    )
    app.post(
      '/applications/:id/approvals',
      {
        config: staff,
        preHandler: deps.confirmed,
        schema: { params, body: Sure, response: { 200: Admitted, 202: Detail } },
      },
      async (request, reply) => {
        const { id } = request.params
        const { submitted, enrolment } = await applications.approve(id, request.by, request.body)
        if (enrolment === undefined) return reply.code(202).send(show(submitted))
        const { token, expiresAt } = enrolment
        const shown = { enrolmentToken: token, expiresAt: new Date(expiresAt).toISOString() }
        return reply.code(200).send({ ...show(submitted), ...shown })
      },
    )
    app.post(
      '/applications/:id/rejection',
      {
        config: staff,
        schema: { params, body: Type.Object({ reason: Reason }, closed), response: { 200: Detail } },
      },
      async (request) => show(await applications.reject(request.params.id, request.by, request.body.reason)),
    )
  }
}
