import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Addresses, Mailboxes } from '@twiin/protocol'

/** Everything the registry ever did. One line of the ledger each; what is not here did not happen. Spec 06 §5. */

const closed = { additionalProperties: false }
const Ura = Type.String({ pattern: '^\\d{8}$' })
const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength })
const PeerId = Type.String({ pattern: '^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$' })
/** Milliseconds since the Unix epoch. */
const Instant = Type.Integer({ minimum: 0 })
const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' })

export const Person = Type.Union([Type.Literal('administrator'), Type.Literal('approver')])
export type Person = Static<typeof Person>

/** What a clinic says about itself. The bounds are those of the certificate and the bundle in which it ends up. */
export const Application = Type.Object(
  {
    /** One line of text; the certificate's organisation name (spec 01 §3). */
    organisation: Type.String({ pattern: '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{1,64}$' }),
    ura: Ura,
    agb: Type.Optional(Type.String({ pattern: '^\\d{8}$' })),
    category: Type.Union([Type.Literal('umc'), Type.Literal('hospital'), Type.Literal('clinic')]),
    declaredPatients: Type.Integer({ minimum: 0, maximum: 20_000_000 }),
    mailboxes: Mailboxes,
  },
  closed,
)
export type Application = Static<typeof Application>

const Applied = Type.Object(
  { act: Type.Literal('applied'), id: Text(36), by: Person, application: Application },
  closed,
)
/** The second approval also holds the SHA-256 of the enrolment token; the token itself is nowhere. */
const Approved = Type.Object(
  {
    act: Type.Literal('approved'),
    id: Text(36),
    by: Person,
    enrolment: Type.Optional(Type.Object({ digest: Digest, expiresAt: Instant }, closed)),
  },
  closed,
)
const Role = Type.Union([Type.Literal('member'), Type.Literal('keeper')])
/** The intent to certify a key, on record before the signature. With `token` it is an enrolment, else a renewal. */
const Certifying = Type.Object(
  {
    act: Type.Literal('certifying'),
    peerId: PeerId,
    ura: Ura,
    role: Role,
    token: Type.Optional(Digest),
    notBefore: Instant,
    notAfter: Instant,
  },
  closed,
)
/** A certificate that exists; it leaves the registry only after this line. */
const Issued = Type.Object(
  {
    act: Type.Literal('issued'),
    serial: Type.String({ pattern: '^[0-9a-f]{2,40}$' }),
    peerId: PeerId,
    ura: Ura,
    name: Text(128),
    role: Role,
    notBefore: Instant,
    notAfter: Instant,
    /** DER, base64. */
    certificate: Text(16_384),
  },
  closed,
)
const RevocationRequested = Type.Object(
  { act: Type.Literal('revocation-requested'), serial: Text(40), by: Person, reason: Text(64) },
  closed,
)
/** Ends a key: every certificate of it, and its right to renew. */
const Revoked = Type.Object(
  {
    act: Type.Literal('revoked'),
    peerId: PeerId,
    serials: Type.Array(Text(40), { minItems: 1 }),
    by: Type.Array(Person, { minItems: 2, maxItems: 2 }),
    reason: Text(64),
  },
  closed,
)
const Announced = Type.Object(
  {
    act: Type.Literal('announced'),
    peerId: PeerId,
    issuedAt: Instant,
    addresses: Addresses,
    mailboxes: Mailboxes,
  },
  closed,
)
/** A bundle version; `digest` is that of its contents without version and date. */
const Published = Type.Object(
  { act: Type.Literal('published'), version: Type.Integer({ minimum: 1 }), digest: Digest },
  closed,
)

export const Act = Type.Union([
  Applied,
  Approved,
  Certifying,
  Issued,
  RevocationRequested,
  Revoked,
  Announced,
  Published,
])
export type Act = Static<typeof Act>
export type ActOf<Name extends Act['act']> = Extract<Act, { act: Name }>
/** An act with its time, as it stands in the ledger. */
export type Recorded<A extends Act = Act> = A & { readonly at: number }
