import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import {
  Bytes,
  Code,
  Count,
  DateText,
  Epoch,
  Instant,
  PeerId,
  Purpose,
  Relation,
  Text,
  Uid,
  User,
} from './fields.ts'
import { limits } from './limits.ts'
import { signedType } from './signed.ts'

/** docs/spec/04-search.md. One signed question to one holder, one signed answer. */

const Request = Type.Object(
  {
    kind: Type.Literal('search'),
    /** Random; a holder answers each once. */
    requestId: Bytes(16),
    issuedAt: Instant,
    /** The holder this request is for: it is worth nothing elsewhere. */
    holder: PeerId,
    epoch: Epoch,
    loc: Bytes(32),
    user: User,
    purpose: Purpose,
    relation: Type.Optional(Relation),
    birthDate: Type.Optional(DateText),
  },
  { additionalProperties: false },
)
export type SearchRequest = Static<typeof Request>
export const searchRequest = signedType(
  'twiin/request/v1',
  messageType('search-request', Request, limits.searchRequestBytes),
  limits.searchRequestBytes,
)

const Study = Type.Object(
  {
    studyInstanceUid: Uid,
    handle: Bytes(16),
    studyDate: Type.Optional(DateText),
    modalities: Type.Array(Text(16), { maxItems: 16 }),
    description: Text(256),
    instances: Count,
    bytes: Count,
    reports: Count,
  },
  { additionalProperties: false },
)
export type AnsweredStudy = Static<typeof Study>

const Answer = Type.Union([
  Type.Object(
    {
      status: Type.Literal('answered'),
      requestId: Bytes(16),
      issuedAt: Instant,
      patient: Type.Object(
        { name: Text(256), birthDate: Type.Optional(DateText), sex: Text(4) },
        { additionalProperties: false },
      ),
      studies: Type.Array(Study, { maxItems: limits.studiesPerAnswer }),
      more: Type.Boolean(),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    { status: Type.Literal('refused'), requestId: Bytes(16), issuedAt: Instant, reason: Code },
    { additionalProperties: false },
  ),
])
export type SearchAnswer = Static<typeof Answer>
export const searchAnswer = signedType(
  'twiin/answer/v1',
  messageType('search-answer', Answer, limits.searchAnswerBytes),
  limits.searchAnswerBytes,
)
