import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Bytes, Code, Count, DateText } from './fields.ts'
import { limits } from './limits.ts'

/** docs/spec/07-audit.md §9. What two members have on record about the two of them: counts, and nobody's data. */

const closed = { additionalProperties: false }

const Request = Type.Object(
  {
    kind: Type.Literal('day'),
    /** UTC. */
    day: DateText,
    /** Only what comes behind this request id: to read on. */
    after: Type.Optional(Bytes(16)),
  },
  closed,
)
export const accountRequest = messageType('account-request', Request, limits.accountRequestBytes)

const Dealing = Type.Object(
  {
    requestId: Bytes(16),
    /** An entry of that day, older than an hour. */
    settled: Type.Boolean(),
    /** `event/outcome`, each once. */
    events: Type.Array(Type.String({ pattern: '^[a-z-]{1,32}/(success|refused|failed)$' }), { maxItems: 32 }),
    /** Instances that manifests named, and that were received, over all its studies. */
    given: Count,
    received: Count,
    /** Studies of each. */
    givenStudies: Count,
    receivedStudies: Count,
  },
  closed,
)
export type Dealing = Static<typeof Dealing>

const Answer = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('dealings'),
      dealings: Type.Array(Dealing, { maxItems: limits.dealingsPerAnswer }),
      more: Type.Boolean(),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('refused'), reason: Code }, closed),
])
export type AccountAnswer = Static<typeof Answer>
export const accountAnswer = messageType('account-answer', Answer, limits.accountAnswerBytes)
