import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Bytes, Code, Instant, PeerId } from './fields.ts'
import { limits } from './limits.ts'
import { signedType } from './signed.ts'

/** docs/spec/07-audit.md §8. Heads of audit logs, handed to other members, who sign that they saw them. */

const closed = { additionalProperties: false }
/** Which entry, and its hash: SHA-256. */
const place = { seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), hash: Bytes(32) }

const AuditHeadMessage = Type.Object(
  {
    kind: Type.Literal('head'),
    keeper: PeerId,
    witness: PeerId,
    ...place,
    at: Instant,
    /** What the witness holds of this log already, with the hash as it stands in the log. */
    continues: Type.Optional(Type.Object(place, closed)),
  },
  closed,
)
export type AuditHeadMessage = Static<typeof AuditHeadMessage>
export const auditHead = signedType(
  'twiin/anchor/v1',
  messageType('audit-head', AuditHeadMessage, limits.anchorBytes),
  limits.anchorBytes,
)

const SeenHead = Type.Object(
  { kind: Type.Literal('seen'), keeper: PeerId, witness: PeerId, ...place, at: Instant },
  closed,
)
export type SeenHead = Static<typeof SeenHead>
export const seenHead = signedType(
  'twiin/anchor/v1',
  messageType('seen-head', SeenHead, limits.anchorBytes),
  limits.anchorBytes,
)

/** UTC; of heads kept before hours were told apart, the day. */
const Hour = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2})?$' })

const Request = Type.Union([
  Type.Object({ kind: Type.Literal('held') }, closed),
  Type.Object({ kind: Type.Literal('anchor'), signed: Bytes(1, 2048) }, closed),
  /** The first of each hour, newest first; what comes before this hour, to read on. */
  Type.Object({ kind: Type.Literal('kept'), before: Type.Optional(Hour) }, closed),
])
export const anchorRequest = messageType('anchor-request', Request, limits.anchorMessageBytes)

const Answer = Type.Union([
  /** The newest head of the asker that was signed, as both signed it; neither when there is none. */
  Type.Object(
    { kind: Type.Literal('held'), head: Type.Optional(Bytes(1, 2048)), seen: Type.Optional(Bytes(1, 2048)) },
    closed,
  ),
  Type.Object({ kind: Type.Literal('seen'), signed: Bytes(1, 2048) }, closed),
  Type.Object(
    {
      kind: Type.Literal('kept'),
      heads: Type.Array(Type.Object({ hour: Hour, head: Bytes(1, 2048), seen: Bytes(1, 2048) }, closed), {
        maxItems: limits.headsPerAnswer,
      }),
      more: Type.Boolean(),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('refused'), reason: Code }, closed),
])
export type AnchorAnswer = Static<typeof Answer>
export const anchorAnswer = messageType('anchor-answer', Answer, limits.anchorAnswerBytes)
