import { TwiinError } from '@twiin/runtime'
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

/** docs/spec/13-query-retrieve.md §5. What stands in studies that a search showed: one signed question, one signed answer. */

const closed = { additionalProperties: false }
const TimeText = Type.String({ pattern: '^\\d{2}:\\d{2}:\\d{2}$' })
const WholeNumber = Type.Integer({ minimum: -2_147_483_648, maximum: 2_147_483_647 })

const Request = Type.Object(
  {
    kind: Type.Literal('contents'),
    /** Random; a holder answers each once. */
    requestId: Bytes(16),
    issuedAt: Instant,
    holder: PeerId,
    epoch: Epoch,
    loc: Bytes(32),
    user: User,
    purpose: Purpose,
    relation: Type.Optional(Relation),
    birthDate: Type.Optional(DateText),
    studies: Type.Array(Uid, { minItems: 1, maxItems: limits.studiesPerContents }),
    /** How deep: the studies themselves, their series, or also the instances. */
    level: Type.Union([Type.Literal('study'), Type.Literal('series'), Type.Literal('instance')]),
    /** Only this series. */
    series: Type.Optional(Uid),
  },
  closed,
)
export type ContentsRequest = Static<typeof Request>
export const contentsRequest = signedType(
  'twiin/request/v1',
  messageType('contents-request', Request, limits.contentsRequestBytes),
  limits.contentsRequestBytes,
)

const Instance = Type.Object(
  {
    uid: Uid,
    sopClass: Uid,
    syntax: Uid,
    number: Type.Optional(WholeNumber),
    rows: Type.Optional(Count),
    columns: Type.Optional(Count),
    frames: Type.Optional(Count),
  },
  closed,
)

const Series = Type.Object(
  {
    uid: Uid,
    modality: Text(16),
    description: Text(256),
    bodyPart: Text(64),
    number: Type.Optional(WholeNumber),
    date: Type.Optional(DateText),
    time: Type.Optional(TimeText),
    count: Count,
    instances: Type.Optional(Type.Array(Instance, { maxItems: limits.instancesPerContents })),
  },
  closed,
)
export type SeriesContents = Static<typeof Series>

const Study = Type.Object(
  {
    uid: Uid,
    time: Type.Optional(TimeText),
    accessionNumber: Text(64),
    studyId: Text(64),
    referringPhysician: Text(256),
    seriesCount: Count,
    series: Type.Optional(Type.Array(Series, { maxItems: limits.seriesPerContents })),
  },
  closed,
)
export type StudyContents = Static<typeof Study>

const Answer = Type.Union([
  Type.Object(
    {
      status: Type.Literal('answered'),
      requestId: Bytes(16),
      issuedAt: Instant,
      studies: Type.Array(Study, { maxItems: limits.studiesPerContents }),
      /** There was more than one answer may hold. */
      more: Type.Boolean(),
    },
    closed,
  ),
  Type.Object(
    { status: Type.Literal('refused'), requestId: Bytes(16), issuedAt: Instant, reason: Code },
    closed,
  ),
])
export type ContentsAnswer = Static<typeof Answer>
const answerType = messageType('contents-answer', Answer, limits.contentsAnswerBytes)
export const contentsAnswer = signedType(
  'twiin/answer/v1',
  { ...answerType, decode: (bytes) => withinTotals(answerType.decode(bytes)) },
  limits.contentsAnswerBytes,
)

/** The limits are of a whole answer, not of each study and series in it. Throws `MESSAGE_INVALID`. */
function withinTotals(answer: ContentsAnswer): ContentsAnswer {
  if (answer.status !== 'answered') return answer
  const series = answer.studies.flatMap((study) => study.series ?? [])
  const instances = series.reduce((sum, one) => sum + (one.instances?.length ?? 0), 0)
  if (series.length > limits.seriesPerContents || instances > limits.instancesPerContents)
    throw new TwiinError('MESSAGE_INVALID', { message: answerType.name, at: '/studies' })
  return answer
}
