import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Confirm } from '../http/confirm-person.ts'
import { maskBsn } from '../filing/mask-bsn.ts'
import type { EmergencyAccesses } from './emergency-accesses.ts'
import type { EmergencyBook } from './emergency-book.ts'
import { causes, stateOf, verdicts } from './emergency-use.ts'
import type { EmergencyUse } from './emergency-use.ts'

const refusals = {
  wrong: 'CONFIRMATION_WRONG',
  'not-recent': 'CONFIRMATION_REQUIRED',
  'no-session': 'SESSION_REQUIRED',
} as const

const closed = { additionalProperties: false }
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) })

interface Deps {
  emergencies: EmergencyAccesses
  book: EmergencyBook
  confirm: Confirm
  clock: { now(): number }
}

/** Emergency access (spec 21). */
export function emergencyRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  const { emergencies, book, confirm, clock } = deps
  return async (app) => {
    app.post(
      '/emergency-accesses',
      {
        config: { roles: ['radiologist'] },
        schema: {
          body: Type.Object(
            {
              bsn: Type.String({ maxLength: 20 }),
              cause: Type.Enum([...causes]),
              reason: Type.String({ minLength: 10, maxLength: 400 }),
              password: Type.Optional(Type.String({ maxLength: 256 })),
              code: Type.Optional(Type.String({ maxLength: 32 })),
            },
            closed,
          ),
        },
      },
      async (request, reply) => {
        const { password, code, ...order } = request.body
        // Before the proof is judged: a guess beside an order that is none would be on no record.
        emergencies.check(order, request.person)
        const confirmed = await confirm(request, {
          ...(password === undefined ? {} : { password }),
          ...(code === undefined ? {} : { code }),
        })
        if (confirmed !== 'confirmed') {
          await emergencies.refused(order, request.person, refusals[confirmed])
          throw new TwiinError(refusals[confirmed])
        }
        const use = await emergencies.open(order, request.person)
        const place = `/api/v1/emergency-accesses/${use.id}`
        return reply.code(201).header('location', place).send(describe(use, clock.now()))
      },
    )
    app.delete(
      '/emergency-accesses/:id',
      { config: { roles: ['radiologist'] }, schema: { params: Id } },
      async (request, reply) => {
        await emergencies.end(request.params.id, request.person)
        return reply.code(204).send()
      },
    )
    app.get(
      '/emergency-accesses',
      {
        config: { roles: ['radiologist', 'auditor'] },
        schema: {
          querystring: Type.Object(
            {
              after: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
              limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
            },
            closed,
          ),
        },
      },
      async (request) => {
        const { person, query } = request
        const mine = person.role === 'auditor' ? {} : { userId: person.id }
        const uses = await book.list({ ...query, ...mine })
        const next = uses.length === query.limit ? { next: uses.at(-1)?.id } : {}
        return { accesses: uses.map((use) => describe(use, clock.now())), ...next }
      },
    )
    app.post(
      '/emergency-accesses/:id/review',
      {
        config: { roles: ['auditor'] },
        schema: {
          params: Id,
          body: Type.Object(
            { verdict: Type.Enum([...verdicts]), note: Type.String({ maxLength: 1000, default: '' }) },
            closed,
          ),
        },
      },
      async (request) =>
        describe(await emergencies.review(request.params.id, request.body, request.person), clock.now()),
    )
  }
}

function describe(use: EmergencyUse, now: number) {
  const { id, direction, openedAt, until, endedAt, endReason, cause, reason, user, organisation } = use
  const { patient, searches, retrievals, shielded, consent, refusedFor, review } = use
  const at = (ms: number) => new Date(ms).toISOString()
  return {
    ...{ id, direction, state: stateOf(use, now), openedAt: at(openedAt), until: at(until) },
    ...(endedAt === undefined ? {} : { endedAt: at(endedAt) }),
    ...(endReason === undefined ? {} : { endReason }),
    ...(cause === undefined ? {} : { cause }),
    ...{ reason, user, organisation, searches, retrievals },
    patient: { bsn: maskBsn(patient.bsn), ...(patient.name === undefined ? {} : { name: patient.name }) },
    ...(shielded === true ? { shielded } : {}),
    ...(consent === undefined ? {} : { consent }),
    ...(refusedFor === undefined ? {} : { outcomeReason: refusedFor }),
    ...(review === undefined ? {} : { review: { ...review, at: at(review.at) } }),
  }
}
