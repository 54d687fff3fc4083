import type { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { sights } from '../shares/patient-door.ts'
import type { Entered, Happening, OpenShare } from '../shares/patient-door.ts'
import type { BrokerSettings } from './broker.ts'
import type { PatientPagesOptions } from './patient-pages.ts'

/** Between a node and the process of its door for recipients (spec 25 §5): JSON, a message a line, on a pipe of their own. */

/** Of each text that the door says, in characters. */
export const longestText = 64
/** Of a line, in characters: ten facts with a character escaped here and there. */
export const longestFromDoor = 8192
/** A certificate with its chain, or the history of a share. */
export const longestToDoor = 1024 * 1024

const closed = { additionalProperties: false }
const Text = Type.String({ maxLength: longestText })
const Proof = Type.Union([Type.Object({ code: Text }, closed), Type.Object({ bsn: Text }, closed)])

/** What the door asks of shares, as `PatientDoor` has it. */
const Question = Type.Union([
  Type.Object({ call: Type.Literal('askCode'), link: Text, from: Text }, closed),
  Type.Object({ call: Type.Literal('enter'), link: Text, proof: Proof, from: Text }, closed),
  Type.Object({ call: Type.Literal('opened'), shareId: Text }, closed),
  Type.Object({ call: Type.Literal('history'), shareId: Text }, closed),
  Type.Object({ call: Type.Literal('noted'), shareId: Text, what: Type.Enum([...sights]) }, closed),
  Type.Object({ call: Type.Literal('block'), shareId: Text }, closed),
])
export type Question = Static<typeof Question>
export type QuestionOf<Call extends Question['call']> = Extract<Question, { call: Call }>

/** To each question. */
export interface Answers {
  askCode: undefined
  enter: Entered
  opened: OpenShare | undefined
  history: readonly Happening[]
  noted: undefined
  block: undefined
}
export type Answer = Answers[Question['call']]

/** A line for the node's log, which stays the node's: the door has no way to write there by itself. */
const Line = Type.Object(
  {
    kind: Type.Literal('log'),
    level: Type.Enum(['debug', 'info', 'warn', 'error']),
    event: Type.String({ maxLength: 200 }),
    facts: Type.Record(Text, Type.Union([Type.String({ maxLength: 200 }), Type.Number(), Type.Boolean()]), {
      maxProperties: 10,
    }),
  },
  closed,
)
export type Line = Static<typeof Line>

const FromDoor = Type.Union([
  Line,
  Type.Object({ kind: Type.Literal('open'), port: Type.Integer({ minimum: 1, maximum: 65535 }) }, closed),
  Type.Object({ kind: Type.Literal('shut'), code: Text }, closed),
  Type.Object({ kind: Type.Literal('here') }, closed),
  Type.Object({ kind: Type.Literal('ask'), id: Type.Integer({ minimum: 0 }), question: Question }, closed),
])
export type FromDoor = Static<typeof FromDoor>

/** Nobody is believed who faces strangers: what is not of this shape is no message. */
const shape = Compile(FromDoor)
export const isFromDoor = (message: unknown): message is FromDoor => shape.Check(message)

export type ToDoor =
  | { readonly kind: 'begin'; readonly settings: DoorSettings }
  | { readonly kind: 'answer'; readonly id: number; readonly value?: Answer }
  | { readonly kind: 'refusal'; readonly id: number; readonly code: TwiinError['code'] }
  | { readonly kind: 'over'; readonly shareId: string }
  /** Answered by `here`. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'stop' }

/** All that the process is told: the key of its web certificate is among it, no other key of the node. */
export interface DoorSettings {
  readonly pages: PatientPagesOptions
  readonly broker?: BrokerSettings & { readonly publicUrl: string }
  readonly logLevel: string
}
