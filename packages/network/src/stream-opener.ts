import type { Connection, Stream } from '@libp2p/interface'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import { reasonOf, withTimeout } from './abort.ts'
import { toChannelError } from './channel.ts'
import type { Dialer } from './dialer.ts'
import type { HostLimits } from './limits.ts'

interface Call {
  peerId: string
  protocol: string
  signal: AbortSignal | undefined
  /** The signal the caller gave: its reason goes back untranslated. */
  caller: AbortSignal | undefined
}

/** Opens streams to peers and says in our codes why it could not. */
export class StreamOpener {
  readonly #limits: HostLimits
  readonly #dialer: Dialer
  readonly #requireAdmitted: (peerId: string) => void
  readonly #lastLife = new WeakMap<Connection, number>()

  constructor(limits: HostLimits, deps: { dialer: Dialer; requireAdmitted: (peerId: string) => void }) {
    this.#limits = limits
    this.#dialer = deps.dialer
    this.#requireAdmitted = deps.requireAdmitted
  }

  /** Something arrived, or was taken, on that connection. */
  noteLife(connection: Connection): void {
    this.#lastLife.set(connection, performance.now())
  }

  async open(
    peerId: string,
    protocol: string,
    lane: number,
    signal?: AbortSignal,
  ): Promise<{ stream: Stream; connection: Connection }> {
    for (let attempt = 1; ; attempt++) {
      const connection = await this.#dialer.connection(peerId, lane, signal)
      this.#requireAdmitted(peerId)
      const openedAt = performance.now()
      try {
        const stream = await connection.newStream(protocol, {
          signal: withTimeout(this.#limits.negotiationTimeoutMs, signal),
          maxOutboundStreams: this.#limits.maxStreamsPerConnection,
        })
        this.noteLife(connection)
        return { stream, connection }
      } catch (error) {
        if (signal?.aborted) throw reasonOf(signal)
        if (nameOf(error) === 'UnsupportedProtocolError') {
          throw new TwiinError('PEER_REFUSED', { peer: peerId, protocol, reason: 'protocol not spoken' })
        }
        if (nameOf(error) === 'TimeoutError' || nameOf(error) === 'AbortError') {
          this.#judgeSilence(connection, peerId, openedAt)
        }
        // nothing was sent yet: a connection that broke meanwhile may be replaced once
        if (connection.status === 'open' || attempt > 1) throw error
      }
    }
  }

  /** Runs a conversation and turns whatever breaks it into one of our codes. */
  async translating<T>(call: Call, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (call.caller?.aborted) throw reasonOf(call.caller)
      if (call.signal?.aborted)
        throw new TwiinError('PEER_TIMEOUT', { peer: call.peerId, protocol: call.protocol })
      throw this.#translate(error, call)
    }
  }

  #translate(error: unknown, { peerId, protocol }: Call): TwiinError {
    if (isTwiinError(error) && error.code !== 'CHANNEL_CLOSED') return error
    const reset =
      nameOf(error) === 'StreamResetError' || nameOf(error) === 'TooManyOutboundProtocolStreamsError'
    const code = reset ? 'PEER_REFUSED' : 'PEER_UNREACHABLE'
    const reason = toChannelError(error).facts.reason
    return new TwiinError(code, { peer: peerId, protocol, reason }, { cause: error })
  }

  /** A live peer negotiates at once, or is at least moving bulk: one that does neither is gone, and so is the connection. */
  #judgeSilence(connection: Connection, peerId: string, since: number): void {
    if ((this.#lastLife.get(connection) ?? 0) > since) {
      throw new TwiinError('PEER_TIMEOUT', { peer: peerId, reason: 'busy' })
    }
    const gone = new TwiinError('PEER_UNREACHABLE', { peer: peerId, reason: 'silent' })
    connection.abort(gone)
    throw gone
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}
