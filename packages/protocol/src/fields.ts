import { Type } from 'typebox'

/** Fields that several messages share, each with its bounds. */

export const Bytes = (min: number, max = min) =>
  Type.Refine(
    Type.Unsafe<Uint8Array>({}),
    (value) => value instanceof Uint8Array && value.byteLength >= min && value.byteLength <= max,
  )

/** Optional value that is left out, never undefined, on the wire. */
export const Text = (maxLength: number) => Type.String({ maxLength })
/**
 * Where a member is reached: multiaddrs, visible ASCII. The same bounds from announcement to ledger to bundle, so that no
 * terminal, log or page ever gets a control character from a member.
 */
export const Addresses = Type.Array(Type.String({ pattern: '^[!-~]{1,256}$' }), { maxItems: 8 })
/**
 * A member's departments that can be addressed, with the bounds they have everywhere: one line, without control or invisible
 * characters, no space at either end.
 */
export const Mailboxes = Type.Array(
  Type.String({
    minLength: 1,
    maxLength: 64,
    pattern: '^(?!\\s)[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{1,64}(?<!\\s)$',
  }),
  { maxItems: 64 },
)
/** Milliseconds since the Unix epoch. */
export const Instant = Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 })
/** Whole days since the Unix epoch: coarse on purpose, an exact time would say when a patient was scanned. */
export const Day = Type.Integer({ minimum: 0, maximum: 100_000 })
export const DateText = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' })
export const Uid = Type.String({ pattern: '^[0-9.]{1,64}$' })
/** base58btc of an Ed25519 identity multihash: `12D3KooW…`. */
export const PeerId = Type.String({ pattern: '^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$' })
/** A URA number (UZI-register abonneenummer), eight digits. */
export const Ura = Type.String({ pattern: '^\\d{8}$' })
/** What kind of care provider a member is. */
export const Category = Type.Union([Type.Literal('umc'), Type.Literal('hospital'), Type.Literal('clinic')])
export const Level = Type.Integer({ minimum: 1, maximum: 4 })
/** ITU-T E.123, international or national notation. */
export const Phone = Type.String({ pattern: '^[+0-9][0-9 ()-]{5,24}$' })
export const Epoch = Type.Integer({ minimum: 1, maximum: 1_000_000 })
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** A reason code that may leave the node. */
export const Code = Type.String({ pattern: '^[A-Z][A-Z0-9_]{2,40}$' })

/** The person on whose behalf a node asks. The holder's log keeps it (NEN 7513 §7.3). */
export const User = Type.Object(
  { id: Text(64), name: Text(128), role: Text(32) },
  { additionalProperties: false },
)
/** That the patient is treated by who asks, and that its own records show it (spec 08 §6). Left out: on the user's word. */
export const Relation = Type.Literal('registered')
export const Purpose = Type.Object(
  {
    basis: Type.Union([Type.Literal('treatment'), Type.Literal('referral'), Type.Literal('emergency')]),
    reason: Text(500),
  },
  { additionalProperties: false },
)
