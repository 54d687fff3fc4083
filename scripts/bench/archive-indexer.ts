/** Indexes an archive twice, as a node does, and prints how that went. archive-indexer.ts ORDER-AS-JSON */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadReader } from '@twiin/dicom'
import { composeArchive } from '@twiin/node'
import type { Settings } from '@twiin/node'
import { Lifecycle, silentLogger, systemClock } from '@twiin/runtime'
import { DiskReserve, Sealer, Store } from '@twiin/store'
import { StudyStore } from '@twiin/study-store'
import type { Run } from './compare.ts'

export interface IndexOrder {
  dir: string
  archive: { kind: 'dicomweb'; url: string } | { kind: 'dimse'; port: number; aeTitle: string }
}

export interface IndexedOnce {
  first: { new: number; run: Run }
  second: { unchanged: number; run: Run }
  bytesFetched: number
}

const { dir, archive } = JSON.parse(process.argv[2] ?? '') as IndexOrder
await mkdir(dir, { recursive: true })
const [clock, log, random] = [systemClock, silentLogger, (bytes: number) => randomBytes(bytes)]
const sealer = await Sealer.open(join(dir, 'key'))
const reserve = new DiskReserve({ dir, reserveBytes: 0, ballastBytes: 4096 }, { log })
const store = new Store({ dir: join(dir, 'catalogue') }, { sealer, reserve, log })
const studies = new StudyStore({ dir: join(dir, 'blobs') }, { store, sealer, reserve, clock, log, random })
const heads = new HeadReader({}, { log })
const settings = {
  dataDir: dir,
  hospital: { ura: '90000001', name: 'Bench', patientIdIssuer: 'BENCH' },
  dicom: { aeTitle: 'TWIIN' },
  archive: {
    ...{ host: '127.0.0.1', retrieve: archive.kind === 'dicomweb' ? 'wado' : 'get', ...archive },
    ...{ from: '1990-01-01', night: { from: '00:00', until: '00:00' } },
    ...{ studiesPerSecond: { day: 1_000_000, night: 1_000_000 }, recentDays: 1, recentMinutes: 1000 },
    ...{ passHours: 24, cacheMiB: 64, keepMinutes: 60, timeoutSeconds: 60 },
  },
} as Partial<Record<keyof Settings, unknown>> as Settings
const clientTls = () => ({})
const side = composeArchive(settings, {
  ...{ store, sealer, reserve, studies, heads, clock, log, random, clientTls },
  filed: store.repository('filed', { keys: 'plain-opaque' }),
})
if (side === undefined) throw new Error('no archive')

async function pass(begin: () => Promise<void> | void) {
  const used = process.cpuUsage()
  const began = performance.now()
  const passed = new Promise<{ new: number; unchanged: number }>((resolve) => {
    const stop = side?.indexer.onPassed((counts) => {
      stop?.()
      resolve(counts)
    })
  })
  await begin()
  const counts = await passed
  const { user, system } = process.cpuUsage(used)
  const seconds = (performance.now() - began) / 1000
  const run: Run = { seconds, amount: counts.new + counts.unchanged, cpu: { node: (user + system) / 1e6 } }
  return { ...counts, run }
}

const lifecycle = new Lifecycle([reserve, store, studies, heads, ...side.fetching])
await lifecycle.start()
const first = await pass(() => side.indexer.start())
const second = await pass(() => side.indexer.lookNow())
const indexed: IndexedOnce = { first, second, bytesFetched: side.cache.bytes }
await side.indexer.stop()
await lifecycle.stop()
process.stdout.write(JSON.stringify(indexed))
process.exit(0)
