import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Bytes, Code, DateText, Day, Epoch, PeerId, Text } from './fields.ts'
import { limits } from './limits.ts'

/** docs/spec/03-study-index.md. What replicas store: a header in the clear, a padded sealed body, one signature over both. */

/** Sizes a sealed body is padded to, in bytes of plaintext; the ciphertext is 16 bytes longer. 0 = tombstone, no body. */
export const bodyClasses = [512, 1024, 2048, 4096, 8192, 16384] as const

const Header = Type.Object(
  {
    v: Type.Literal(1),
    /** Where the entry stands: derived from the patient token, 32 bytes (spec 03 §2). */
    loc: Bytes(32),
    publisher: PeerId,
    epoch: Epoch,
    /** Grows with every change of this (loc, publisher), also for a tombstone. Merge keeps the highest. */
    seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    issued: Day,
    expires: Day,
    tombstone: Type.Boolean(),
    /** Random, 24 bytes, XChaCha20-Poly1305. Zeroes for a tombstone. */
    nonce: Bytes(24),
    /** Key commitment: an AEAD alone does not bind its key (spec 03 §3). Zeroes for a tombstone. */
    commit: Bytes(32),
  },
  { additionalProperties: false },
)
export type EntryHeader = Static<typeof Header>
/** The header is signed and used as associated data as these exact bytes. */
export const entryHeader = messageType('index-entry-header', Header, 512)

const WireEntry = Type.Object(
  { header: Bytes(1, 512), body: Bytes(0, 16384 + 16), signature: Bytes(64) },
  { additionalProperties: false },
)
/** An entry as it travels and as replicas keep it. */
export type WireEntry = Static<typeof WireEntry>

const Body = Type.Object(
  {
    studies: Type.Array(
      Type.Object(
        {
          /** Opaque handle of a study at its holder: says nothing outside it. */
          handle: Bytes(16),
          date: Type.Optional(DateText),
          modalities: Type.Array(Text(16), { maxItems: 8 }),
          /** Coarse region: head, chest, abdomen, … or ''. */
          region: Text(16),
          /** Number of instances by order of magnitude: 1, 10, 100, 1000, 10000. */
          size: Type.Integer({ minimum: 0, maximum: 100_000 }),
        },
        { additionalProperties: false },
      ),
      { maxItems: 512 },
    ),
    /** True when the holder has more than the entry shows: ask the holder. */
    more: Type.Boolean(),
  },
  { additionalProperties: false },
)
export type EntryBody = Static<typeof Body>
export const entryBody = messageType('index-entry-body', Body, 16384)

/** A bucket: all locations that begin with the first `bits` bits of `prefix`. */
const Bucket = Type.Object(
  { epoch: Epoch, bits: Type.Integer({ minimum: 0, maximum: 32 }), prefix: Bytes(4) },
  { additionalProperties: false },
)
export type Bucket = Static<typeof Bucket>

const Cursor = Type.Optional(Bytes(1, 128))
const Request = Type.Union([
  Type.Object(
    { kind: Type.Literal('put'), entries: Type.Array(WireEntry, { maxItems: limits.indexEntriesPerPut }) },
    { additionalProperties: false },
  ),
  Type.Object({ kind: Type.Literal('get'), bucket: Bucket, after: Cursor }, { additionalProperties: false }),
  Type.Object(
    { kind: Type.Literal('digest'), buckets: Type.Array(Bucket, { maxItems: 1000 }) },
    { additionalProperties: false },
  ),
  Type.Object(
    { kind: Type.Literal('summary'), bucket: Bucket, after: Cursor },
    { additionalProperties: false },
  ),
])
export type IndexRequest = Static<typeof Request>
export const indexRequest = messageType('index-request', Request, limits.indexRequestBytes)

const Key = { loc: Bytes(32), publisher: PeerId, seq: Type.Integer({ minimum: 1 }) }
const Answer = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('put'),
      /** One for each entry of the request, in its order. `stale` names the sequence number that stands. */
      results: Type.Array(
        Type.Object(
          {
            outcome: Type.Union([Type.Literal('stored'), Type.Literal('stale'), Type.Literal('refused')]),
            seq: Type.Optional(Type.Integer({ minimum: 1 })),
            reason: Type.Optional(Code),
          },
          { additionalProperties: false },
        ),
        { maxItems: limits.indexEntriesPerPut },
      ),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('get'),
      entries: Type.Array(WireEntry, { maxItems: limits.indexEntriesPerPage }),
      next: Cursor,
    },
    { additionalProperties: false },
  ),
  Type.Object(
    { kind: Type.Literal('digest'), digests: Type.Array(Bytes(32), { maxItems: 1000 }) },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('summary'),
      keys: Type.Array(Type.Object(Key, { additionalProperties: false }), {
        maxItems: limits.indexEntriesPerPage,
      }),
      next: Cursor,
    },
    { additionalProperties: false },
  ),
  Type.Object({ kind: Type.Literal('refused'), reason: Code }, { additionalProperties: false }),
])
export type IndexAnswer = Static<typeof Answer>
export const indexAnswer = messageType('index-answer', Answer, limits.indexAnswerBytes)
