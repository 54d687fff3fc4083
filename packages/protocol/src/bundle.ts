import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import {
  Addresses,
  Bytes,
  Category,
  Count,
  Epoch,
  Instant,
  Level,
  Mailboxes,
  PeerId,
  Phone,
  Text,
  Ura,
} from './fields.ts'
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
    category: Category,
    /** Twiin's integration level: 1 and 2 by a portal, 3 from the own workplace, 4 inside the PACS. */
    level: Level,
    /** `testing` until its self-test succeeded (spec 12): admitted, but nobody answers its searches. */
    state: Type.Union([Type.Literal('testing'), Type.Literal('exchanging')]),
    /** Of the department that is called when a node cannot be reached. */
    phone: Type.Optional(Phone),
    /** Token evaluations a day, when the registry set another number than the network's. */
    tokensPerDay: Type.Optional(Count),
  },
  { additionalProperties: false },
)
export type Member = Static<typeof Member>

/** Spec 11 §4 and §6. */
const Witnessing = Type.Object(
  {
    /** In `founding` no cosignatures are asked for, until `endsAt` at most. */
    phase: Type.Union([Type.Literal('founding'), Type.Literal('required')]),
    /** When founding ends at the latest; stays, for the record. */
    endsAt: Instant,
    quorum: Type.Integer({ minimum: 1, maximum: 16 }),
    /** Peer IDs of members. */
    witnesses: Type.Array(PeerId, { maxItems: 16 }),
  },
  { additionalProperties: false },
)
export type Witnessing = Static<typeof Witnessing>

const Bundle = Type.Object(
  {
    v: Type.Literal(2),
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
    /** The transparency log (spec 11 §3). */
    log: Type.Object({ origin: Text(160), publicKey: Bytes(32) }, { additionalProperties: false }),
    witnessing: Witnessing,
    members: Type.Array(Member, { maxItems: 1000 }),
    revoked: Type.Array(
      Type.Object(
        {
          /** Whose certificate it was: index entries name peers, not serials. */
          peerId: PeerId,
          serial: Type.String({ pattern: '^[0-9a-f]{2,40}$' }),
          /** A suspended key may come back; a revoked one never does. */
          state: Type.Union([Type.Literal('revoked'), Type.Literal('suspended')]),
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

/**
 * What a version says, without its number and date: the bytes whose SHA-256 stands in the log as the `digest` of the
 * version's `published` line (spec 11 §5). Deterministic CBOR: the registry and every node make the same bytes.
 */
export function bundleContentBytes({ version: _v, issuedAt: _i, ...contents }: Bundle): Uint8Array {
  return contentBytes.encode(contents)
}
const contentBytes = messageType(
  'bundle contents',
  Type.Omit(Bundle, ['version', 'issuedAt']),
  limits.bundleBytes,
)

/** Proof that one leaf stands in the log: spec 11 §5. */
export const Evidence = Type.Object(
  {
    /** A line of the ledger, without its newline. */
    leaf: Bytes(2, 32 * 1024),
    index: Count,
    /** RFC 6962 §2.1.1, from the leaf up. */
    path: Type.Array(Bytes(32), { maxItems: 64 }),
    /** Signed note with cosignatures: spec 11 §3. */
    checkpoint: Text(8192),
  },
  { additionalProperties: false },
)
export type Evidence = Static<typeof Evidence>
export const evidence = messageType('evidence', Evidence, limits.evidenceBytes)

/** A bundle as it travels: the document that the issuing CA signed, and the proof that it is logged. */
const WitnessedBundle = Type.Object(
  { document: Bytes(1, limits.bundleBytes + 32 * 1024), evidence: Evidence },
  { additionalProperties: false },
)
export type WitnessedBundle = Static<typeof WitnessedBundle>
export const witnessedBundle = messageType(
  'witnessed bundle',
  WitnessedBundle,
  limits.bundleBytes + 128 * 1024,
)

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
