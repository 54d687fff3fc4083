import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Bytes, Code, Count, DateText, Instant, PeerId, Text, Uid, User } from './fields.ts'
import { limits } from './limits.ts'
import { signedType } from './signed.ts'

/** docs/spec/05-transfer.md §5. A directed send: an offer, collected by the recipient, ended by a signed receipt. */

const Offer = Type.Object(
  {
    kind: Type.Literal('offer'),
    package: Bytes(16),
    issuedAt: Instant,
    sender: PeerId,
    recipient: PeerId,
    mailbox: Type.Optional(Text(64)),
    reason: Text(500),
    note: Type.Optional(Text(2000)),
    urgency: Type.Union([Type.Literal('routine'), Type.Literal('urgent')]),
    user: User,
    studies: Type.Array(
      Type.Object(
        {
          studyInstanceUid: Uid,
          studyDate: Type.Optional(DateText),
          modalities: Type.Array(Text(16), { maxItems: 16 }),
          description: Text(256),
          instances: Count,
          bytes: Count,
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 100 },
    ),
  },
  { additionalProperties: false },
)
export type Offer = Static<typeof Offer>
export const offer = signedType(
  'twiin/offer/v1',
  messageType('offer', Offer, limits.sendRequestBytes - 1024),
  limits.sendRequestBytes - 1024,
)

const Receipt = Type.Object(
  {
    kind: Type.Literal('receipt'),
    package: Bytes(16),
    sender: PeerId,
    recipient: PeerId,
    issuedAt: Instant,
    /** `delivered`: the recipient's PACS answered Success for every instance. */
    state: Type.Union([Type.Literal('delivered'), Type.Literal('held'), Type.Literal('rejected')]),
    reason: Type.Optional(Code),
    /** SHA-256 of each signed manifest the recipient collected by. */
    manifests: Type.Array(Bytes(32), { maxItems: 100 }),
    instances: Count,
  },
  { additionalProperties: false },
)
export type Receipt = Static<typeof Receipt>
export const receipt = signedType('twiin/receipt/v1', messageType('receipt', Receipt, 16384), 16384)

const Request = Type.Union([
  Type.Object(
    { kind: Type.Literal('offer'), signed: Bytes(1, limits.sendRequestBytes) },
    { additionalProperties: false },
  ),
  Type.Object({ kind: Type.Literal('receipt'), signed: Bytes(1, 17000) }, { additionalProperties: false }),
])
export type SendRequest = Static<typeof Request>
export const sendRequest = messageType('send-request', Request, limits.sendRequestBytes)

const Answer = Type.Union([
  /** Durable at the other side. */
  Type.Object({ kind: Type.Literal('noted') }, { additionalProperties: false }),
  Type.Object({ kind: Type.Literal('refused'), reason: Code }, { additionalProperties: false }),
])
export type SendAnswer = Static<typeof Answer>
export const sendAnswer = messageType('send-answer', Answer, limits.sendAnswerBytes)
