import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Bytes, Code, Count, Epoch, Instant, PeerId, Purpose, Relation, Uid, User } from './fields.ts'
import { limits } from './limits.ts'
import { signedType } from './signed.ts'

/** docs/spec/05-transfer.md. The receiver opens a channel, says what it is entitled to, and pulls. */

const Request = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('retrieve'),
      requestId: Bytes(16),
      issuedAt: Instant,
      holder: PeerId,
      /** The job a user authorised, and when: at most 24 h ago (spec 05 §2). The holder judges anew each time. */
      job: Bytes(16),
      authorisedAt: Instant,
      epoch: Epoch,
      loc: Bytes(32),
      studyInstanceUid: Uid,
      user: User,
      purpose: Purpose,
      relation: Type.Optional(Relation),
      /** To be handed on to the patient, or to somebody outside the network (spec 25 §7). Absent: to be looked at. */
      use: Type.Optional(Type.Literal('share')),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('collect'),
      requestId: Bytes(16),
      issuedAt: Instant,
      holder: PeerId,
      /** A package that was offered to this recipient (spec 05 §5). */
      package: Bytes(16),
      studyInstanceUid: Uid,
    },
    { additionalProperties: false },
  ),
])
export type TransferRequest = Static<typeof Request>
export const transferRequest = signedType(
  'twiin/request/v1',
  messageType('transfer-request', Request, 16384),
  16384,
)

const ManifestInstance = Type.Object(
  {
    sopInstanceUid: Uid,
    sopClassUid: Uid,
    transferSyntaxUid: Uid,
    /** Length and SHA-256 of the data set: the bytes after group 2, exactly as the holder received them. */
    bytes: Count,
    sha256: Bytes(32),
  },
  { additionalProperties: false },
)
export type ManifestInstance = Static<typeof ManifestInstance>
const Manifest = Type.Object(
  {
    holder: PeerId,
    recipient: PeerId,
    issuedAt: Instant,
    studyInstanceUid: Uid,
    instances: Type.Array(ManifestInstance, { minItems: 1, maxItems: limits.instancesPerManifest }),
  },
  { additionalProperties: false },
)
export type Manifest = Static<typeof Manifest>
const manifestBytes = limits.transferFrameBytes - 4096
export const manifest = signedType(
  'twiin/manifest/v1',
  messageType('manifest', Manifest, manifestBytes),
  manifestBytes,
)

/** Control frames, after the type byte 0x01. */
const Control = Type.Union([
  Type.Object({ kind: Type.Literal('request'), signed: Bytes(1, 17000) }, { additionalProperties: false }),
  Type.Object(
    { kind: Type.Literal('manifest'), signed: Bytes(1, limits.transferFrameBytes) },
    { additionalProperties: false },
  ),
  Type.Object({ kind: Type.Literal('refused'), reason: Code }, { additionalProperties: false }),
  Type.Object(
    {
      kind: Type.Literal('want'),
      /** Instances by their place in the manifest, each from a byte offset; sent in this order. */
      pieces: Type.Array(Type.Object({ index: Count, offset: Count }, { additionalProperties: false }), {
        maxItems: limits.instancesPerManifest,
      }),
    },
    { additionalProperties: false },
  ),
  /** Everything wanted was sent. */
  Type.Object({ kind: Type.Literal('done') }, { additionalProperties: false }),
])
export type TransferControl = Static<typeof Control>
export const transferControl = messageType('transfer-control', Control, limits.transferFrameBytes)

/** A data frame, after the type byte 0x02: u32 index, u64 offset (both big-endian), then bytes of the data set. */
export const pieceHeaderBytes = 13
export const frameType = { control: 1, piece: 2 } as const
