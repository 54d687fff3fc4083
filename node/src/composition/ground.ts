import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import { HeadReader } from '@twiin/dicom'
import { MemoryBudget } from '@twiin/network'
import type { Clock, Logger } from '@twiin/runtime'
import { DiskReserve, Store } from '@twiin/store'
import { StudyStore } from '@twiin/study-store'
import { Account } from '../account/account.ts'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import { clientTlsFrom, openDicomCertificates } from '../dicom-tls/dicom-certificates.ts'
import type { Filed } from '../filing/file-study.ts'
import type { Holdings } from '../holdings/holdings.ts'
import { openNodeKey } from '../enrolment/node-key-file.ts'
import { LiveEvents } from '../http/events.ts'
import { verifyByPeerId } from '../trust/trust.ts'
import { composeArchive } from './archive-side.ts'
import { composeAudit } from './audit-side.ts'
import { CredentialBook } from '../proof/credential-book.ts'
import { openMasterKey } from './master-key.ts'
import { composeTrust } from './trust-side.ts'

export type Ground = Awaited<ReturnType<typeof composeGround>>

/** What everything else stands on: disk, key, certificate, the network bundle, the host of certified peers. */
export async function composeGround(settings: Settings, deps: { clock: Clock; log: Logger }) {
  const { clock, log } = deps
  const { dataDir, hospital } = settings
  await mkdir(join(dataDir, 'keys'), { recursive: true, mode: 0o700 })
  await mkdir(join(dataDir, 'identity'), { recursive: true, mode: 0o700 })
  const sealer = await openMasterKey(dataDir)
  const key = await openNodeKey(join(dataDir, 'keys', 'node.key'), sealer)
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
  const filed = store.repository<Filed>(buckets.filed, { keys: 'plain-opaque' })
  const dicomTls = openDicomCertificates(settings, { clock, log })
  const clientTls = clientTlsFrom(dicomTls)
  const archive = composeArchive(settings, {
    ...{ store, sealer, reserve, studies, filed, heads, clock, log, random, clientTls },
  })
  const holdings: Holdings = archive?.holdings ?? studies

  const trustSide = await composeTrust(settings, { key, clock, log, random })
  const { bundle } = trustSide

  const auditLog = new AuditLog({}, { store, clock })
  const account = new Account(
    { organisation: { ura: hospital.ura, name: hospital.name } },
    { log: auditLog, bundle, clock },
  )
  const budget = new MemoryBudget({ bytes: settings.transfer.memoryMiB * 1024 * 1024 })
  const events = new LiveEvents()
  const self = { ura: hospital.ura, name: hospital.name, peerId: key.peerId }
  const audit = composeAudit(settings, {
    ...{ store, auditLog, account, bundle, host: trustSide.host, key, clock, log, random },
  })
  const credentials = new CredentialBook({
    kept: store.repository(buckets.credentials, { keys: 'plain-opaque' }),
    shown: trustSide.presentedBy,
  })
  return {
    ...{ audit, credentials },
    ...{ clock, log, random, self, sealer, key, reserve, store, studies, filed, archive, holdings, heads },
    ...{ dicomTls, clientTls },
    ...trustSide,
    ...{ auditLog, account, budget, events, verify: verifyByPeerId },
  }
}
