import type { CertificateVerifier, NodeKey } from '@twiin/identity'
import { PeerHost } from '@twiin/network'
import { TokenKeeper } from '@twiin/patient-token'
import type { KeeperKey } from '@twiin/patient-token'
import type { Clock, Logger } from '@twiin/runtime'
import { DiskReserve } from '@twiin/store'
import type { Store } from '@twiin/store'
import { oneKeeper } from '../bundle/bundle-contents.ts'
import type { Settings } from '../config/settings.ts'
import type { Metrics } from '../http/metrics.ts'
import { RegisteredPeers } from '../keeper/admission.ts'
import { DailyCounters } from '../keeper/daily-counters.ts'
import { EvaluationRecords } from '../keeper/evaluation-records.ts'
import { Quotas } from '../keeper/quotas.ts'
import { serveTokens } from '../keeper/serve-tokens.ts'
import type { Books } from '../ledger/books.ts'

/** The registry as a peer, which in the pilot keeps the token key: spec 02. */
export function composeKeeper(
  { peer: listening, index, quotas: set, dataDir, storage }: Settings,
  deps: {
    peer: NodeKey
    keeperKey: KeeperKey
    credential: () => Uint8Array
    verifier: CertificateVerifier
    books: Books
    store: Store
    metrics: Metrics
    clock: Clock
    log: Logger
  },
) {
  const { peer, keeperKey, credential, verifier, books, store, metrics, clock, log } = deps
  const { register } = books
  const admission = new RegisteredPeers({}, { credential, verifier, register, clock, log })
  const host = new PeerHost(listening, {
    seed: peer.seed,
    admission,
    addresses: { addressesOf: (peerId) => register.keys.get(peerId)?.announced?.addresses ?? [] },
    log,
  })
  const quotas = new Quotas(set, { books })
  const records = new EvaluationRecords({ folder: dataDir }, { clock })
  const reserveBytes = storage.reserveMiB * 1024 * 1024
  const reserve = new DiskReserve({ dir: dataDir, reserveBytes, ballastBytes: 0 }, { log })
  const keeper = new TokenKeeper(
    { epoch: index.epoch, nodeQuota: (ura) => quotas.of(ura), userQuota: set.user },
    {
      key: keeperKey,
      clock,
      counters: new DailyCounters({}, { store }),
      record: (entry) => records.write(entry),
    },
  )
  serveTokens(host, {
    ...{ keeper, register, records, reserve, evaluations: metrics.evaluations, clock, log },
  })
  // A bundle has room for eight (spec 06 §3).
  const tokens = () => oneKeeper(peer.peerId, keeperKey.publicKey, host.multiaddrs().slice(0, 8))
  return { host, quotas, records, reserve, tokens }
}
