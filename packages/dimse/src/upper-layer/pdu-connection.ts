import type { Socket } from 'node:net'
import type { Clock } from '@twiin/runtime'
import { dimseError } from '../dimse-error.ts'
import type { PduType } from './pdu.ts'
import { PduReader } from './pdu-reader.ts'
import type { Pdu, PduReaderOptions, PduWait } from './pdu-reader.ts'
import { Watchdog } from './watchdog.ts'

export interface PduConnectionOptions extends PduReaderOptions {
  /** For the peer to take what we write. */
  writeMs: number
  /** For the peer to close after our last word. */
  closeMs: number
}

const keepAliveMs = 60_000

/** A socket as the upper layer sees it: PDUs in, PDUs out, a last word. Owns the socket, listens to its errors. */
export class PduConnection {
  readonly #options: PduConnectionOptions
  readonly #socket: Socket
  readonly #reader: PduReader
  readonly #writeWatchdog: Watchdog
  readonly #closeWatchdog: Watchdog
  readonly #closed: Promise<void>
  #writeFailure: Error | undefined
  /** All who write wait for the same. */
  #writable: PromiseWithResolvers<void> | undefined

  /** The socket must allow half-open connections, or a peer that shuts its side down never hears why. */
  constructor(options: PduConnectionOptions, deps: { socket: Socket; clock: Clock }) {
    this.#options = options
    this.#socket = deps.socket
    deps.socket.setNoDelay(true) // spec docs/dicom-conformance.md §6.3: Nagle costs 40 ms an instance
    deps.socket.setKeepAlive(true, keepAliveMs) // a peer that lost its power during a long retrieval is noticed
    deps.socket.on('error', () => {}) // 'close' follows, and tells the writer
    this.#reader = new PduReader(options, deps)
    this.#writeWatchdog = new Watchdog({
      clock: deps.clock,
      onExpired: (waitingFor) => this.#failWrite(dimseError('DIMSE_TIMEOUT', { waitingFor })),
    })
    this.#closeWatchdog = new Watchdog({ clock: deps.clock, onExpired: () => this.destroy() })
    deps.socket.on('drain', () => this.#resume())
    this.#closed = new Promise((resolve) =>
      deps.socket.once('close', () => {
        this.#failWrite(dimseError('ASSOCIATION_LOST'))
        this.#writeWatchdog.close()
        this.#closeWatchdog.close()
        resolve()
      }),
    )
  }

  read(expected: readonly PduType[], wait: PduWait): Promise<Pdu> {
    return this.#reader.read(expected, wait)
  }

  /** Resolves when the socket wants more: awaiting it is the back-pressure. The buffer is the socket's from now on. */
  async write(bytes: Buffer): Promise<void> {
    this.#throwIfFailed()
    if (this.#socket.write(bytes)) return
    this.#writeWatchdog.arm('the peer to take more bytes', this.#options.writeMs)
    this.#writable ??= Promise.withResolvers()
    await this.#writable.promise
    this.#throwIfFailed() // it may have, while we waited
  }

  /** Says a last word, drops what still comes in, and resolves when the connection is gone. */
  async finish(lastWord: Buffer = Buffer.alloc(0)): Promise<void> {
    if (this.#socket.writable) {
      this.#closeWatchdog.arm('the peer to close', this.#options.closeMs)
      this.#socket.end(lastWord)
      this.#reader.discard()
    }
    await this.#closed
  }

  /** Ends it at once, from whatever is going on; reads and writes then throw `why`. */
  abort(lastWord: Buffer, why: Error): void {
    this.#reader.fail(why)
    this.#failWrite(why)
    this.#closeWatchdog.arm('the peer to take our last word', this.#options.closeMs)
    if (this.#socket.connecting) return this.destroy()
    this.#socket.end(lastWord)
    this.#socket.destroySoon()
  }

  /** Why reading ended, if it did. */
  get failure(): Error | undefined {
    return this.#reader.failure
  }

  /** Ends what is being read or written, and every later read and write, with `why`; a last word can still be said. */
  fail(why: Error): void {
    this.#reader.fail(why)
    this.#failWrite(why)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #throwIfFailed(): void {
    if (this.#writeFailure !== undefined) throw this.#writeFailure
  }

  #failWrite(error: Error): void {
    this.#writeFailure ??= error
    this.#resume()
  }

  #resume(): void {
    this.#writeWatchdog.disarm()
    this.#writable?.resolve()
    this.#writable = undefined
  }
}
