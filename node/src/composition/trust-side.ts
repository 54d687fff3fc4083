import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CertificateVerifier } from '@twiin/identity'
import type { NodeKey } from '@twiin/identity'
import { PeerHost } from '@twiin/network'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Settings } from '../config/settings.ts'
import { Enrolment } from '../enrolment/enrol.ts'
import { OwnEvidence } from '../enrolment/own-evidence.ts'
import { RegistryClient } from '../registry/registry-client.ts'
import { BundleWatch } from '../trust/bundle-watch.ts'
import { Gossip } from '../trust/gossip.ts'
import { LogAtRegistry } from '../trust/log-at-registry.ts'
import { NetworkView } from '../trust/network-view.ts'
import { Trust } from '../trust/trust.ts'
import { Witness } from '../trust/witness.ts'

/** Who this node is, what it believes of the network, and the host on which only those exist whom it admits. */
export async function composeTrust(
  settings: Settings,
  deps: { key: NodeKey; clock: Clock; log: Logger; random: (bytes: number) => Uint8Array },
) {
  const { key, clock, log, random } = deps
  const { domain: trustDomain, rootCertificateFile } = settings.trust
  const { url, caFile, enrolmentTokenFile } = settings.registry
  const rootCertificate = await readFile(rootCertificateFile, 'utf8')
  const dir = join(settings.dataDir, 'identity')

  const verifierFor = (by: Pick<Clock, 'now'> = clock) =>
    new CertificateVerifier({ trustDomain, rootCertificate }, { clock: by })
  const view = new NetworkView({ dir, trustDomain, rootCertificate }, { clock, log })
  const { bundle, logView, known } = view
  const registry = new RegistryClient({ url, ca: await readFile(caFile, 'utf8') })
  const watch = new BundleWatch({ registry, bundle, clock, log })
  const evidence = new OwnEvidence({ file: join(dir, 'evidence.cbor') }, { registry, bundle, logView, log })
  const enrolment = new Enrolment(
    { hospital: settings.hospital, certificateFile: join(dir, 'node.pem'), enrolmentTokenFile },
    {
      ...{ key, registry, verifierFor, evidence, clock, log },
      isLogTrusted: () => logView.distrust === undefined,
    },
  )
  const trust = new Trust({
    ...{ credential: () => enrolment.credential(), verifier: verifierFor() },
    ...{ bundle, logView, known, clock, log },
  })
  const host = new PeerHost(settings.peer, { seed: key.seed, admission: trust, addresses: bundle, log })
  const sweep = () => {
    host.sweep().catch((error: unknown) => log.error('peers not cut', { code: codeOf(error) }))
  }
  // Every new list of revocations cuts connections that are open (spec 01 §4).
  bundle.onChange(sweep)
  const gossip = new Gossip(
    { peerId: key.peerId, roundMs: settings.peer.gossipSeconds * 1000 },
    { bundle, logView, host, clock, log, random },
  )
  const witness = new Witness(
    { file: join(dir, 'witness-checkpoint') },
    { key, registry: new LogAtRegistry({ registry }), bundle, logView, clock, log },
  )
  const presentedBy = (peerId: string) =>
    peerId === key.peerId ? enrolment.credential() : trust.presentedBy(peerId)
  return {
    rootCertificate,
    presentedBy,
    view,
    bundle,
    logView,
    registry,
    watch,
    enrolment,
    host,
    gossip,
    witness,
    sweep,
  }
}
