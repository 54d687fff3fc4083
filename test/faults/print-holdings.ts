/**
 * print-holdings.ts DATADIR: opens the store of a node that is not running and prints every instance with the digest of
 * its bytes, all of them read and authenticated. For tests that ask what a fault has left.
 */
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { silentLogger, systemClock } from '@twiin/runtime'
import { DiskReserve, Sealer, Store } from '@twiin/store'
import { StudyStore } from '@twiin/study-store'

const [dataDir = ''] = process.argv.slice(2)
const sealer = await Sealer.open(join(dataDir, 'keys', 'master.key'))
const reserve = new DiskReserve({ dir: dataDir, reserveBytes: 0 }, { log: silentLogger })
const store = new Store({ dir: join(dataDir, 'catalogue') }, { sealer, reserve })
const studies = new StudyStore(
  { dir: join(dataDir, 'blobs') },
  {
    ...{ store, sealer, reserve, clock: systemClock, log: silentLogger },
    random: (bytes: number) => randomBytes(bytes),
  },
)
await store.start()
await studies.start()
const held: { sopInstanceUid: string; sha256: string }[] = []
for await (const study of studies.studies()) {
  for await (const instance of studies.instances(study.handle)) {
    const hash = createHash('sha256')
    for await (const chunk of studies.readDataSet(instance)) hash.update(chunk)
    held.push({ sopInstanceUid: instance.sopInstanceUid, sha256: hash.digest('hex') })
  }
}
await studies.stop()
await store.stop()
process.stdout.write(JSON.stringify(held))
