import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { AssociationAcceptor } from './upper-layer/association-acceptor.ts'
import type { DimseProvider } from './dimse-provider.ts'
import { Room } from './messages/room.ts'
import { acceptorLimits, acceptorTimeouts } from './limits.ts'
import type { AcceptorLimits, AcceptorTimeouts } from './limits.ts'
import type { TlsPeer } from './store-provider.ts'
import { PduConnection } from './upper-layer/pdu-connection.ts'
import { TlsHandshakes } from './upper-layer/tls.ts'
import type { ServerTls } from './upper-layer/tls.ts'
import { monotonicClock } from './upper-layer/watchdog.ts'

export interface DimseServerOptions {
  host: string
  /** 0 takes a free port; `address()` tells which. */
  port: number
  /** Absent: plain connections. A hospital that offers both runs two servers. */
  tls?: ServerTls
  limits?: Partial<AcceptorLimits>
  timeouts?: Partial<AcceptorTimeouts>
}

export interface DimseServerDeps {
  provider: DimseProvider
  log: Logger
  /** Only differences are used; the default is monotonic. */
  clock?: Clock
}

/** From TCP accept to its close; `acceptor` once the peer may speak DICOM. */
interface Connection {
  remoteAddress: string
  socket: Socket
  acceptor?: AssociationAcceptor
  done: Promise<void>
}

/** Listens for associations and serves on each what its provider provides. */
export class DimseServer implements Service {
  readonly name = 'dimse'
  readonly #options: DimseServerOptions
  readonly #limits: AcceptorLimits
  readonly #timeouts: AcceptorTimeouts
  readonly #deps: DimseServerDeps
  readonly #handshakes: TlsHandshakes | undefined
  readonly #open = new Set<Connection>()
  readonly #room: Room
  #server: Server | undefined

  constructor(options: DimseServerOptions, deps: DimseServerDeps) {
    this.#options = options
    this.#limits = { ...acceptorLimits, ...options.limits }
    this.#timeouts = { ...acceptorTimeouts, ...options.timeouts }
    this.#deps = deps
    const { tls } = options
    if (tls !== undefined) this.#handshakes = new TlsHandshakes({ tls, handshakeMs: this.#timeouts.artimMs })
    const { maxPduLength, maxCommitmentBytesTogether } = this.#limits
    this.#room = new Room(maxCommitmentBytesTogether)
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
    for (const { acceptor, socket } of this.#open) {
      if (acceptor === undefined) socket.destroy()
      else acceptor.abort()
    }
    await Promise.all([...this.#open].map(({ done }) => done))
    await closed
  }

  /** For associations from now on: a certificate that was renewed needs no restart. */
  renewTls(tls: ServerTls): void {
    this.#handshakes?.renew(tls)
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
    const fromThere = [...this.#open].filter((other) => other.remoteAddress === remoteAddress).length
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
    const connection: Connection = { remoteAddress, socket, done: Promise.resolve() }
    this.#open.add(connection)
    connection.done = this.#serve(connection, overLimit).finally(() => this.#open.delete(connection))
  }

  async #serve(connection: Connection, overLimit: boolean): Promise<void> {
    let { socket } = connection
    let tls: TlsPeer | undefined
    if (this.#handshakes !== undefined) {
      try {
        const secured = await this.#handshakes.shake(socket)
        socket = secured.socket
        tls = secured.peer
      } catch {
        this.#deps.log.warn('dimse.tls.refused', { remoteAddress: connection.remoteAddress })
        return
      }
    }
    const { maxPduLength, maxAssociatePduLength } = this.#limits
    const { pduMs, closeMs } = this.#timeouts
    const clock = this.#deps.clock ?? monotonicClock
    const { remoteAddress } = connection
    connection.acceptor = new AssociationAcceptor(
      { id: randomUUID(), remoteAddress, tls, overLimit, limits: this.#limits, timeouts: this.#timeouts },
      {
        ...this.#deps,
        clock,
        room: this.#room,
        connection: new PduConnection(
          { maxPduLength, maxAssociatePduLength, pduMs, writeMs: pduMs, closeMs },
          { socket, clock },
        ),
      },
    )
    await connection.acceptor.run()
  }
}
