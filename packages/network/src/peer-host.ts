import type { Logger, Service } from '@twiin/runtime'
import type { Admission, PeerAddresses } from './admission.ts'
import type { Channel } from './channel.ts'
import type { HostLimits } from './limits.ts'

export interface HostOptions {
  /** Multiaddrs to listen on, such as `/ip4/0.0.0.0/tcp/4001`. */
  listen: readonly string[]
  /** Multiaddrs told to peers instead of the ones listened on, for a host behind NAT. */
  announce?: readonly string[]
  limits?: Partial<HostLimits>
}

export interface HostDeps {
  /** The node's Ed25519 seed, 32 bytes: its peer ID and certificate come from the same key. */
  seed: Uint8Array
  admission: Admission
  addresses: PeerAddresses
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
  timeoutMs: number
  signal?: AbortSignal
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

/** A libp2p host on which only certified peers exist. Errors are TwiinErrors with the codes of `NetworkErrorCode`. */
export class PeerHost implements Service {
  readonly name = 'network'
  readonly peerId: string

  constructor(_options: HostOptions, _deps: HostDeps) {
    this.peerId = ''
  }

  /** Listens. Protocols may be registered before or after. */
  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  /** Where this host is reached, each ending in `/p2p/<peer ID>`; empty before `start()`. */
  multiaddrs(): string[] {
    return []
  }

  /** One request, one answer, one stream each. An error in the handler resets the stream: the peer learns nothing more. */
  answer(_protocol: string, _limits: AnswerLimits, _handler: AnswerHandler): void {}

  /** @throws TwiinError PEER_UNREACHABLE, PEER_REFUSED, PEER_TIMEOUT, PEER_NOT_ADMITTED, FRAME_TOO_LARGE */
  ask(_peerId: string, _protocol: string, _request: Uint8Array, _options: AskOptions): Promise<Uint8Array> {
    throw new Error('unwritten')
  }

  /** Long-lived framed conversations, for bulk. */
  serve(_protocol: string, _limits: ServeLimits, _handler: ChannelHandler): void {}

  /** @throws TwiinError PEER_UNREACHABLE, PEER_REFUSED, PEER_TIMEOUT, PEER_NOT_ADMITTED */
  open(_peerId: string, _protocol: string, _options: OpenOptions): Promise<Channel> {
    throw new Error('unwritten')
  }

  /** Makes sure there is a connection, for a node that has just started and wants to be in the routing network. */
  async connect(_peerId: string, _signal?: AbortSignal): Promise<void> {}

  /** Aborts every connection, request and channel with that peer. */
  async disconnect(_peerId: string): Promise<void> {}

  /** Disconnects everyone who is no longer admitted. Called on every new revocation list. */
  async sweep(): Promise<void> {}

  connectedPeers(): string[] {
    return []
  }

  /** Asks the routing network where a peer is now. Empty when nobody knows. */
  async findAddresses(_peerId: string, _signal: AbortSignal): Promise<string[]> {
    return []
  }
}
