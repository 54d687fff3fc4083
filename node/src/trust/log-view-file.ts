import { parseCheckpoint } from '@twiin/transparency'
import type { LogIdentity } from '@twiin/transparency'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { TwiinError } from '@twiin/runtime'

/** What a node remembers of the log between two starts. */
export interface LogViewState {
  log?: LogIdentity
  /** Size → the note with the log's signature alone. */
  roots: Map<number, string>
  /** The two notes in the file of the evidence. */
  accused?: readonly string[]
  /** Bodies of notes of contradictions that an operator dealt with. */
  settled: readonly string[]
}

const Note = Type.String({ maxLength: 8192 })
const shape = Compile(
  Type.Object({
    log: Type.Optional(Type.Object({ origin: Type.String(), publicKey: Type.String() })),
    roots: Type.Array(Note, { maxItems: 1024 }),
    accused: Type.Optional(Type.Array(Note, { maxItems: 2 })),
    settled: Type.Array(Note, { maxItems: 1024 }),
  }),
)

export const emptyState = (): LogViewState => ({ roots: new Map(), settled: [] })

/** Throws STATE_UNREADABLE, CHECKPOINT_INVALID. */
export function readState(text: string): LogViewState {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new TwiinError('STATE_UNREADABLE', {}, { cause })
  }
  if (!shape.Check(value)) throw new TwiinError('STATE_UNREADABLE')
  const { log, roots, accused, settled } = value
  return {
    roots: new Map(roots.map((note) => [parseCheckpoint(note).size, note])),
    settled,
    ...(accused && { accused }),
    ...(log && { log: { origin: log.origin, publicKey: Buffer.from(log.publicKey, 'base64') } }),
  }
}

export function writeState({ log, roots, accused, settled }: LogViewState): Uint8Array {
  const encoded = log && { origin: log.origin, publicKey: Buffer.from(log.publicKey).toString('base64') }
  return Buffer.from(JSON.stringify({ log: encoded, roots: [...roots.values()], accused, settled }))
}
