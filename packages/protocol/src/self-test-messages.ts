import { Type } from 'typebox'
import type { Static } from 'typebox'
import { messageType } from './codec.ts'
import { Bytes, Code, Instant, PeerId, Text, Uid } from './fields.ts'
import { limits } from './limits.ts'

/** docs/spec/12-self-test.md §2. */

const closed = { additionalProperties: false }
const run = Bytes(16)

const SelfTestRequest = Type.Union([
  Type.Object({ kind: Type.Literal('hello'), run }, closed),
  Type.Object({ kind: Type.Literal('echo'), run }, closed),
  Type.Object({ kind: Type.Literal('end'), run }, closed),
  /** `peer`: the other end of this run. Who may find the study, whose is looked for, sent to, or expected from. */
  Type.Object({ kind: Type.Literal('hold'), run, peer: PeerId }, closed),
  Type.Object({ kind: Type.Literal('find'), run, peer: PeerId }, closed),
  Type.Object({ kind: Type.Literal('send'), run, peer: PeerId }, closed),
  Type.Object({ kind: Type.Literal('received'), run, peer: PeerId }, closed),
])
export type SelfTestRequest = Static<typeof SelfTestRequest>
export const selfTestRequest = messageType('self-test request', SelfTestRequest, limits.selfTestBytes)

const SelfTestAnswer = Type.Union([
  Type.Object({ kind: Type.Literal('hello'), version: Text(32), time: Instant }, closed),
  Type.Object({ kind: Type.Literal('echo'), loop: Type.Boolean(), pacs: Type.Boolean() }, closed),
  /** Of the study that is held, or was found. */
  Type.Object({ kind: Type.Literal('study'), studyInstanceUid: Uid }, closed),
  Type.Object({ kind: Type.Literal('sent'), receipt: Type.Boolean() }, closed),
  Type.Object({ kind: Type.Literal('received'), whole: Type.Boolean() }, closed),
  Type.Object({ kind: Type.Literal('ended') }, closed),
  Type.Object({ kind: Type.Literal('failed'), reason: Code }, closed),
])
export type SelfTestAnswer = Static<typeof SelfTestAnswer>
export const selfTestAnswer = messageType('self-test answer', SelfTestAnswer, limits.selfTestBytes)
