import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Addresses, Bytes, Count, Epoch, Instant, Mailboxes, PeerId, Text, Ura } from './fields.ts'
import { limits } from './limits.ts'
import { signedType } from './signed.ts'

/** docs/spec/06-registry.md §3. What every node must know to work without the registry; signed by the issuing CA. */

const Member = Type.Object(
  {
    ura: Ura,
    name: Text(128),
    peerId: PeerId,
    /** multiaddrs, empty until the node announced itself. */
    addresses: Addresses,
    declaredPatients: Count,
    mailboxes: Mailboxes,
    category: Type.Union([Type.Literal('umc'), Type.Literal('hospital'), Type.Literal('clinic')]),
  },
  { additionalProperties: false },
)
export type Member = Static<typeof Member>

const Bundle = Type.Object(
  {
    v: Type.Literal(1),
    /** Monotonic: a node never takes a lower one. */
    version: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    issuedAt: Instant,
    trustDomain: Text(128),
    index: Type.Object(
      {
        epoch: Epoch,
        /** Length of a bucket's prefix, so that at least 50 declared patients share one (spec 03 §4). */
        bits: Type.Integer({ minimum: 0, maximum: 32 }),
        replicas: Type.Integer({ minimum: 1, maximum: 255 }),
      },
      { additionalProperties: false },
    ),
    members: Type.Array(Member, { maxItems: 1000 }),
    revoked: Type.Array(
      Type.Object(
        {
          /** Whose certificate it was: index entries name peers, not serials. */
          peerId: PeerId,
          serial: Type.String({ pattern: '^[0-9a-f]{2,40}$' }),
          at: Instant,
          reason: Text(64),
        },
        { additionalProperties: false },
      ),
      { maxItems: 20_000 },
    ),
    tokens: Type.Object(
      {
        publicKey: Bytes(32),
        threshold: Type.Integer({ minimum: 1, maximum: 16 }),
        keepers: Type.Array(
          Type.Object(
            {
              index: Type.Integer({ minimum: 1, maximum: 255 }),
              peerId: PeerId,
              publicKey: Bytes(32),
              addresses: Addresses,
            },
            { additionalProperties: false },
          ),
          { minItems: 1, maxItems: 16 },
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)
export type Bundle = Static<typeof Bundle>
export const bundle = messageType('bundle', Bundle, limits.bundleBytes)

/** What a node tells the registry about where it is reached, signed with its key. */
const Announcement = Type.Object(
  {
    kind: Type.Literal('announcement'),
    peerId: PeerId,
    issuedAt: Instant,
    addresses: Addresses,
    mailboxes: Mailboxes,
  },
  { additionalProperties: false },
)
export type Announcement = Static<typeof Announcement>
export const announcement = signedType(
  'twiin/announcement/v1',
  messageType('announcement', Announcement, 8192),
  8192,
)
