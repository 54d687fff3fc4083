import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { describeCertificate, pemOf } from '@twiin/identity'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import { Person } from '../ledger/acts.ts'
import type { KnownCertificate, KnownKey, Register } from '../ledger/register.ts'
import { statusOf, statuses } from './certificate-status.ts'

const day = 86_400_000
const Listed = Type.Object({
  serial: Type.String(),
  ura: Type.String(),
  name: Type.String(),
  peerId: Type.String(),
  notBefore: Type.String(),
  notAfter: Type.String(),
  status: Type.Enum([...statuses]),
  /** Whole days; below zero when it has expired. */
  daysLeft: Type.Integer(),
  issuedAt: Type.String(),
  /** Line in the log. */
  index: Type.Integer(),
  /** Why its key was ended. */
  reason: Type.Optional(Type.String()),
  /** Who admitted the clinic with this key. */
  approvedBy: Type.Array(Person),
})
const Whole = Type.Object({
  ...Listed.properties,
  pem: Type.String(),
  text: Type.Object({
    subject: Type.Array(Type.String()),
    sans: Type.Array(Type.String()),
    key: Type.Object({ algorithm: Type.String(), peerId: Type.String(), fingerprint: Type.String() }),
    extensions: Type.Array(
      Type.Object({ name: Type.String(), critical: Type.Boolean(), value: Type.String() }),
    ),
  }),
})
const Query = Type.Object(
  { role: Type.Optional(Type.Enum(['member', 'keeper'])) },
  { additionalProperties: false },
)

/** spec 06 §4. By default the certificates of clinics; those of the keeper, the registry itself, with `?role=keeper`. */
export function certificateRoutes(deps: { register: Register; clock: Clock }): FastifyPluginAsyncTypebox {
  const { register, clock } = deps
  const config = { staffOnly: true } as const
  return async (app) => {
    app.get(
      '/certificates',
      { config, schema: { querystring: Query, response: { 200: Type.Array(Listed) } } },
      (request) => {
        const { role = 'member' } = request.query
        return [...register.certificates.values()]
          .filter((certificate) => certificate.role === role)
          .map((certificate) => show(register, certificate, clock.now()))
      },
    )
    app.get(
      '/certificates/:serial',
      {
        config,
        schema: {
          params: Type.Object({ serial: Type.String({ pattern: '^[0-9a-f]{2,40}$' }) }),
          response: { 200: Whole },
        },
      },
      (request) => {
        const certificate = register.certificates.get(request.params.serial)
        if (certificate === undefined) throw new TwiinError('NOT_FOUND')
        const der = Buffer.from(certificate.certificate, 'base64')
        const { subject, sans, key, extensions } = describeCertificate(der)
        const text = { subject: [...subject], sans: [...sans], key, extensions: [...extensions] }
        return { ...show(register, certificate, clock.now()), pem: pemOf('CERTIFICATE', der), text }
      },
    )
  }
}

function show(register: Register, certificate: KnownCertificate, now: number) {
  const { serial, ura, name, peerId, notBefore, notAfter, issuedAt, index } = certificate
  const key = register.keys.get(peerId)
  const reason = certificate.revoked?.reason ?? key?.ended?.reason
  return {
    ...{ serial, ura, name, peerId, index },
    notBefore: new Date(notBefore).toISOString(),
    notAfter: new Date(notAfter).toISOString(),
    status: statusOf(register, certificate, now),
    daysLeft: Math.floor((notAfter - now) / day),
    issuedAt: new Date(issuedAt).toISOString(),
    ...(reason !== undefined && { reason }),
    approvedBy: approversOf(register, key),
  }
}

function approversOf(register: Register, key: KnownKey | undefined): Person[] {
  const known = register.applications.get(key?.applicationId ?? '')
  const approvals = known?.approvals.filter(({ digest }) => digest === known.digest) ?? []
  // The last two made it: a first word before them had lapsed.
  return approvals.slice(-2).map(({ by }) => by)
}
