import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import { isComplete } from './patient-search.ts'
import type { EmergencySearch, PatientSearch } from './patient-search.ts'
import type { PatientSearches } from './patient-searches.ts'

const closed = { additionalProperties: false }

/** Searching by patient (spec 10 §2). */
export function searchRoutes(deps: { searches: PatientSearches }): FastifyPluginAsyncTypebox {
  const radiologist = { roles: ['radiologist' as const] }
  return async (app) => {
    app.post(
      '/patient-searches',
      {
        config: radiologist,
        schema: {
          body: Type.Object(
            {
              bsn: Type.String({ maxLength: 20 }),
              birthDate: Type.Optional(Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' })),
              purpose: Type.Object(
                {
                  basis: Type.Enum(['treatment', 'referral', 'emergency']),
                  reason: Type.String({ minLength: 1, maxLength: 500 }),
                },
                closed,
              ),
            },
            closed,
          ),
        },
      },
      async (request, reply) => {
        const id = await deps.searches.begin(request.body, request.person)
        return reply.code(201).header('location', `/api/v1/patient-searches/${id}`).send({ id })
      },
    )
    app.get(
      '/patient-searches/:id',
      { config: radiologist, schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }) } },
      (request) => {
        const search = deps.searches.find(request.params.id, request.person)
        if (search === undefined) throw new TwiinError('NOT_FOUND')
        return describe(search, deps.searches.isAllowed(search))
      },
    )
  }
}

function describe(search: PatientSearch, open: boolean) {
  // What an emergency showed is not shown any more once it is over: who answered, and no more.
  const studies = open
    ? [...search.studies].sort((a, b) => (b.studyDate ?? '').localeCompare(a.studyDate ?? ''))
    : []
  return {
    id: search.id,
    complete: isComplete(search),
    ...(search.patient === undefined || !open ? {} : { patient: search.patient }),
    holders: search.holders.map(({ ura, name, status, reason }) => ({
      ura,
      name,
      status,
      ...(reason === undefined ? {} : { reason }),
      studies: studies.filter(({ holder }) => holder === ura).length,
    })),
    studies,
    index: search.index,
    relation: search.relation,
    ...(search.emergency === undefined ? {} : { emergency: describeEmergency(search.emergency, open) }),
  }
}

const describeEmergency = ({ id, until, asked, unreachable }: EmergencySearch, open: boolean) => ({
  ...{ id, open, asked, unreachable },
  until: new Date(until).toISOString(),
})
