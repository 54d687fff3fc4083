import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Instant, PeerId } from './fields.ts'
import { signedType } from './signed.ts'

/** Twenty times what the largest hospitals make in half a month: a sum of all members stays an exact number. */
const Studies = Type.Integer({ minimum: 0, maximum: 1_000_000 })
/** A gigabyte for each. */
const Bytes = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000_000 })

/**
 * What a node tells the registry of a month: counts, nothing else. Cumulative: a later report of the same month takes the
 * place of an earlier one. docs/spec/06-registry.md §9.
 */
const ActivityReport = Type.Object(
  {
    kind: Type.Literal('activity'),
    peerId: PeerId,
    issuedAt: Instant,
    /** Of Europe/Amsterdam: `2026-11`. */
    month: Type.String({ pattern: '^20\\d{2}-(0[1-9]|1[0-2])$' }),
    /** First and second half of the month apart: days 1–15, 16–end. */
    halves: Type.Tuple([halfMonth(), halfMonth()]),
  },
  { additionalProperties: false },
)
function halfMonth() {
  return Type.Object(
    {
      /** Studies of this hospital that another one has received. */
      sent: Studies,
      /** Studies of others that were delivered here, by sends and by retrievals. */
      received: Studies,
      bytesReceived: Bytes,
    },
    { additionalProperties: false },
  )
}
export type ActivityReport = Static<typeof ActivityReport>
export const activityReport = signedType(
  'twiin/report/v1',
  messageType('activity report', ActivityReport, 2048),
  2048,
)
