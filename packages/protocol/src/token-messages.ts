import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Bytes, Code, Epoch, Text } from './fields.ts'
import { limits } from './limits.ts'

/** docs/spec/02-patient-token.md. RFC 9497 VOPRF elements; the keeper never sees a BSN. */

const Request = Type.Object(
  {
    kind: Type.Literal('evaluate'),
    epoch: Epoch,
    purpose: Type.Union([Type.Literal('publish'), Type.Literal('lookup')]),
    /** Pseudonym of the user at the asking node, for the quota per user. */
    user: Type.Optional(Text(64)),
    blinded: Type.Array(Bytes(32), { minItems: 1, maxItems: 1024 }),
  },
  { additionalProperties: false },
)
export type TokenRequest = Static<typeof Request>
export const tokenRequest = messageType('token-request', Request, limits.tokenRequestBytes)

const Answer = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('evaluated'),
      keeper: Type.Integer({ minimum: 1, maximum: 255 }),
      evaluated: Type.Array(Bytes(32), { minItems: 1, maxItems: 1024 }),
      proof: Bytes(64),
    },
    { additionalProperties: false },
  ),
  Type.Object({ kind: Type.Literal('refused'), reason: Code }, { additionalProperties: false }),
])
export type TokenAnswer = Static<typeof Answer>
export const tokenAnswer = messageType('token-answer', Answer, limits.tokenAnswerBytes)
