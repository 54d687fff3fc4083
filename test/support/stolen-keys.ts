/** What somebody has who took over a node, or the registry: for tests of what the others then do. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LogKey, NodeKey, credentialOf, derOf } from '@twiin/identity'
import { rogueIssuer } from '@twiin/identity/testing'
import type { RogueIssuer } from '@twiin/identity/testing'
import { PeerHost } from '@twiin/network'
import { silentLogger } from '@twiin/runtime'
import { Sealer } from '@twiin/store'
import { trustDomain } from '../../scripts/demo-network/start-registry.ts'
import type { NetworkHospital } from '../../scripts/demo-network/network-file.ts'

export interface StolenIdentity {
  key: NodeKey
  /** As the node shows it: certificates and evidence. */
  credential: Uint8Array
}

/** Key and credential of a node, from its data folder and its master key. */
export async function stealNode({ dataDir }: NetworkHospital): Promise<StolenIdentity> {
  const sealer = await Sealer.open(join(dataDir, 'keys/master.key'))
  const seed = sealer.openValue('node-key', await readFile(join(dataDir, 'keys/node.key')))
  const [leaf, issuing] = certificatesIn(await readFile(join(dataDir, 'identity/node.pem'), 'utf8'))
  const evidence = await readFile(join(dataDir, 'identity/evidence.cbor'))
  return { key: NodeKey.fromSeed(seed), credential: credentialOf(leaf, issuing, evidence) }
}

/** The authority of a demo: the issuing CA and the log's key. */
export async function stealRegistry(demoDir: string): Promise<{ issuer: RogueIssuer; log: LogKey }> {
  const read = (file: string) => readFile(join(demoDir, 'registry', file), 'utf8')
  const issuer = rogueIssuer({
    trustDomain,
    issuingCertificate: await read('authority/issuing.pem'),
    issuingKey: await read('authority/issuing-key.pem'),
    passphrase: (await read('issuing-passphrase')).trim(),
  })
  const sealer = await Sealer.open(join(demoDir, 'registry/keys/master.key'))
  const sealed = await readFile(join(demoDir, 'registry/keys/log.sealed'))
  return { issuer, log: LogKey.fromSeed(sealer.openValue('transparency-log-key', sealed)) }
}

/** A running peer with this identity, which admits everybody and knows where these nodes are. */
export async function impersonate(
  { key, credential }: StolenIdentity,
  nodes: readonly NetworkHospital[],
): Promise<PeerHost & AsyncDisposable> {
  const addresses = new Map(nodes.map(({ node }) => [node.peerId, node.multiaddrs]))
  const host = new PeerHost(
    { listen: ['/ip4/127.0.0.1/tcp/0'], dialLoopback: true },
    {
      seed: key.seed,
      admission: { credential: () => credential, verify: async () => {}, stillAdmitted: () => true },
      addresses: { addressesOf: (peerId) => addresses.get(peerId) ?? [] },
      log: silentLogger,
    },
  )
  await host.start()
  return Object.assign(host, { [Symbol.asyncDispose]: () => host.stop() })
}

export function certificatesIn(pem: string): [leaf: Uint8Array, issuing: Uint8Array] {
  const [leaf = '', issuing = ''] =
    pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return [derOf('CERTIFICATE', leaf), derOf('CERTIFICATE', issuing)]
}
