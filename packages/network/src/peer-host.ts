import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Connection, PrivateKey, Stream } from '@libp2p/interface'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import type { Logger, Service } from '@twiin/runtime'
import { TwiinError, codeOf } from '@twiin/runtime'
import { withTimeout } from './abort.ts'
import type { Admission, PeerAddresses } from './admission.ts'
import type { Channel } from './channel.ts'
import { StreamChannel } from './channel.ts'
import { systemLookUp } from './dial-addresses.ts'
import type { LookUp } from './dial-addresses.ts'
import { Dialer } from './dialer.ts'
import type { Libp2pNode } from './libp2p-node.ts'
import { createNode } from './libp2p-node.ts'
import { ConnectionSlots } from './connection-slots.ts'
import type { HostLimits } from './limits.ts'
import { defaultLimits } from './limits.ts'
import { sendRequest, serveRequest } from './request.ts'
import { StreamOpener } from './stream-opener.ts'

export interface HostOptions {
  /** Multiaddrs to listen on, such as `/ip4/0.0.0.0/tcp/4001`. */
  listen: readonly string[]
  /** Multiaddrs told to peers instead of the ones listened on, for a host behind NAT. */
  announce?: readonly string[]
  /** Whether addresses of this machine itself are dialled, when members say to be there. Default false. */
  dialLoopback?: boolean
  limits?: Partial<HostLimits>
}

export interface HostDeps {
  /** The node's Ed25519 seed, 32 bytes: its peer ID and certificate come from the same key. */
  seed: Uint8Array
  admission: Admission
  addresses: PeerAddresses
  /** Where the names in addresses are looked up; the system's resolver when absent. */
  lookUp?: LookUp
  log: Logger
}

export interface AnswerLimits {
  maxRequestBytes: number
  maxAnswerBytes: number
  /** From the opened stream to the last byte of the answer. */
  timeoutMs: number
  /** Default 16. One more is reset. */
  maxConcurrentPerPeer?: number
}
export interface AskOptions {
  maxAnswerBytes: number
  /** Everything together: dialling, opening, asking, answering. */
  timeoutMs: number
  signal?: AbortSignal
  /** As for `open`: a numbered one is dialled here, whatever connection the peer has with us. Default 0. */
  lane?: number
}
export interface ServeLimits {
  maxFrameBytes: number
  /** Default 8. One more is reset. */
  maxConcurrentPerPeer?: number
}
export interface OpenOptions {
  maxFrameBytes: number
  /** Aborts the channel, also later. */
  signal?: AbortSignal
  /** Each lane is a connection of its own to that peer. Default 0, the one that `ask` uses too. */
  lane?: number
}
/** `signal` is aborted when the asker is gone, its time is over, or it was disconnected. */
export type AnswerHandler = (request: Uint8Array, peerId: string, signal: AbortSignal) => Promise<Uint8Array>
/** The channel ends when the promise settles: half closed on success, aborted on an error. */
export type ChannelHandler = (channel: Channel, peerId: string) => Promise<void>

interface Protocol {
  maxConcurrentPerPeer: number
  serve: (stream: Stream, peerId: string, connection: Connection) => Promise<void>
}

/** A libp2p host on which only certified peers exist. Errors are TwiinErrors with the codes of `NetworkErrorCode`. */
export class PeerHost implements Service {
  readonly name = 'network'
  readonly peerId: string
  readonly #limits: HostLimits
  readonly #options: HostOptions
  readonly #deps: HostDeps
  readonly #privateKey: PrivateKey
  readonly #protocols = new Map<string, Protocol>()
  #running: { node: Libp2pNode; dialer: Dialer; opener: StreamOpener } | undefined

  constructor(options: HostOptions, deps: HostDeps) {
    this.#options = options
    this.#deps = deps
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#privateKey = privateKeyFromSeed(deps.seed)
    this.peerId = peerIdFromPrivateKey(this.#privateKey).toString()
  }

  /** Listens. Protocols may be registered before or after. */
  async start(): Promise<void> {
    const { admission, addresses, log, lookUp = systemLookUp } = this.#deps
    const dialling = { loopback: this.#options.dialLoopback ?? false }
    const limits = this.#limits
    const node = await createNode(
      { listen: this.#options.listen, announce: this.#options.announce ?? [], dialling, limits },
      {
        privateKey: this.#privateKey,
        ...{ admission, lookUp, log },
        onRefusal: (peerId, reason) => dialer.noteRefusal(peerId, reason),
      },
    )
    const dialer = new Dialer({ limits, dialling }, { node, addresses })
    const opener = new StreamOpener(this.#limits, {
      dialer,
      requireAdmitted: (peerId) => this.#requireAdmitted(peerId),
    })
    const slots = new ConnectionSlots(this.#limits)
    // a revocation may fall between the verdict and this moment
    node.addEventListener('connection:open', ({ detail: connection }) => {
      if (!admission.stillAdmitted(connection.remotePeer.toString()))
        return connection.abort(notAdmitted(connection))
      slots.take(connection)
    })
    for (const [id, protocol] of this.#protocols) await this.#register(node, id, protocol)
    await node.start()
    this.#running = { node, dialer, opener }
    log.info('network listening', { peer: this.peerId, addresses: node.getMultiaddrs().join(' ') })
  }

  async stop(): Promise<void> {
    const node = this.#running?.node
    this.#running = undefined
    if (node === undefined) return
    // aborted, not closed: a graceful close would wait for every stream
    const reason = new TwiinError('PEER_UNREACHABLE', { reason: 'stopping' })
    for (const connection of node.getConnections()) connection.abort(reason)
    await node.stop()
  }

  /** Where this host is reached, each ending in `/p2p/<peer ID>`; empty before `start()`. */
  multiaddrs(): string[] {
    return this.#running?.node.getMultiaddrs().map((address) => address.toString()) ?? []
  }

  /** One request, one answer, one stream each. An error in the handler resets the stream: the peer learns nothing more. */
  answer(protocol: string, limits: AnswerLimits, handler: AnswerHandler): void {
    this.#add(protocol, {
      maxConcurrentPerPeer: limits.maxConcurrentPerPeer ?? 16,
      serve: async (stream, peerId) => {
        const gone = new AbortController()
        stream.addEventListener('close', (event) => {
          if (event.error !== undefined)
            gone.abort(new TwiinError('CHANNEL_CLOSED', { reason: 'the asker is gone' }))
        })
        const signal = withTimeout(limits.timeoutMs, gone.signal)
        let handled: Promise<unknown> = Promise.resolve()
        try {
          await serveRequest(stream, { ...limits, signal }, (request) => {
            const answer = handler(request, peerId, signal)
            handled = answer
            return answer
          })
        } finally {
          // the slot is held until the handler really ended, also when nobody waits for its answer any more
          await handled.catch(() => {})
        }
      },
    })
  }

  /** @throws TwiinError PEER_UNREACHABLE, PEER_REFUSED, PEER_TIMEOUT, PEER_NOT_ADMITTED, FRAME_TOO_LARGE */
  async ask(peerId: string, protocol: string, request: Uint8Array, options: AskOptions): Promise<Uint8Array> {
    const { opener, dialer } = this.#require()
    const { maxAnswerBytes, lane = 0 } = options
    const signal = withTimeout(options.timeoutMs, options.signal)
    return opener.translating({ peerId, protocol, signal, caller: options.signal }, async () => {
      const { stream, connection } = await opener.open(peerId, protocol, lane, signal)
      try {
        const answer = await sendRequest(stream, request, { maxAnswerBytes, signal })
        opener.noteLife(connection)
        return answer
      } finally {
        if (lane > 0) dialer.release(connection)
      }
    })
  }

  /** Long-lived framed conversations, for bulk. */
  serve(protocol: string, limits: ServeLimits, handler: ChannelHandler): void {
    this.#add(protocol, {
      maxConcurrentPerPeer: limits.maxConcurrentPerPeer ?? 8,
      serve: async (stream, peerId, connection) => {
        const channel = this.#channel(stream, connection, limits.maxFrameBytes)
        try {
          await handler(channel, peerId)
          await channel.end()
        } catch (error) {
          channel.abort(error instanceof Error ? error : new TwiinError('UNEXPECTED'))
          throw error
        }
      },
    })
  }

  /** @throws TwiinError PEER_UNREACHABLE, PEER_REFUSED, PEER_TIMEOUT, PEER_NOT_ADMITTED */
  async open(peerId: string, protocol: string, options: OpenOptions): Promise<Channel> {
    const { opener, dialer } = this.#require()
    const call = { peerId, protocol, signal: options.signal, caller: options.signal }
    return opener.translating(call, async () => {
      const { stream, connection } = await opener.open(peerId, protocol, options.lane ?? 0, options.signal)
      const channel = this.#channel(stream, connection, options.maxFrameBytes)
      const onAbort = () => channel.abort(new TwiinError('CHANNEL_CLOSED', { reason: 'aborted here' }))
      options.signal?.addEventListener('abort', onAbort, { once: true })
      if (options.signal?.aborted) onAbort()
      stream.addEventListener('close', () => {
        options.signal?.removeEventListener('abort', onAbort)
        dialer.release(connection)
      })
      return channel
    })
  }

  /** Makes sure there is a connection, for a node that has just started and wants to be in the routing network. */
  async connect(peerId: string, signal?: AbortSignal): Promise<void> {
    const { opener, dialer } = this.#require()
    await opener.translating({ peerId, protocol: '', signal, caller: signal }, () =>
      dialer.connection(peerId, 0, signal),
    )
  }

  /** Aborts every connection, request and channel with that peer. */
  async disconnect(peerId: string): Promise<void> {
    const connections = this.#running?.node.getConnections(peerIdFromString(peerId)) ?? []
    for (const connection of connections) connection.abort(notAdmitted(connection))
  }

  /** Disconnects everyone who is no longer admitted. Called on every new revocation list. */
  async sweep(): Promise<void> {
    const revoked = this.connectedPeers().filter((peerId) => !this.#deps.admission.stillAdmitted(peerId))
    await Promise.all(revoked.map((peerId) => this.disconnect(peerId)))
  }

  connectedPeers(): string[] {
    return this.#running?.node.getPeers().map((peer) => peer.toString()) ?? []
  }

  /** Connections with that peer now, of either direction. */
  connectionCount(peerId: string): number {
    return this.#running?.node.getConnections(peerIdFromString(peerId)).length ?? 0
  }

  /** Asks the routing network where a peer is now. Empty when nobody knows. */
  async findAddresses(peerId: string, signal: AbortSignal): Promise<string[]> {
    return this.#require().dialer.findAddresses(peerId, signal)
  }

  #channel(stream: Stream, connection: Connection, maxFrameBytes: number): StreamChannel {
    const options = {
      peerId: connection.remotePeer.toString(),
      maxFrameBytes,
      idleMs: this.#limits.channelIdleMs,
    }
    return new StreamChannel(stream, options, () => this.#running?.opener.noteLife(connection))
  }

  #add(id: string, protocol: Protocol): void {
    if (this.#protocols.has(id)) throw new TwiinError('PROTOCOL_TAKEN', { protocol: id })
    this.#protocols.set(id, protocol)
    if (this.#running === undefined) return
    this.#register(this.#running.node, id, protocol).catch((error: unknown) => {
      this.#deps.log.error('protocol not registered', { protocol: id, code: codeOf(error) })
    })
  }

  async #register(node: Libp2pNode, id: string, protocol: Protocol): Promise<void> {
    const running = new Map<string, number>()
    const handle = (stream: Stream, connection: Connection) => {
      const peer = connection.remotePeer.toString()
      const count = running.get(peer) ?? 0
      // spec 00 §5: admission MUST be asked again for every request and channel
      if (!this.#deps.admission.stillAdmitted(peer)) return connection.abort(notAdmitted(connection))
      if (count >= protocol.maxConcurrentPerPeer) return stream.abort(new TwiinError('TOO_MANY_STREAMS'))
      running.set(peer, count + 1)
      protocol
        .serve(stream, peer, connection)
        .catch((error: unknown) => {
          stream.abort(new TwiinError('REFUSED'))
          this.#deps.log.warn('conversation failed', { protocol: id, peer, code: codeOf(error) })
        })
        .finally(() => {
          const left = (running.get(peer) ?? 1) - 1
          if (left > 0) running.set(peer, left)
          else running.delete(peer)
        })
        .catch(() => {})
    }
    const streams = this.#limits.maxStreamsPerConnection
    await node.handle(id, handle, { maxInboundStreams: streams, maxOutboundStreams: streams })
  }

  #requireAdmitted(peerId: string): void {
    if (this.#deps.admission.stillAdmitted(peerId)) return
    void this.disconnect(peerId)
    throw new TwiinError('PEER_NOT_ADMITTED', { peer: peerId })
  }

  #require(): { node: Libp2pNode; dialer: Dialer; opener: StreamOpener } {
    if (this.#running === undefined) throw new TwiinError('PEER_UNREACHABLE', { reason: 'not started' })
    return this.#running
  }
}

function notAdmitted(connection: Connection): TwiinError {
  return new TwiinError('PEER_NOT_ADMITTED', { peer: connection.remotePeer.toString() })
}

/** libp2p's raw private key is seed and public key behind each other; its own derivation is asynchronous. */
function privateKeyFromSeed(seed: Uint8Array): PrivateKey {
  if (seed.byteLength !== 32) throw new TwiinError('SEED_INVALID', { bytes: seed.byteLength })
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const publicKey = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  return privateKeyFromRaw(Buffer.concat([seed, spki.subarray(-32)]))
}
