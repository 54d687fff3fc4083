import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { KnownCertificate, Register } from '../ledger/register.ts'

const Status = Type.Union([Type.Literal('valid'), Type.Literal('expired'), Type.Literal('revoked')])
const Certificate = Type.Object({
  serial: Type.String(),
  ura: Type.String(),
  name: Type.String(),
  peerId: Type.String(),
  notBefore: Type.String(),
  notAfter: Type.String(),
  status: Status,
})
const Query = Type.Object(
  { role: Type.Optional(Type.Union([Type.Literal('member'), Type.Literal('keeper')])) },
  { additionalProperties: false },
)

/** spec 06 §4. By default the certificates of clinics; those of the keeper, the registry itself, with `?role=keeper`. */
export function certificateRoutes(deps: { register: Register; clock: Clock }): FastifyPluginAsyncTypebox {
  const { register, clock } = deps
  return async (app) => {
    app.get(
      '/certificates',
      {
        config: { staffOnly: true },
        schema: { querystring: Query, response: { 200: Type.Array(Certificate) } },
      },
      (request) => {
        const { role = 'member' } = request.query
        return [...register.certificates.values()]
          .filter((certificate) => certificate.role === role)
          .map((certificate) => show(certificate, clock.now()))
      },
    )
    app.get('/statistics', () => statistics(register, clock.now()))
  }
}

export interface Statistics {
  readonly members: number
  readonly openApplications: number
  readonly certificates: Readonly<Record<Static<typeof Status>, number>>
  readonly bundleVersion: number
}

export function statistics(register: Register, now: number): Statistics {
  const states = [...register.certificates.values()]
    .filter(({ role }) => role === 'member')
    .map((certificate) => statusOf(certificate, now))
  const count = (status: string) => states.filter((state) => state === status).length
  return {
    members: [...register.keys.values()].filter(
      (key) => key.role === 'member' && register.isActive(key.peerId, now),
    ).length,
    openApplications: [...register.applications.values()].filter(({ state }) => state === 'open').length,
    certificates: { valid: count('valid'), expired: count('expired'), revoked: count('revoked') },
    bundleVersion: register.published?.version ?? 0,
  }
}

function show(certificate: KnownCertificate, now: number) {
  const { serial, ura, name, peerId, notBefore, notAfter } = certificate
  return {
    serial,
    ura,
    name,
    peerId,
    notBefore: new Date(notBefore).toISOString(),
    notAfter: new Date(notAfter).toISOString(),
    status: statusOf(certificate, now),
  }
}

function statusOf({ revoked, notAfter }: KnownCertificate, now: number): 'valid' | 'expired' | 'revoked' {
  if (revoked !== undefined) return 'revoked'
  return notAfter > now ? 'valid' : 'expired'
}
