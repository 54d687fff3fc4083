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
    /** It follows on a study that the recipient has (docs/spec/20-reports.md §3): its manifest is not of the whole study. */
    follows: Type.Optional(Type.Union([Type.Literal('report'), Type.Literal('recall')])),
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

const SignedOffer = Type.Object(
  { kind: Type.Literal('offer'), signed: Bytes(1, limits.sendRequestBytes) },
  { additionalProperties: false },
)
const SignedReceipt = Type.Object(
  { kind: Type.Literal('receipt'), signed: Bytes(1, 17000) },
  { additionalProperties: false },
)
const Request = Type.Union([SignedOffer, SignedReceipt])
export type SendRequest = Static<typeof Request>
export const sendRequest = messageType('send-request', Request, limits.sendRequestBytes)

/** Of instances. */
const Counted = Type.Object({ done: Count, total: Count }, { additionalProperties: false })
const PackageProgress = Type.Object(
  {
    package: Bytes(16),
    state: Type.Union([
      Type.Literal('queued'),
      Type.Literal('running'),
      Type.Literal('held'),
      Type.Literal('over'),
    ]),
    /** Why it waits, of the list of §7. */
    reason: Type.Optional(Code),
    nextTryAt: Type.Optional(Instant),
    eta: Type.Optional(Instant),
    fetched: Counted,
    delivered: Counted,
    hops: Type.Object(
      {
        offered: Type.Optional(Instant),
        fetched: Type.Optional(Instant),
        filed: Type.Optional(Instant),
        delivered: Type.Optional(Instant),
        committed: Type.Optional(Instant),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)
export type PackageProgress = Static<typeof PackageProgress>

/** §7. The connection proves who tells it; it is news, not evidence, and so not signed. */
const Progress = Type.Object(
  { kind: Type.Literal('progress'), packages: Type.Array(PackageProgress, { minItems: 1, maxItems: 100 }) },
  { additionalProperties: false },
)
export type Progress = Static<typeof Progress>

/** What `/twiin/send/1.1.0` takes: all of 1.0.0, and progress. */
const RequestWithProgress = Type.Union([SignedOffer, SignedReceipt, Progress])
export const sendRequestWithProgress = messageType(
  'send-request-1.1',
  RequestWithProgress,
  limits.sendRequestBytes,
)

const Answer = Type.Union([
  /** Durable at the other side. */
  Type.Object({ kind: Type.Literal('noted') }, { additionalProperties: false }),
  Type.Object({ kind: Type.Literal('refused'), reason: Code }, { additionalProperties: false }),
])
export type SendAnswer = Static<typeof Answer>
export const sendAnswer = messageType('send-answer', Answer, limits.sendAnswerBytes)
