import type { Hl7Message } from '@twiin/hl7'

/** Where a message stands in the inbox. */
export interface Received {
  /** Rises with every message of this node: what has a higher one came later. */
  id: string
  /** Milliseconds since the epoch. */
  at: number
}

/**
 * What the node does with a kind of message (spec 15 §3). Messages of one sender come one by one, in the order they were
 * acknowledged. After a crash the last one may come again: a handler that took it must leave things as they are, for which
 * `received.id` is there. A `TwiinError('HL7_CONTENT', …)` of `handle` means that the message can never be handled: it is
 * shown to people and the next one comes. Anything else is tried again.
 */
export interface Hl7Handler {
  readonly name: string
  /** `ADT^A08`. Asked with `ADT` alone, whether it handles any such. */
  handles(type: string): boolean
  /**
   * Before the message is acknowledged: throws `TwiinError('HL7_CONTENT', { error, location })` when something in it is
   * wrong, with a code of HL7 table 0357 and where (`PID^1^3`); the sender is told so by AE. Must not wait or write.
   */
  check?(message: Hl7Message): void
  /** It was acknowledged. Resolves when what follows from it is durable. */
  handle(message: Hl7Message, received: Received): Promise<void>
}
