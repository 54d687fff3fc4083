import type { Socket } from 'node:net'
import { codeOf } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { dimseError } from '../dimse-error.ts'
import { pduHeaderBytes, pduType } from './pdu.ts'
import type { PduType } from './pdu.ts'
import { Watchdog } from './watchdog.ts'

export interface Pdu {
  type: PduType
  /** Valid until the next read. */
  body: Buffer
}

export interface PduReaderOptions {
  maxPduLength: number
  maxAssociatePduLength: number
  /** For a PDU that has begun. */
  pduMs: number
}

/** How long to wait for a PDU to begin; `whole`: to be complete. Without `ms`, or `while` something else goes on, for ever. */
export interface PduWait {
  for: string
  ms?: number
  whole?: boolean
  while?: () => boolean
}

/**
 * Reads PDUs on request. Between requests nothing is taken from the socket, which is the back-pressure. A header is judged
 * before a byte of its body is kept, and bodies share one buffer, so an association costs at most one PDU.
 */
export class PduReader {
  readonly #options: PduReaderOptions
  readonly #socket: Socket
  readonly #watchdog: Watchdog
  readonly #header = Buffer.alloc(pduHeaderBytes)
  #body: Buffer = Buffer.alloc(0)
  #chunk: Buffer = Buffer.alloc(0)
  #wake: (() => void) | undefined
  #failure: Error | undefined
  #discarding = false
  #wait: PduWait | undefined

  constructor(options: PduReaderOptions, deps: { socket: Socket; clock: Clock }) {
    this.#options = options
    this.#socket = deps.socket
    this.#watchdog = new Watchdog({
      clock: deps.clock,
      onExpired: (waitingFor) => this.#expired(waitingFor),
    })
    deps.socket.on('readable', () => (this.#discarding ? this.discard() : this.#wake?.()))
    deps.socket.on('error', (error) =>
      this.fail(dimseError('ASSOCIATION_LOST', { cause: codeOf(error) }, error)),
    )
    deps.socket.once('end', () => this.fail(dimseError('ASSOCIATION_LOST')))
    deps.socket.once('close', () => {
      this.fail(dimseError('ASSOCIATION_LOST'))
      this.#watchdog.close()
    })
  }

  /** The next PDU, if its type is one of `expected`; else the PDU_… error that says what is wrong with it. */
  async read(expected: readonly PduType[], wait: PduWait): Promise<Pdu> {
    try {
      this.#wait = wait
      if (wait.ms !== undefined) this.#watchdog.arm(wait.for, wait.ms)
      if (this.#chunk.length === 0) await this.#nextChunk()
      this.#wait = undefined
      if (wait.whole !== true) this.#watchdog.arm('the rest of a PDU', this.#options.pduMs)
      await this.#fill(this.#header)
      const { type, length } = this.#judgeHeader(expected)
      if (this.#body.length < length) this.#body = Buffer.allocUnsafeSlow(length)
      const body = this.#body.subarray(0, length)
      await this.#fill(body)
      return { type, body }
    } finally {
      this.#watchdog.disarm()
    }
  }

  /** From now on, whatever the peer still sends is dropped, so that it can read our last word. */
  discard(): void {
    this.#discarding = true
    this.#chunk = Buffer.alloc(0)
    while (this.#socket.read() !== null) continue
  }

  #expired(waitingFor: string): void {
    const wait = this.#wait
    if (wait?.ms !== undefined && wait.while?.() === true) this.#watchdog.arm(wait.for, wait.ms)
    else this.fail(dimseError('DIMSE_TIMEOUT', { waitingFor }))
  }

  #judgeHeader(expected: readonly PduType[]): { type: PduType; length: number } {
    const type = expected.find((candidate) => candidate === this.#header[0])
    const length = this.#header.readUInt32BE(2)
    if (type === undefined) {
      const known = Object.values(pduType).some((candidate) => candidate === this.#header[0])
      throw dimseError(known ? 'PDU_UNEXPECTED' : 'PDU_UNRECOGNISED', { type: this.#header[0] })
    }
    const associates = type === pduType.associateRequest || type === pduType.associateAccept
    if (type === pduType.data || associates) {
      const limit = associates ? this.#options.maxAssociatePduLength : this.#options.maxPduLength
      if (length > limit) throw dimseError('PDU_TOO_LONG', { type, length, limit })
    } else if (length !== 4) {
      throw dimseError('PDU_MALFORMED', { type, length })
    }
    return { type, length }
  }

  async #fill(target: Buffer): Promise<void> {
    for (let at = 0; at < target.length;) {
      if (this.#chunk.length === 0) await this.#nextChunk()
      const taken = this.#chunk.copy(target, at)
      this.#chunk = this.#chunk.subarray(taken)
      at += taken
    }
  }

  async #nextChunk(): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const chunk = this.#socket.read() as Buffer | null
      if (chunk !== null) {
        this.#chunk = chunk
        return
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  /** Ends a read that waits, and every later one. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }
}
