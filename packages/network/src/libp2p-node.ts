import type { PrivateKey } from '@libp2p/interface'
import type { Identify } from '@libp2p/identify'
import { identify } from '@libp2p/identify'
import type { KadDHT } from '@libp2p/kad-dht'
import { passthroughMapper } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from 'libp2p'
import { createLibp2p } from 'libp2p'
import type { Logger, TwiinError } from '@twiin/runtime'
import type { Admission } from './admission.ts'
import { certifiedNoise } from './certified-noise.ts'
import { isDialable, isLoopback, mayDial, nameResolver } from './dial-addresses.ts'
import type { DialPolicy, LookUp } from './dial-addresses.ts'
import type { HostLimits } from './limits.ts'
import { routingOnly } from './routing-only.ts'

type TwiinServices = { identify: Identify; ping: Ping; kad: KadDHT }
export type Libp2pNode = Libp2p<TwiinServices>

export interface Libp2pNodeOptions {
  listen: readonly string[]
  announce: readonly string[]
  dialling: DialPolicy
  limits: HostLimits
}

export interface Libp2pNodeDeps {
  privateKey: PrivateKey
  admission: Admission
  lookUp: LookUp
  log: Logger
  onRefusal: (peerId: string, reason: TwiinError) => void
}

/** libp2p as Twiin uses it; not started. Every setting that differs from the library's default has its reason here. */
export function createNode(
  { listen, announce, dialling, limits }: Libp2pNodeOptions,
  deps: Libp2pNodeDeps,
): Promise<Libp2pNode> {
  return createLibp2p<TwiinServices>({
    start: false,
    privateKey: deps.privateKey,
    nodeInfo: { name: 'twiin', version: '1', userAgent: 'twiin' }, // the default tells everyone our Node version
    addresses: { listen: [...listen], announce: [...announce], announceFilter: worthAnnouncing },
    transports: [tcp({ listenOpts: keepAlive, dialOpts: keepAlive })],
    // no other encrypter: a peer without a certificate finds nothing to talk to
    connectionEncrypters: [certifiedNoise(deps)],
    streamMuxers: [
      yamux({
        maxInboundStreams: limits.maxStreamsPerConnection,
        maxOutboundStreams: limits.maxStreamsPerConnection,
        // streams that arrive with the last frame of the upgrade: the default of 10 kills a connection that starts busy
        maxEarlyStreams: limits.maxStreamsPerConnection,
        streamOptions: {
          maxStreamWindowSize: limits.streamWindowBytes,
          maxReadBufferLength: limits.readBufferBytes,
        },
      }),
    ],
    // checked again where it counts: addresses also come from peers, by identify and kad
    connectionGater: { denyDialMultiaddr: (address) => !mayDial(address, dialling) },
    peerStore: { addressFilter: (_peerId, address) => isDialable(address, dialling) },
    connectionManager: {
      // every dial, also kad's own: a name is resolved once, and what it meant is judged by the gater and then dialled
      resolvers: { name: nameResolver(deps) },
      inboundUpgradeTimeout: limits.upgradeTimeoutMs,
      maxIncomingPendingConnections: limits.maxPendingConnections,
      inboundConnectionThreshold: limits.connectionsPerSecondPerAddress,
      maxConnections: limits.maxConnections,
      addressDialTimeout: limits.dialTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: limits.negotiationTimeoutMs,
      outboundStreamProtocolNegotiationTimeout: limits.negotiationTimeoutMs,
      maxParallelDials: 32,
    },
    // generous, since a ping waits behind bulk on a slow line; whoever wants an answer sooner notices by itself (Dialer)
    connectionMonitor: {
      protocolPrefix: 'twiin',
      pingInterval: 10_000,
      pingTimeout: { minTimeout: 30_000, maxTimeout: 60_000 },
    },
    services: {
      identify: identify({ protocolPrefix: 'twiin', maxInboundStreams: 4, maxOutboundStreams: 4 }),
      // one ping each 10 s that may take 60 s: the default of 2 would reset, and a reset counts as death
      ping: ping({ protocolPrefix: 'twiin', maxInboundStreams: 16, maxOutboundStreams: 16 }),
      kad: routingOnly(
        {
          protocol: '/twiin/kad/1.0.0',
          clientMode: false,
          peerInfoMapper: passthroughMapper, // the default hides private addresses: hospitals have little else
          // with true, the first self-query "succeeds" on an empty table and the next comes five minutes later
          allowQueryWithZeroPeers: false,
          initialQuerySelfInterval: 100,
        },
        { requestsPerSecond: limits.routingRequestsPerSecond },
      ),
    },
  })
}

/** A peer whose machine vanished is noticed by the kernel too. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 10_000, noDelay: true }

/** Loopback is told only by a host that listens nowhere else. */
function worthAnnouncing(addresses: Multiaddr[]): Multiaddr[] {
  const dialable = addresses.filter((address) => isDialable(address, { loopback: true }))
  const elsewhere = dialable.filter((address) => !isLoopback(address))
  return elsewhere.length > 0 ? elsewhere : dialable
}
