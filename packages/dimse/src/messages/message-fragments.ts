import { dimseError } from '../dimse-error.ts'
import { encodeCommand } from './command-set.ts'
import type { Command } from './command-set.ts'
import { pduHeaderBytes, pduType, pdvHeaderBytes } from '../upper-layer/pdu.ts'
import type { Pdv } from '../upper-layer/pdu.ts'

/** Puts the fragments of one command together; commands are small, and this is where that is enforced. */
export class CommandAssembler {
  readonly #maxBytes: number
  #contextId = 0
  #parts: Buffer[] = []
  #bytes = 0

  constructor(options: { maxBytes: number }) {
    this.#maxBytes = options.maxBytes
  }

  /** In the middle of a command no other message may begin. */
  get pending(): boolean {
    return this.#parts.length > 0
  }

  /** The whole command with its last fragment, nothing before. */
  add(pdv: Pdv): Buffer | undefined {
    if (this.pending && pdv.contextId !== this.#contextId)
      throw dimseError('PDU_UNEXPECTED', { what: 'context' })
    this.#contextId = pdv.contextId
    this.#bytes += pdv.fragment.length
    // an empty fragment would cost memory without counting
    if (this.#bytes > this.#maxBytes || pdv.fragment.length === 0) {
      throw dimseError('COMMAND_TOO_LONG', { bytes: this.#bytes })
    }
    this.#parts.push(Buffer.from(pdv.fragment))
    if (!pdv.isLast) return undefined
    const whole = Buffer.concat(this.#parts)
    this.#parts = []
    this.#bytes = 0
    return whole
  }
}

/** Even for a peer without a limit. Commands have a few hundred bytes. */
const longestPdu = { command: 1024, data: 256 * 1024 }

/** Cuts a message into P-DATA-TF PDUs of one value each, none longer than the peer takes, each ready for one write. */
export class MessageFragmenter {
  readonly #contextId: number
  readonly #isCommand: boolean
  readonly #capacity: number
  readonly #write: (pdu: Buffer) => Promise<void>
  #pdu: Buffer
  #used = 0
  #bytes = 0

  constructor(
    options: { contextId: number; isCommand: boolean; peerMaxPduLength: number },
    deps: { write: (pdu: Buffer) => Promise<void> },
  ) {
    const longest = options.isCommand ? longestPdu.command : longestPdu.data
    const limit = options.peerMaxPduLength === 0 ? longest : Math.min(options.peerMaxPduLength, longest)
    this.#contextId = options.contextId
    this.#isCommand = options.isCommand
    this.#capacity = (limit - pdvHeaderBytes) & ~1 // spec PS3.8 annex E.1: fragments have an even number of bytes
    this.#write = deps.write
    this.#pdu = this.#newPdu()
  }

  /** Written so far. */
  get bytes(): number {
    return this.#bytes
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#bytes += bytes.length
    for (let at = 0; at < bytes.length;) {
      // only when more follows: the last fragment must be marked, and an empty one upsets some receivers
      if (this.#used === this.#capacity) await this.#flush(false)
      const part = bytes.subarray(at, at + this.#capacity - this.#used)
      this.#pdu.set(part, pduHeaderBytes + pdvHeaderBytes + this.#used)
      this.#used += part.length
      at += part.length
    }
  }

  /** `onLast` is called when the last fragment is handed to the socket: from then on an answer may come. */
  async end(onLast?: () => void): Promise<void> {
    const flushed = this.#flush(true)
    onLast?.()
    await flushed
  }

  async #flush(isLast: boolean): Promise<void> {
    const pdu = this.#pdu.subarray(0, pduHeaderBytes + pdvHeaderBytes + this.#used)
    pdu.writeUInt16BE(pduType.data << 8, 0)
    pdu.writeUInt32BE(pdvHeaderBytes + this.#used, 2)
    pdu.writeUInt32BE(2 + this.#used, pduHeaderBytes)
    pdu[pduHeaderBytes + 4] = this.#contextId
    pdu[pduHeaderBytes + 5] = (isLast ? 2 : 0) | (this.#isCommand ? 1 : 0)
    if (!isLast) this.#pdu = this.#newPdu()
    this.#used = 0
    await this.#write(pdu)
  }

  #newPdu(): Buffer {
    return Buffer.allocUnsafe(pduHeaderBytes + pdvHeaderBytes + this.#capacity)
  }
}

/** One write for a command, unless the peer takes less than its few hundred bytes at a time. */
export async function writeCommand(
  options: { contextId: number; peerMaxPduLength: number; command: Command },
  deps: { write: (pdu: Buffer) => Promise<void>; onLast?: () => void },
): Promise<void> {
  const fragmenter = new MessageFragmenter({ ...options, isCommand: true }, deps)
  await fragmenter.write(encodeCommand(options.command))
  await fragmenter.end(deps.onLast)
}
