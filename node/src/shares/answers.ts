import { Type } from 'typebox'

/** What the API answers about shares, as OpenAPI shows it (spec 25 §6). What is no instant is as the record has it. */

const Instant = Type.String({ format: 'date-time', description: 'ISO 8601, UTC' })
const Recipient = Type.Object({
  kind: Type.Enum(['patient', 'professional']),
  name: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
})
const Study = Type.Object({
  studyInstanceUid: Type.String(),
  date: Type.String({ description: 'YYYY-MM-DD; empty where nobody knows it' }),
  words: Type.Object({ nl: Type.String(), en: Type.String() }, { description: 'what the recipient reads' }),
  hospital: Type.String({ description: 'name of where it was made' }),
  reports: Type.Integer(),
  instances: Type.Integer(),
  bytes: Type.Integer(),
})
const Times = Type.Object({ count: Type.Integer(), last: Type.Optional(Instant) })
const Id = Type.String({ pattern: '^[0-9a-f]{32}$' })
const ShareState = Type.Enum(['preparing', 'open', 'locked', 'blocked', 'revoked', 'expired', 'failed'])

const share = {
  id: Id,
  createdAt: Instant,
  createdBy: Type.Object({ id: Type.String(), name: Type.String() }),
  recipient: Recipient,
  factor: Type.Enum(['sms', 'letter', 'oidc']),
  state: ShareState,
  reason: Type.Optional(Type.String({ description: 'code: why it failed' })),
  opensAt: Instant,
  expiresAt: Instant,
  studies: Type.Array(Study),
  bytes: Type.Integer({ description: 'of the package; 0 until it is whole' }),
  progress: Type.Object({ done: Type.Integer(), total: Type.Integer() }, { description: 'bytes' }),
  opened: Times,
  viewed: Times,
  downloaded: Times,
  triesLeft: Type.Integer(),
  mail: Type.Enum(['none', 'waiting', 'sent', 'failed']),
}

export const ShareListAnswer = Type.Object({
  shares: Type.Array(Type.Object(share)),
  next: Type.Optional(Id),
})

export const ShareAnswer = Type.Object({
  ...share,
  history: Type.Optional(
    Type.Array(
      Type.Object({
        at: Instant,
        what: Type.Enum([
          ...(['created', 'mailed', 'opened', 'viewed', 'downloaded', 'new-code', 'code-not-sent'] as const),
          ...(['locked', 'expired', 'revoked', 'blocked', 'failed'] as const),
        ]),
        by: Type.Optional(Type.String({ description: 'id of who of the staff did it' })),
        phoneEnd: Type.Optional(Type.String({ description: 'last two digits of the number from then on' })),
      }),
      { description: 'oldest first' },
    ),
  ),
})

/** Link and code: this once, and never again. */
export const GivenAnswer = Type.Object({
  id: Id,
  url: Type.String({ description: 'with the key in its fragment; given this once' }),
  state: ShareState,
  opensAt: Instant,
  expiresAt: Instant,
  code: Type.Optional(Type.String({ description: 'of a letter; given this once' })),
  mailed: Type.Boolean({ description: 'a mail will be sent when the package is whole' }),
})

export const NewCodeAnswer = Type.Object({
  code: Type.Optional(Type.String({ description: 'of a letter; given this once' })),
})

export const PreviewAnswer = Type.Object({
  mail: Type.Union([
    Type.Object({ subject: Type.String(), text: Type.String(), html: Type.String() }),
    Type.Null(),
  ]),
  opensAt: Instant,
  expiresAt: Instant,
  studies: Type.Array(Study),
})

export const OffersAnswer = Type.Object({
  mail: Type.Boolean(),
  factors: Type.Object({
    sms: Type.Boolean(),
    letter: Type.Boolean(),
    oidc: Type.Union([Type.Object({ label: Type.String(), simulator: Type.Boolean() }), Type.Null()]),
  }),
  validDays: Type.Integer(),
  reportDelayDays: Type.Integer(),
  helpPhone: Type.String(),
})
