import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import { HeadReader } from '@twiin/dicom'
import { CertificateVerifier, DocumentVerifier } from '@twiin/identity'
import { MemoryBudget, PeerHost } from '@twiin/network'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { DiskReserve, Store } from '@twiin/store'
import { StudyStore } from '@twiin/study-store'
import { Account } from '../account/account.ts'
import type { Settings } from '../config/settings.ts'
import { BundleWatch } from '../trust/bundle-watch.ts'
import { Enrolment } from '../enrolment/enrol.ts'
import { NetworkBundle } from '../trust/network-bundle.ts'
import { openNodeKey } from '../enrolment/node-key-file.ts'
import { RegistryClient } from '../enrolment/registry-client.ts'
import { Trust, verifyByPeerId } from '../trust/trust.ts'
import { LiveEvents } from '../http/events.ts'
import { openMasterKey } from './master-key.ts'

export type Ground = Awaited<ReturnType<typeof composeGround>>

/** What everything else stands on: disk, key, certificate, the network bundle, the host of certified peers. */
export async function composeGround(settings: Settings, deps: { clock: Clock; log: Logger }) {
  const { clock, log } = deps
  const { dataDir, hospital, trust: trustSettings, registry: registrySettings } = settings
  await mkdir(join(dataDir, 'keys'), { recursive: true, mode: 0o700 })
  await mkdir(join(dataDir, 'identity'), { recursive: true, mode: 0o700 })
  const sealer = await openMasterKey(dataDir)
  const key = await openNodeKey(join(dataDir, 'keys', 'node.key'), sealer)
  const rootCertificate = await readFile(trustSettings.rootCertificateFile, 'utf8')
  const registryCa = await readFile(registrySettings.caFile, 'utf8')

  const random = (bytes: number) => randomBytes(bytes)
  const reserve = new DiskReserve(
    { dir: dataDir, reserveBytes: settings.storage.reserveMiB * 1024 * 1024 },
    { log },
  )
  const store = new Store({ dir: join(dataDir, 'catalogue') }, { sealer, reserve, log })
  const studies = new StudyStore(
    { dir: join(dataDir, 'blobs') },
    { store, sealer, reserve, clock, log, random },
  )
  const heads = new HeadReader({}, { log })

  const verifier = new CertificateVerifier({ trustDomain: trustSettings.domain, rootCertificate }, { clock })
  const bundle = new NetworkBundle(
    { file: join(dataDir, 'identity', 'bundle.cbor'), trustDomain: trustSettings.domain },
    { verifier: new DocumentVerifier({ rootCertificate }, { clock }), log },
  )
  const registry = new RegistryClient({ url: registrySettings.url, ca: registryCa })
  const watch = new BundleWatch({ registry, bundle, clock, log })
  const enrolment = new Enrolment(
    {
      hospital,
      certificateFile: join(dataDir, 'identity', 'node.pem'),
      enrolmentTokenFile: registrySettings.enrolmentTokenFile,
    },
    { key, registry, verifier, clock, log },
  )
  const trust = new Trust({ credential: () => enrolment.credential(), verifier, bundle, clock, log })
  const host = new PeerHost(settings.peer, { seed: key.seed, admission: trust, addresses: bundle, log })
  // Every new list of revocations cuts connections that are open (spec 01 §4).
  bundle.onChange(() => {
    host.sweep().catch((error: unknown) => log.error('revoked peers not cut', { code: codeOf(error) }))
  })

  const auditLog = new AuditLog({}, { store, clock })
  const account = new Account(
    { organisation: { ura: hospital.ura, name: hospital.name } },
    { log: auditLog, bundle },
  )
  const budget = new MemoryBudget({ bytes: settings.transfer.memoryMiB * 1024 * 1024 })
  const events = new LiveEvents()
  const self = { ura: hospital.ura, name: hospital.name, peerId: key.peerId }
  return {
    ...{
      clock,
      log,
      random,
      self,
      sealer,
      key,
      reserve,
      store,
      studies,
      heads,
      bundle,
      watch,
      enrolment,
      host,
    },
    ...{ auditLog, account, budget, events, verify: verifyByPeerId },
  }
}
