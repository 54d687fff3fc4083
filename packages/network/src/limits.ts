/** What one host grants its peers. Numbers with a source in docs/spec/00-conventions.md. */
export interface HostLimits {
  /** A connection that has not proven itself within this time is closed (spec 00 §5). */
  upgradeTimeoutMs: number
  /**
   * Connections that may be proving themselves at the same time: more than one address can open within the upgrade timeout
   * at its rate below, so that silent clients of one address keep nobody else out.
   */
  maxPendingConnections: number
  /** All connections together; 130 members with up to 8 lanes each stay well below. */
  maxConnections: number
  /** What one peer may have opened: lane 0, eight lanes, and some that its broken line left behind. */
  maxConnectionsPerPeer: number
  /** Of all connections, those kept for peers that have none: a network has at most 1,000 members (spec 06 §3). */
  reservedConnections: number
  /** New connections a second from one address: several hospitals may stand behind one NAT. */
  connectionsPerSecondPerAddress: number
  /** One address of a peer is tried this long. */
  dialTimeoutMs: number
  /** A live peer answers protocol negotiation within this time, or its connection counts as dead. */
  negotiationTimeoutMs: number
  /** How long the routing network is asked for a peer whose directory address fails. */
  lookupTimeoutMs: number
  /** Requests of one peer to the routing table; ten seconds' worth may come at once. */
  routingRequestsPerSecond: number
  /** A channel on which one side waits and nothing moves for this long is closed. */
  channelIdleMs: number
  /** Streams a peer may have open on one connection, negotiated or not. */
  maxStreamsPerConnection: number
  /** yamux receive window of one stream. 8 MiB fills 400 Mbit/s at 50 ms. */
  streamWindowBytes: number
  /** Must exceed the window, or a paused stream is reset by the library. */
  readBufferBytes: number
}

const MiB = 1024 * 1024

export const defaultLimits: HostLimits = {
  upgradeTimeoutMs: 4_000,
  maxPendingConnections: 1_024,
  maxConnections: 3_000,
  maxConnectionsPerPeer: 12,
  reservedConnections: 1_000,
  connectionsPerSecondPerAddress: 200,
  dialTimeoutMs: 3_000,
  negotiationTimeoutMs: 3_000,
  lookupTimeoutMs: 1_500,
  routingRequestsPerSecond: 20,
  channelIdleMs: 120_000,
  maxStreamsPerConnection: 256,
  streamWindowBytes: 8 * MiB,
  readBufferBytes: 32 * MiB,
}
