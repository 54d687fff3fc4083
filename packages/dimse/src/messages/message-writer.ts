import type { Command } from './command-set.ts'
import { MessageFragmenter, writeCommand } from './message-fragments.ts'

export interface OutgoingMessage {
  contextId: number
  command: Omit<Command, 'hasDataSet'>
  dataSet?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** Complete a data set of odd length with a NULL (deflated ones, PS3.5 A.5). */
  pads?: boolean
  /** The last fragment goes to the socket: from now on the peer may answer. */
  onLast?: () => void
}

/**
 * Sends messages whole, one after another: fragments of two messages must not mix on an association. Awaiting `send` is the
 * back-pressure. A data set that throws leaves the association in the middle of a message: its owner must end it.
 */
export class MessageWriter {
  readonly #peerMaxPduLength: number
  readonly #write: (pdu: Buffer) => Promise<void>
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: { peerMaxPduLength: number }, deps: { write: (pdu: Buffer) => Promise<void> }) {
    this.#peerMaxPduLength = options.peerMaxPduLength
    this.#write = deps.write
  }

  send(message: OutgoingMessage): Promise<void> {
    const sent = this.#turn.then(() => this.#send(message))
    this.#turn = sent.catch(() => {})
    return sent
  }

  async #send({ contextId, command, dataSet, pads, onLast }: OutgoingMessage): Promise<void> {
    const options = { contextId, peerMaxPduLength: this.#peerMaxPduLength }
    const write = this.#write
    const isLast = dataSet === undefined && onLast !== undefined
    await writeCommand(
      { ...options, command: { ...command, hasDataSet: dataSet !== undefined } },
      { write, ...(isLast && { onLast }) },
    )
    if (dataSet === undefined) return
    const fragmenter = new MessageFragmenter({ ...options, isCommand: false }, { write })
    for await (const chunk of dataSet) await fragmenter.write(chunk)
    if (pads === true && fragmenter.bytes % 2 === 1) await fragmenter.write(Buffer.of(0))
    await fragmenter.end(onLast)
  }
}
