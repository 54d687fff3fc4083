import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Bytes, Code, Count, Text } from './fields.ts'
import { limits } from './limits.ts'

/** docs/spec/06-registry.md §8. How bundles and checkpoints travel among members when the registry is away, or just faster. */

const Checkpoint = Text(8192)
const closed = { additionalProperties: false }

const GossipRequest = Type.Union([
  /** What the asker has; whoever has something newer answers with it. */
  Type.Object(
    { kind: Type.Literal('pull'), version: Count, isWhole: Type.Boolean(), checkpoint: Checkpoint },
    closed,
  ),
  /** What the asker just got; whoever lacks it comes and pulls. */
  Type.Object(
    { kind: Type.Literal('tell'), version: Count, isWhole: Type.Boolean(), checkpoint: Checkpoint },
    closed,
  ),
  /** Two checkpoints that contradict each other: spec 11 §7. */
  Type.Object({ kind: Type.Literal('contradiction'), first: Checkpoint, second: Checkpoint }, closed),
])
export type GossipRequest = Static<typeof GossipRequest>
export const gossipRequest = messageType('gossip request', GossipRequest, limits.gossipBytes)

const GossipAnswer = Type.Union([
  /** `bundle` is an encoded `WitnessedBundle`. */
  Type.Object({ kind: Type.Literal('newer'), bundle: Bytes(1, limits.gossipAnswerBytes - 1024) }, closed),
  Type.Object({ kind: Type.Literal('noted'), version: Count }, closed),
  Type.Object({ kind: Type.Literal('refused'), reason: Code }, closed),
])
export type GossipAnswer = Static<typeof GossipAnswer>
export const gossipAnswer = messageType('gossip answer', GossipAnswer, limits.gossipAnswerBytes)
