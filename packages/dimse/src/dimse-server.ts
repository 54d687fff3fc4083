import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { AssociationAcceptor } from './association-acceptor.ts'
import type { DimseProvider } from './dimse-provider.ts'
import { acceptorLimits, acceptorTimeouts } from './limits.ts'
import type { AcceptorLimits, AcceptorTimeouts } from './limits.ts'
import { PduConnection } from './pdu-connection.ts'
import { monotonicClock } from './watchdog.ts'

export interface DimseServerOptions {
  host: string
  /** 0 takes a free port; `address()` tells which. */
  port: number
  limits?: Partial<AcceptorLimits>
  timeouts?: Partial<AcceptorTimeouts>
}

export interface DimseServerDeps {
  provider: DimseProvider
  log: Logger
  /** Only differences are used; the default is monotonic. */
  clock?: Clock
}

/** Listens for associations and serves C-ECHO and C-STORE on each. */
export class DimseServer implements Service {
  readonly name = 'dimse'
  readonly #options: DimseServerOptions
  readonly #limits: AcceptorLimits
  readonly #timeouts: AcceptorTimeouts
  readonly #deps: DimseServerDeps
  readonly #open = new Map<AssociationAcceptor, { remoteAddress: string; done: Promise<void> }>()
  #server: Server | undefined

  constructor(options: DimseServerOptions, deps: DimseServerDeps) {
    this.#options = options
    this.#limits = { ...acceptorLimits, ...options.limits }
    this.#timeouts = { ...acceptorTimeouts, ...options.timeouts }
    this.#deps = deps
    const { maxPduLength } = this.#limits
    if (!(maxPduLength >= 4096 && maxPduLength <= 1024 ** 2)) {
      throw new TwiinError('SETTING_INVALID', { setting: 'maxPduLength', value: maxPduLength })
    }
  }

  async start(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) =>
      this.#accept(socket),
    )
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(this.#options.port, this.#options.host, resolve)
    await promise
    server.off('error', reject)
    server.on('error', (error) => this.#deps.log.error('dimse.listen.failed', { message: error.message }))
    this.#server = server
    this.#deps.log.info('dimse.listening', this.address())
  }

  /** Stops listening, aborts what is open, and resolves when every sink has come to its end. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const acceptor of this.#open.keys()) acceptor.abort()
    await Promise.all([...this.#open.values()].map(({ done }) => done))
    await closed
  }

  /** Where it listens, after `start`. */
  address(): { host: string; port: number } {
    const address = this.#server?.address()
    if (address === null || typeof address !== 'object')
      throw new TwiinError('NOT_STARTED', { service: this.name })
    return { host: address.address, port: address.port }
  }

  #accept(socket: Socket): void {
    const remoteAddress = socket.remoteAddress ?? 'unknown'
    const { maxAssociations, maxAssociationsPerAddress } = this.#limits
    const open = this.#open.size
    const fromThere = [...this.#open.values()].filter((other) => other.remoteAddress === remoteAddress).length
    // twice the cap may stay long enough to hear the rejection; beyond it nobody is worth a buffer
    if (
      this.#server === undefined ||
      open >= 2 * maxAssociations ||
      fromThere >= 2 * maxAssociationsPerAddress
    ) {
      socket.destroy()
      return
    }
    const overLimit = open >= maxAssociations || fromThere >= maxAssociationsPerAddress
    const { maxPduLength, maxAssociatePduLength } = this.#limits
    const { pduMs, closeMs } = this.#timeouts
    const connection = new PduConnection(
      { maxPduLength, maxAssociatePduLength, pduMs, writeMs: pduMs, closeMs },
      { socket, clock: this.#deps.clock ?? monotonicClock },
    )
    const acceptor = new AssociationAcceptor(
      { id: randomUUID(), remoteAddress, overLimit, limits: this.#limits, timeouts: this.#timeouts },
      { connection, provider: this.#deps.provider, log: this.#deps.log },
    )
    const done = acceptor.run().finally(() => this.#open.delete(acceptor))
    this.#open.set(acceptor, { remoteAddress, done })
  }
}
