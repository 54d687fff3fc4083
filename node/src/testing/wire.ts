import { TwiinError } from '@twiin/runtime'
import type { AnswerHandler, Channel, ChannelHandler, PeerHost } from '@twiin/network'
import { channelPair } from '@twiin/transfer/testing'
import type { ChannelFaults } from '@twiin/transfer/testing'

/** A network without sockets: hosts that reach each other in memory, and a switch for each. */
export class Wire {
  readonly hosts = new Map<string, WiredHost>()
  /** What goes wrong on the next channels, first come first served. */
  readonly faults: ChannelFaults[] = []

  /** The same one for the same peer: a restart registers its protocols anew. */
  host(peerId: string): WiredHost {
    const host = this.hosts.get(peerId) ?? new WiredHost(peerId, this)
    this.hosts.set(peerId, host)
    return host
  }
}

/** The part of a `PeerHost` that the application uses. */
export class WiredHost implements Pick<
  PeerHost,
  'peerId' | 'answer' | 'serve' | 'ask' | 'open' | 'connectedPeers'
> {
  readonly peerId: string
  readonly #wire: Wire
  readonly #answers = new Map<string, AnswerHandler>()
  readonly #channels = new Map<string, ChannelHandler>()
  readonly asked: { peerId: string; protocol: string }[] = []
  isUp = true

  constructor(peerId: string, wire: Wire) {
    this.peerId = peerId
    this.#wire = wire
  }

  answer(protocol: string, _limits: object, handler: AnswerHandler): void {
    this.#answers.set(protocol, handler)
  }

  serve(protocol: string, _limits: object, handler: ChannelHandler): void {
    this.#channels.set(protocol, handler)
  }

  /** As of a version that does not speak it yet. */
  unlearn(protocol: string): void {
    this.#answers.delete(protocol)
    this.#channels.delete(protocol)
  }

  connectedPeers(): string[] {
    return [...this.#wire.hosts.values()].filter(({ isUp }) => isUp).map(({ peerId }) => peerId)
  }

  async ask(peerId: string, protocol: string, bytes: Uint8Array): Promise<Uint8Array> {
    this.asked.push({ peerId, protocol })
    const handler = this.#other(peerId).#answers.get(protocol)
    if (handler === undefined) throw new TwiinError('PEER_REFUSED')
    try {
      return await handler(bytes, this.peerId, new AbortController().signal)
    } catch {
      throw new TwiinError('PEER_REFUSED')
    }
  }

  async open(peerId: string, protocol: string): Promise<Channel> {
    this.asked.push({ peerId, protocol })
    const handler = this.#other(peerId).#channels.get(protocol)
    if (handler === undefined) throw new TwiinError('PEER_REFUSED', { reason: 'protocol not spoken' })
    const { receiver, holder } = channelPair(this.#wire.faults.shift())
    handler({ ...holder, peerId: this.peerId }, this.peerId).then(
      () => holder.end(),
      () => holder.abort(new TwiinError('REFUSED')),
    )
    return { ...receiver, peerId }
  }

  #other(peerId: string): WiredHost {
    const other = this.#wire.hosts.get(peerId)
    if (!this.isUp || other?.isUp !== true) throw new TwiinError('PEER_UNREACHABLE')
    return other
  }
}
