import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { parseBsn } from '@twiin/patient-token'
import { TwiinError } from '@twiin/runtime'
import { requireOwnPage } from '@twiin/web'
import { Type } from 'typebox'
import { launcher } from './people-file.ts'
import type { Launches } from './launches.ts'

const closed = { additionalProperties: false }
const cookie = '__Host-twiin_launch'
const cookieOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' as const }
const limited = { rateLimit: { max: 60, timeWindow: 60_000 } }

const NewLaunch = Type.Object(
  {
    patient: Type.Union([
      Type.Object({ bsn: Type.String({ maxLength: 20 }) }, closed),
      Type.Object({ localId: Type.String({ minLength: 1, maxLength: 64 }) }, closed),
    ]),
    studyInstanceUid: Type.Optional(Type.String({ pattern: '^[0-9.]{1,64}$' })),
    user: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  closed,
)

/** From PACS or EPD into the search page (spec 23 §6). */
export function launchRoutes(
  options: { publicUrl: string },
  deps: {
    launches: Launches
    /** BSN of who has this number at this hospital. */
    bsnOf: (localId: string) => Promise<string | undefined>
  },
): FastifyPluginAsyncTypebox {
  const { launches } = deps
  return async (app) => {
    app.post(
      '/launches',
      { config: { roles: [launcher] }, schema: { body: NewLaunch } },
      async ({ body, system }, reply) => {
        const { patient, ...rest } = body
        const stated = 'bsn' in patient ? patient.bsn : await deps.bsnOf(patient.localId)
        if (stated === undefined) throw new TwiinError('PATIENT_UNKNOWN')
        const { handle, expiresAt } = await launches.make({ ...rest, bsn: parseBsn(stated) }, system)
        const url = `${options.publicUrl.replace(/\/$/, '')}/starten#${handle}`
        return reply.code(201).send({ url, expiresAt: new Date(expiresAt).toISOString() })
      },
    )
    app.post(
      '/launches/openings',
      {
        config: { open: true, ...limited },
        schema: { body: Type.Object({ handle: Type.String({ maxLength: 64 }) }, closed) },
      },
      (request, reply) => {
        requireOwnPage(request)
        const secret = launches.open(request.body.handle)
        return reply.setCookie(cookie, secret, cookieOptions).code(204).send()
      },
    )
    app.post('/launches/claims', { config: { roles: ['radiologist'] } }, async (request, reply) => {
      const secret = request.cookies[cookie]
      if (secret === undefined) throw new TwiinError('LAUNCH_GONE')
      void reply.clearCookie(cookie, cookieOptions)
      const { bsn, studyInstanceUid } = await launches.claim(secret, request.person)
      return { bsn, ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }) }
    })
  }
}
