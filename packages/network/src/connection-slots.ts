import type { Connection } from '@libp2p/interface'
import { TwiinError } from '@twiin/runtime'
import type { HostLimits } from './limits.ts'

type Limits = Pick<HostLimits, 'maxConnections' | 'maxConnectionsPerPeer' | 'reservedConnections'>

/**
 * How many of the connections may be one peer's. Its new one takes the place of its oldest, since what a peer left behind
 * when its line broke still looks open here. spec 00 §5
 */
export class ConnectionSlots {
  readonly #limits: Limits
  /** peer → what it opened, oldest first. What we opened ourselves is bounded by what we ask. */
  readonly #inbound = new Map<string, Set<Connection>>()
  #total = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  take(connection: Connection): void {
    if (connection.status !== 'open') return
    this.#total++
    const peer = connection.remotePeer.toString()
    const own = this.#inbound.get(peer) ?? new Set()
    if (connection.direction === 'inbound') this.#inbound.set(peer, own.add(connection))
    connection.addEventListener('close', () => {
      this.#total--
      this.#forget(peer, connection)
    })
    const { maxConnections, maxConnectionsPerPeer, reservedConnections } = this.#limits
    // The last slots are for members that have none.
    const scarce = this.#total > maxConnections - reservedConnections
    const [oldest] = own
    if (oldest === undefined || oldest === connection) return
    if (own.size > maxConnectionsPerPeer || (scarce && connection.direction === 'inbound')) {
      this.#forget(peer, oldest)
      oldest.abort(new TwiinError('TOO_MANY_CONNECTIONS', { peer }))
    }
  }

  #forget(peer: string, connection: Connection): void {
    const own = this.#inbound.get(peer)
    own?.delete(connection)
    if (own?.size === 0) this.#inbound.delete(peer)
  }
}
