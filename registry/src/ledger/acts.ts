import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Addresses, Category, Level, Mailboxes, Phone } from '@twiin/protocol'

/**
 * Everything the registry ever did. One line of the ledger each; what is not here did not happen (spec 06 §5).
 * The ledger is the public log (spec 11 §2): nothing personal stands in an act, and no free text.
 */

const closed = { additionalProperties: false }
const Ura = Type.String({ pattern: '^\\d{8}$' })
const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength })
const PeerId = Type.String({ pattern: '^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$' })
const Serial = Type.String({ pattern: '^[0-9a-f]{2,40}$' })
/** Milliseconds since the Unix epoch. */
const Instant = Type.Integer({ minimum: 0 })
const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Id = Text(36)
/** A reason as a code, so that the public log holds no sentence about anybody. */
export const Reason = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_-]{2,47}$' })

/** Pseudonym of somebody who works for the registry; the name stands in the accounts file only. */
export const Person = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{1,31}$' })
export type Person = Static<typeof Person>
/** Who wanted it: two people, or one in an emergency, which another one reviews afterwards. */
const OneOrTwo = Type.Array(Person, { minItems: 1, maxItems: 2, uniqueItems: true })
const Two = Type.Array(Person, { minItems: 2, maxItems: 2, uniqueItems: true })

/** What a clinic says about itself, in public. The bounds are those of the certificate and the bundle in which it ends up. */
export const Application = Type.Object(
  {
    /** One line of text; the certificate's organisation name (spec 01 §3). */
    organisation: Type.String({ pattern: '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{1,64}$' }),
    ura: Ura,
    agb: Type.Optional(Type.String({ pattern: '^\\d{8}$' })),
    /** Number in the trade register. */
    kvk: Type.Optional(Type.String({ pattern: '^\\d{8}$' })),
    category: Category,
    level: Type.Optional(Level),
    declaredPatients: Type.Integer({ minimum: 0, maximum: 20_000_000 }),
    mailboxes: Mailboxes,
    phone: Type.Optional(Phone),
    /** Of the key that made the clinic's certificate request; only that key can then be enrolled. */
    peerId: Type.Optional(PeerId),
  },
  closed,
)
export type Application = Static<typeof Application>

/** Always the first line. */
const Founded = Type.Object(
  {
    act: Type.Literal('founded'),
    trustDomain: Text(128),
    /** Raw Ed25519 public key of the log, hexadecimal. */
    logKey: Digest,
    /** Until then at most, certificates count without cosignatures (spec 11 §6). */
    foundingEndsAt: Instant,
  },
  closed,
)
const FoundingEnded = Type.Object(
  { act: Type.Literal('founding-ended'), quorum: Type.Integer({ minimum: 1, maximum: 16 }) },
  closed,
)
const Witnesses = Type.Object(
  { act: Type.Literal('witnesses'), peers: Type.Array(PeerId, { maxItems: 16 }) },
  closed,
)
/** An account came or went. `by` is the person, or `console`: whoever has the machine. */
const PersonAdmitted = Type.Object(
  {
    act: Type.Literal('person-admitted'),
    id: Person,
    role: Type.Union([Type.Literal('administrator'), Type.Literal('auditor')]),
    by: Person,
  },
  closed,
)
const PersonDismissed = Type.Object({ act: Type.Literal('person-dismissed'), id: Person, by: Person }, closed)

/**
 * One person approves exactly these facts; `digest` is that of the whole application, contacts included. Two approvals of
 * one digest admit; the second then also holds the SHA-256 of the enrolment token, which itself is nowhere.
 */
const Approved = Type.Object(
  {
    act: Type.Literal('approved'),
    id: Id,
    by: Person,
    digest: Digest,
    application: Application,
    enrolment: Type.Optional(Type.Object({ digest: Digest, expiresAt: Instant }, closed)),
  },
  closed,
)
const Rejected = Type.Object({ act: Type.Literal('rejected'), id: Id, by: Person, reason: Reason }, closed)

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
    serial: Serial,
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

/** Null: the network's own number again. */
export const TokensPerDay = Type.Union([Type.Integer({ minimum: 0, maximum: 100_000_000 }), Type.Null()])

/** What takes two: the first asks, the second makes it happen. One open request for each subject. */
export const Request = Type.Union([
  Type.Object({ kind: Type.Literal('revocation'), peerId: PeerId, serial: Serial, reason: Reason }, closed),
  Type.Object({ kind: Type.Literal('suspension'), peerId: PeerId, serial: Serial, reason: Reason }, closed),
  Type.Object({ kind: Type.Literal('resumption'), peerId: PeerId, serial: Serial, reason: Reason }, closed),
  Type.Object(
    {
      kind: Type.Literal('quota'),
      ura: Ura,
      tokensPerDay: TokensPerDay,
      reason: Reason,
    },
    closed,
  ),
])
export type Request = Static<typeof Request>
const Requested = Type.Object(
  { act: Type.Literal('requested'), id: Id, by: Person, request: Request },
  closed,
)
const RequestWithdrawn = Type.Object({ act: Type.Literal('request-withdrawn'), id: Id, by: Person }, closed)

const ending = { peerId: PeerId, serials: Type.Array(Text(40), { minItems: 1 }), reason: Reason }
/** Ends a key for ever: every certificate of it, and its right to renew. */
const Revoked = Type.Object({ act: Type.Literal('revoked'), ...ending, by: OneOrTwo }, closed)
/** The same, until it is resumed. */
const Suspended = Type.Object({ act: Type.Literal('suspended'), ...ending, by: OneOrTwo }, closed)
const Resumed = Type.Object({ act: Type.Literal('resumed'), peerId: PeerId, by: Two, reason: Reason }, closed)
/** What another person says of an act that one did alone. */
const Reviewed = Type.Object(
  { act: Type.Literal('reviewed'), peerId: PeerId, by: Person, upheld: Type.Boolean() },
  closed,
)
const QuotaSet = Type.Object(
  {
    act: Type.Literal('quota-set'),
    ura: Ura,
    tokensPerDay: TokensPerDay,
    by: Two,
    reason: Reason,
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

export const SelfTestStep = Type.Object(
  {
    name: Type.Union([
      Type.Literal('reach'),
      Type.Literal('echo'),
      Type.Literal('publish'),
      Type.Literal('find'),
      Type.Literal('send'),
      Type.Literal('receive'),
    ]),
    result: Type.Union([Type.Literal('passed'), Type.Literal('warned'), Type.Literal('failed')]),
    ms: Type.Integer({ minimum: 0 }),
    reason: Type.Optional(Reason),
  },
  closed,
)
export type SelfTestStep = Static<typeof SelfTestStep>
/** A conformance self-test that came to its end, whichever: spec 12. */
const SelfTested = Type.Object(
  {
    act: Type.Literal('self-tested'),
    run: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    peerId: PeerId,
    reference: PeerId,
    version: Text(32),
    passed: Type.Boolean(),
    steps: Type.Array(SelfTestStep, { maxItems: 8 }),
    /** Who ordered it; `console` for the one that follows an enrolment. */
    by: Person,
  },
  closed,
)
/** A bundle version; `digest` is that of its contents without version and date, which are this line's. */
const Published = Type.Object(
  { act: Type.Literal('published'), version: Type.Integer({ minimum: 1 }), digest: Digest },
  closed,
)

export const Act = Type.Union([
  Founded,
  FoundingEnded,
  Witnesses,
  PersonAdmitted,
  PersonDismissed,
  Approved,
  Rejected,
  Certifying,
  Issued,
  Requested,
  RequestWithdrawn,
  Revoked,
  Suspended,
  Resumed,
  Reviewed,
  QuotaSet,
  Announced,
  SelfTested,
  Published,
])
export type Act = Static<typeof Act>
export type ActOf<Name extends Act['act']> = Extract<Act, { act: Name }>
/** An act with its time, as it stands in the ledger. */
export type Recorded<A extends Act = Act> = A & { readonly at: number }
