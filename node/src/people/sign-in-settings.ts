import { Type } from 'typebox'
import type { Static } from 'typebox'

const closed = { additionalProperties: false }
const Text = (description: string) => Type.String({ minLength: 1, maxLength: 255, description })

const Oidc = Type.Object(
  {
    issuer: Type.String({
      pattern: '^(https://|http://(127\\.0\\.0\\.1|localhost)(:|/|$))',
      description: 'address of the provider; without TLS on this machine only',
    }),
    clientId: Text('as what the node is known there'),
    clientSecretFile: Text('file with the secret of the client'),
    scope: Type.String({ default: 'openid profile', maxLength: 255, description: 'what is asked for' }),
    roleClaim: Text('claim of the ID token that says what somebody may do'),
    roles: Type.Record(Type.String(), Type.Enum(['radiologist', 'operator', 'auditor']), {
      description: 'value of that claim → role; the first that fits counts, nobody without one is let in',
    }),
  },
  { ...closed, description: 'log-in at the hospital’s own provider (OpenID Connect, spec 23)' },
)
export type OidcSettings = Static<typeof Oidc>

/** How people log in. spec 23 */
export const SignInSettings = Type.Object(
  {
    secondFactor: Type.Enum(['required', 'optional'], {
      default: 'required',
      description: 'whether everybody needs a code or passkey; who has one needs it always',
    }),
    idleMinutes: Type.Number({
      minimum: 0.01,
      maximum: 240,
      default: 15,
      description: 'without anything done, after which a session is locked',
    }),
    longestHours: Type.Number({
      minimum: 0.01,
      maximum: 24,
      default: 12,
      description: 'after which a session ends, whatever was done',
    }),
    oidc: Type.Optional(Oidc),
  },
  { ...closed, default: {} },
)
export type SignInSettings = Static<typeof SignInSettings>
