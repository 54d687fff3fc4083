import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import { patientOnRecord } from '../account/account.ts'
import type { Account, Line } from '../account/account.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { Person } from '../people/people-file.ts'
import { viewers } from './request-context.ts'
import type { ViewerTickets } from './viewer-tickets.ts'

interface Deps {
  tickets: ViewerTickets
  holdings: Pick<Holdings, 'copiesOf'>
  house: Pick<HouseStudies, 'isOpen'>
  searches: Pick<PatientSearches, 'of'>
  account: Account
}

/** For a viewer outside the page (spec 24 §7). */
export function ticketRoutes(
  options: { ohifUrl: string | undefined },
  deps: Deps,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/viewer-tickets',
      {
        config: viewers,
        schema: {
          body: Type.Object(
            { studyInstanceUid: Type.String({ pattern: '^[0-9.]{1,64}$' }) },
            { additionalProperties: false },
          ),
          response: {
            201: Type.Object({
              ticket: Type.String(),
              expiresAt: Type.String(),
              /** Of the hospital's own OHIF, when there is one. */
              ohifUrl: Type.Optional(Type.String()),
            }),
          },
        },
      },
      async (request, reply) => {
        const { person, sessionSecret } = request
        const { studyInstanceUid } = request.body
        const about = await patientOf(studyInstanceUid, person, deps)
        if (about === undefined) throw new TwiinError('NOT_FOUND')
        await deps.account.record({
          ...{ event: 'study-viewed', outcome: 'success', user: person, protocol: 'spec 24 §7: ticket' },
          ...about,
          objects: { studyInstanceUids: [studyInstanceUid] },
        })
        const { ticket, until } = deps.tickets.issue({ person, sessionSecret }, studyInstanceUid)
        const { ohifUrl } = options
        return reply.code(201).send({
          ...{ ticket, expiresAt: new Date(until).toISOString() },
          ...(ohifUrl === undefined ? {} : { ohifUrl }),
        })
      },
    )
  }
}

/** Whom a study is about that this person may look at, by the rules of spec 14 §2; undefined when there is none. */
async function patientOf(
  studyInstanceUid: string,
  person: Person,
  { holdings, house, searches }: Deps,
): Promise<Pick<Line, 'patient' | 'purpose'> | undefined> {
  const copies = await holdings.copiesOf(studyInstanceUid)
  const own = copies.find(({ origin }) => origin.kind === 'local')
  if (own !== undefined) return { patient: patientOnRecord(own) }
  for (const { studies, bsn, purpose } of searches.of(person))
    if (studies.some((row) => row.studyInstanceUid === studyInstanceUid))
      return { patient: { citizenNumber: bsn }, purpose }
  for (const copy of copies) if (await house.isOpen(copy)) return { patient: patientOnRecord(copy) }
  return undefined
}
