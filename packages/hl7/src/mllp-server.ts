import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Logger, Service } from '@twiin/runtime'
import { BufferedBytes, FrameDecoder, framed } from './frame-decoder.ts'
import { mllpLimits, mllpTimeouts } from './limits.ts'
import type { MllpLimits, MllpTimeouts } from './limits.ts'

export interface MllpServerOptions {
  host: string
  /** 0 takes a free port; `address()` tells which. */
  port: number
  /** With it only TLS is spoken. */
  tls?: Pick<TlsOptions, 'key' | 'cert' | 'ca' | 'requestCert' | 'rejectUnauthorized' | 'minVersion'>
  /** Who may connect; anybody when it is not given. */
  addresses?: readonly string[]
  limits?: Partial<MllpLimits>
  timeouts?: Partial<MllpTimeouts>
}

export interface MllpReceiver {
  /**
   * One message, and the answer to it; the next of this connection comes when this one was answered. When it rejects, the
   * connection is closed without an answer and the sender sends again.
   */
  receive(message: Buffer, from: MllpConnection): Promise<Buffer>
}

export interface MllpConnection {
  readonly connection: string
  readonly remoteAddress: string
  /** To be called when its sender is known: from then on it may be silent for long. */
  admitted(): void
}

interface Open {
  remoteAddress: string
  /** Of all connections of this address. */
  room: BufferedBytes
  done: Promise<void>
}

/** After so much work for one connection the others get their turn. */
const turnMs = 20

/** Listens for MLLP (spec 15 §2). Nothing is answered that the receiver did not answer. */
export class MllpServer implements Service {
  readonly name = 'hl7'
  readonly #options: MllpServerOptions
  readonly #limits: MllpLimits
  readonly #timeouts: MllpTimeouts
  readonly #deps: { receiver: MllpReceiver; log: Logger }
  readonly #room: BufferedBytes
  readonly #open = new Map<Socket, Open>()
  /** Every connection, also one whose TLS is still being agreed on. */
  readonly #connections = new Set<Socket>()
  #server: Server | undefined

  constructor(options: MllpServerOptions, deps: { receiver: MllpReceiver; log: Logger }) {
    this.#options = options
    this.#limits = { ...mllpLimits, ...options.limits }
    this.#timeouts = { ...mllpTimeouts, ...options.timeouts }
    this.#deps = deps
    this.#room = new BufferedBytes(this.#limits.maxBufferedBytes)
  }

  async start(): Promise<void> {
    const { tls, host, port } = this.#options
    const { log } = this.#deps
    const server =
      tls === undefined
        ? // Half open: who ends after his last message still gets its answer.
          createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
        : createTlsServer(
            {
              minVersion: 'TLSv1.2',
              handshakeTimeout: this.#timeouts.handshakeMs,
              allowHalfOpen: true,
              ...tls,
            },
            (socket) => this.#accept(socket),
          )
    server.maxConnections = 4 * this.#limits.maxConnections
    server.on('connection', (socket: Socket) => {
      this.#connections.add(socket)
      socket.once('close', () => this.#connections.delete(socket))
    })
    server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      log.info('hl7 TLS refused', { code: codeOf(error) })
      // Half open, it would count as a connection for ever.
      socket.destroy()
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(port, host, resolve)
    await promise
    server.off('error', reject)
    server.on('error', (error) => log.error('hl7 not listening', { code: codeOf(error) }))
    this.#server = server
    log.info('hl7 listening', { ...this.address(), tls: tls !== undefined })
  }

  /** Stops listening and ends every connection; resolves when no message is being received any more. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    const running = [...this.#open.values()].map(({ done }) => done)
    for (const socket of this.#open.keys()) socket.destroy()
    await Promise.all(running)
    for (const socket of this.#connections) socket.destroy()
    await closed
  }

  /** Where it listens, after `start`. */
  address(): { host: string; port: number } {
    const address = this.#server?.address()
    if (address === null || typeof address !== 'object')
      throw new TwiinError('NOT_STARTED', { service: this.name })
    return { host: address.address, port: address.port }
  }

  #accept(socket: Socket | TLSSocket): void {
    const { log } = this.#deps
    const remoteAddress = socket.remoteAddress ?? 'unknown'
    socket.on('error', () => {})
    const { addresses } = this.#options
    if (addresses?.includes(remoteAddress.replace(/^::ffff:/, '')) === false) {
      log.warn('hl7 connection refused: no sender has this address', { remoteAddress })
      socket.destroy()
      return
    }
    const fromThere = [...this.#open.values()].filter((other) => other.remoteAddress === remoteAddress)
    const { maxConnections, maxConnectionsPerAddress, maxBufferedBytes, maxFrameBytes } = this.#limits
    if (
      this.#server === undefined ||
      this.#open.size >= maxConnections ||
      fromThere.length >= maxConnectionsPerAddress
    ) {
      log.warn('hl7 connection refused: too many', { remoteAddress })
      socket.destroy()
      return
    }
    const share = Math.max(maxBufferedBytes / 4, maxFrameBytes)
    const room = fromThere[0]?.room ?? new BufferedBytes(share, this.#room)
    const done = this.#serve(socket, remoteAddress, room)
      .catch((error: unknown) => log.warn('hl7 connection closed', { remoteAddress, code: codeOf(error) }))
      .finally(() => {
        this.#open.delete(socket)
        socket.destroy()
      })
    this.#open.set(socket, { remoteAddress, room, done })
  }

  async #serve(socket: Socket, remoteAddress: string, room: BufferedBytes): Promise<void> {
    const decoder = new FrameDecoder(this.#limits, { room })
    const { firstMs, idleMs, frameMs } = this.#timeouts
    let silenceMs = Math.min(firstMs, idleMs)
    const admitted = () => void (silenceMs = idleMs)
    const from: MllpConnection = { connection: randomUUID(), remoteAddress, admitted }
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    const give = () => socket.destroy(new TwiinError('HL7_TIMEOUT'))
    let watch = setTimeout(give, silenceMs)
    try {
      let busySince = performance.now()
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        const wasInside = decoder.inside
        // A frame has its time from its first byte; more bytes buy no more time.
        let isSameFrame = wasInside
        for (const message of decoder.push(chunk)) {
          isSameFrame = false
          clearTimeout(watch)
          await this.#answer(socket, await this.#deps.receiver.receive(message, from))
          if (performance.now() - busySince < turnMs) continue
          await new Promise((resolve) => setImmediate(resolve))
          busySince = performance.now()
        }
        if (isSameFrame && decoder.inside) continue
        clearTimeout(watch)
        watch = setTimeout(give, decoder.inside ? frameMs : silenceMs)
      }
      await new Promise<void>((resolve) => {
        watch = setTimeout(give, this.#timeouts.writeMs)
        socket.once('close', resolve).end(resolve)
      })
    } finally {
      clearTimeout(watch)
      decoder.close()
    }
  }

  async #answer(socket: Socket, answer: Buffer): Promise<void> {
    if (socket.write(framed(answer))) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(() => socket.destroy(new TwiinError('HL7_TIMEOUT')), this.#timeouts.writeMs)
    const free = () => resolve()
    socket.once('drain', free).once('close', free)
    await promise
    clearTimeout(timer)
    socket.off('drain', free).off('close', free)
  }
}
