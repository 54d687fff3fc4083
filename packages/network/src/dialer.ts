import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { TwiinError, codeOf } from '@twiin/runtime'
import { unlessAborted, withTimeout } from './abort.ts'
import type { PeerAddresses } from './admission.ts'
import { dialableAddresses } from './dial-addresses.ts'
import type { DialPolicy } from './dial-addresses.ts'
import type { Libp2pNode } from './libp2p-node.ts'
import type { HostLimits } from './limits.ts'

/** A lane nobody uses is closed after this time; lane 0 stays. */
const LANE_LINGER_MS = 30_000

/** Finds or makes the connection for a peer and lane: directory address first, then what the routing network knows. */
export class Dialer {
  readonly #limits: HostLimits
  readonly #dialling: DialPolicy
  readonly #node: Libp2pNode
  readonly #addresses: PeerAddresses
  /** `peer/lane` → its connection. Lane 0 takes any connection that is no numbered lane of ours. */
  readonly #lanes = new Map<string, Connection>()
  readonly #dials = new Map<string, Promise<Connection>>()
  /** peer → the end of its last dial. One at a time: libp2p joins simultaneous dials of a peer into one connection. */
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #refusals = new Map<string, TwiinError>()

  constructor(
    options: { limits: HostLimits; dialling: DialPolicy },
    deps: { node: Libp2pNode; addresses: PeerAddresses },
  ) {
    this.#limits = options.limits
    this.#dialling = options.dialling
    this.#node = deps.node
    this.#addresses = deps.addresses
  }

  /** @throws TwiinError PEER_UNREACHABLE, PEER_REFUSED, PEER_NOT_ADMITTED; the signal's reason when aborted first */
  connection(peerId: string, lane: number, signal?: AbortSignal): Promise<Connection> {
    const open = this.#open(peerId, lane)
    if (open !== undefined) return Promise.resolve(open)
    const key = `${peerId}/${lane}`
    // shared by all who wait, so it has its own time limit: one impatient caller must not fail the others
    const dial =
      this.#dials.get(key) ??
      this.#inTurn(peerId, async () => this.#open(peerId, lane) ?? this.#dial(peerId, lane))
    if (!this.#dials.has(key)) {
      this.#dials.set(key, dial)
      const forget = () => void this.#dials.delete(key)
      dial.then(forget, forget)
    }
    return unlessAborted(dial, signal)
  }

  /** Why a connection was refused, for whoever dials that peer now. */
  noteRefusal(peerId: string, reason: TwiinError): void {
    if (this.#turns.has(peerId)) this.#refusals.set(peerId, reason)
  }

  /** Called when a conversation on that connection ended. */
  release(connection: Connection): void {
    for (const [key, lane] of this.#lanes) {
      if (lane !== connection) continue
      const close = () => {
        if (connection.streams.length > 0) return
        if (this.#lanes.get(key) === connection) this.#lanes.delete(key)
        connection.close().catch(() => {})
      }
      setTimeout(close, LANE_LINGER_MS).unref()
    }
  }

  /** What the routing network knows, never our own memory, which is what just failed. */
  async findAddresses(peerId: string, signal?: AbortSignal): Promise<string[]> {
    if (this.#node.getConnections().length === 0) return []
    try {
      const options = { signal: withTimeout(this.#limits.lookupTimeoutMs, signal), useCache: false }
      const found = await this.#node.peerRouting.findPeer(peerIdFromString(peerId), options)
      return found.multiaddrs.map((address) => address.toString())
    } catch {
      return []
    }
  }

  #open(peerId: string, lane: number): Connection | undefined {
    for (const [key, connection] of this.#lanes) if (connection.status !== 'open') this.#lanes.delete(key)
    if (lane > 0) return this.#lanes.get(`${peerId}/${lane}`)
    const numbered = new Set(this.#lanes.values())
    return this.#node
      .getConnections(peerIdFromString(peerId))
      .find((connection) => connection.status === 'open' && !numbered.has(connection))
  }

  #inTurn<T>(peerId: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#turns.get(peerId) ?? Promise.resolve()).then(work)
    const settled = result.then(
      () => {},
      () => {},
    )
    const turn = settled.then(() => {
      if (this.#turns.get(peerId) !== turn) return
      this.#turns.delete(peerId)
      this.#refusals.delete(peerId)
    })
    this.#turns.set(peerId, turn)
    return result
  }

  async #dial(peerId: string, lane: number): Promise<Connection> {
    this.#refusals.delete(peerId)
    const listed = dialableAddresses(this.#addresses.addressesOf(peerId), peerId, this.#dialling)
    const first = await this.#tryAddresses(peerId, listed)
    if (first.connection !== undefined) return this.#keep(peerId, lane, first.connection)
    const known = new Set(listed.map((address) => address.toString()))
    const found = dialableAddresses(await this.findAddresses(peerId), peerId, this.#dialling)
    const second = await this.#tryAddresses(
      peerId,
      found.filter((address) => !known.has(address.toString())),
    )
    if (second.connection !== undefined) return this.#keep(peerId, lane, second.connection)
    const reason = codeOf(second.error ?? first.error ?? new TwiinError('NO_ADDRESS'))
    throw new TwiinError('PEER_UNREACHABLE', { peer: peerId, reason }, { cause: second.error ?? first.error })
  }

  async #tryAddresses(
    peerId: string,
    addresses: Multiaddr[],
  ): Promise<{ connection?: Connection; error?: unknown }> {
    if (addresses.length === 0) return {}
    try {
      // force: whatever connection exists is another lane's
      const signal = AbortSignal.timeout(2 * this.#limits.dialTimeoutMs)
      return { connection: await this.#node.dial(addresses, { signal, force: true }) }
    } catch (error) {
      const refusal = this.#refusals.get(peerId)
      if (refusal !== undefined) throw refusal
      return { error }
    }
  }

  #keep(peerId: string, lane: number, connection: Connection): Connection {
    if (lane > 0) this.#lanes.set(`${peerId}/${lane}`, connection)
    return connection
  }
}
