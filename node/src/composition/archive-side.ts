import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HeadReader } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { DiskReserve, Repository, Sealer, Store } from '@twiin/store'
import type { StudyStore } from '@twiin/study-store'
import { ArchiveCache } from '../archive/archive-cache.ts'
import { ArchiveHoldings } from '../archive/archive-holdings.ts'
import type { ArchiveSource } from '../archive/archive-source.ts'
import { ArchivedStudies } from '../archive/archived-studies.ts'
import { DicomwebArchive } from '../archive/dicomweb-archive.ts'
import { DimseArchive } from '../archive/dimse-archive.ts'
import { FetchOnDemand } from '../archive/fetch-on-demand.ts'
import { IndexArchive } from '../archive/index-archive.ts'
import { Pace } from '../archive/pace.ts'
import { ReceiveFromArchive } from '../archive/receive-from-archive.ts'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import type { ClientTlsFor } from '../dicom-tls/dicom-certificates.ts'
import type { Filed } from '../filing/file-study.ts'

interface Deps {
  store: Store
  sealer: Sealer
  reserve: DiskReserve
  studies: StudyStore
  filed: Repository<Filed>
  heads: HeadReader
  clock: Clock
  log: Logger
  clientTls: ClientTlsFor
  random: (bytes: number) => Uint8Array
}

/** The archive behind this node, when there is one: asked what it has, and for a study when somebody wants it. */
export function composeArchive({ archive, dataDir, dicom, hospital }: Settings, deps: Deps) {
  if (archive === undefined) return undefined
  const { store, studies, filed } = deps
  const name = archive.aeTitle ?? 'ARCHIVE'
  const ownIssuer = hospital.patientIdIssuer
  const timeoutMs = archive.timeoutSeconds * 1000
  const { source, receiver } = composeSource(
    { archive, ownAeTitle: dicom.aeTitle, ownIssuer, timeoutMs },
    deps,
  )
  const archived = new ArchivedStudies(
    { archive: name },
    {
      ...deps,
      records: store.repository(buckets.archivedStudies, { keys: 'plain-opaque' }),
      byUid: store.repository(buckets.archivedByUid, { keys: 'keyed' }),
      by: store.repository(buckets.archivedBy, { keys: 'plain-opaque' }),
      formerly: store.repository(buckets.archivedFormerly, { keys: 'plain-opaque' }),
    },
  )
  const cache = new ArchiveCache(
    {
      dir: join(dataDir, 'archive-cache'),
      quotaBytes: archive.cacheMiB * 1024 * 1024,
      keepMs: archive.keepMinutes * 60_000,
    },
    deps,
  )
  const fetcher = new FetchOnDemand(
    { archive: name, ownIssuer, timeoutMs },
    { ...deps, source, studies: archived, cache },
  )
  const indexer = new IndexArchive(
    {
      from: archive.from,
      recentDays: archive.recentDays,
      recentMs: archive.recentMinutes * 60_000,
      passMs: archive.passHours * 3_600_000,
    },
    {
      ...deps,
      source,
      studies: archived,
      passes: store.repository(buckets.archivePasses, { keys: 'plain-opaque' }),
      pace: new Pace({ night: archive.night, perSecond: archive.studiesPerSecond }, deps),
    },
  )
  const wasDelivered = async (handle: string) => {
    for await (const [, { besideOwn = false }] of filed.entries({ prefix: `${handle}.` }))
      if (!besideOwn) return true
    return false
  }
  const holdings = new ArchiveHoldings({ store: studies, archived, source, fetcher, cache, wasDelivered })
  /** Before peers can ask. */
  const fetching: Service[] = [cache, { name: 'archive fetches', stop: () => fetcher.stop() }]
  const onMismatch: FetchOnDemand['onMismatch'] = (listener) => fetcher.onMismatch(listener)
  return { holdings, archived, cache, indexer, receiver, fetching, onMismatch }
}

function composeSource(
  of: {
    archive: NonNullable<Settings['archive']>
    ownAeTitle: string
    ownIssuer: string
    timeoutMs: number
  },
  { clock, log, clientTls }: Deps,
): { source: ArchiveSource; receiver?: ReceiveFromArchive } {
  const { archive, ownAeTitle, ownIssuer, timeoutMs } = of
  const { kind, retrieve, url, host, port, aeTitle, authorizationFile } = archive
  if (kind === 'dicomweb') {
    if (url === undefined || retrieve !== 'wado') throw incomplete('url, and retrieve: wado')
    const authorization =
      authorizationFile === undefined ? {} : { authorization: readFileSync(authorizationFile, 'utf8').trim() }
    return { source: new DicomwebArchive({ url, ownIssuer, timeoutMs, ...authorization }, { clock, log }) }
  }
  if (port === undefined || aeTitle === undefined || retrieve === 'wado')
    throw incomplete('port, aeTitle, and retrieve: move or get')
  const { callingAeTitle = ownAeTitle, receiveAeTitle = '' } = archive
  if (retrieve === 'move' && (receiveAeTitle === '' || receiveAeTitle === ownAeTitle))
    throw incomplete('receiveAeTitle, another than dicom.aeTitle')
  const receiver = new ReceiveFromArchive({
    aeTitle: receiveAeTitle,
    archiveAeTitle: aeTitle,
    callingAeTitle,
  })
  const source = new DimseArchive(
    {
      ...{ host, port, aeTitle, callingAeTitle, retrieve, receiveAeTitle, ownIssuer, timeoutMs },
      ...clientTls(archive),
    },
    { receiver, log },
  )
  return { source, ...(retrieve === 'move' ? { receiver } : {}) }
}

const incomplete = (needs: string) => new TwiinError('CONFIG_INVALID', { key: 'archive', needs })
