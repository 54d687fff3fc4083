/**
 * store-few-instances.ts DATADIR: opens the store as a node does, prints `held UID DIGEST` for what is in it (read from
 * disk), stores six instances one after the other, and prints `acknowledged UID DIGEST` (of what was to be stored) when,
 * and only when, a commit has resolved, or `refused UID CODE`. Every other instance is received in two halves with a
 * pause between them, as a transfer is. For crash-points.test.ts, which ends it at a given system call.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, silentLogger, systemClock } from '@twiin/runtime'
import { DiskReserve, Sealer, Store } from '@twiin/store'
import { StudyStore } from '@twiin/study-store'

const [dataDir = ''] = process.argv.slice(2)
const say = (...words: string[]) => void writeSync(1, `${words.join(' ')}\n`)

mkdirSync(join(dataDir, 'keys'), { recursive: true })
const sealer = await Sealer.open(join(dataDir, 'keys', 'master.key'))
const reserve = new DiskReserve({ dir: dataDir, reserveBytes: 0, ballastBytes: 4096 }, { log: silentLogger })
const store = new Store({ dir: join(dataDir, 'catalogue') }, { sealer, reserve })
const studies = new StudyStore(
  { dir: join(dataDir, 'blobs') },
  {
    ...{ store, sealer, reserve, clock: systemClock, log: silentLogger },
    random: (bytes: number) => randomBytes(bytes),
  },
)
await reserve.start()
await store.start()
await studies.start()

for await (const study of studies.studies()) {
  for await (const instance of studies.instances(study.handle)) {
    const hash = createHash('sha256')
    for await (const chunk of studies.readDataSet(instance)) hash.update(chunk)
    say('held', instance.sopInstanceUid, hash.digest('hex'))
  }
}

async function receive(sopInstanceUid: string, bytes: Buffer, inTwoHalves: boolean): Promise<void> {
  const facts = {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    sopInstanceUid,
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    origin: { kind: 'local', callingAe: 'CT1', calledAe: 'TWIIN' } as const,
    ...(inTwoHalves && { resumeAs: sopInstanceUid }),
  }
  let incoming = await studies.openIncoming(facts)
  if (inTwoHalves) {
    // What an earlier attempt left is continued, from where it ended.
    await incoming.write(bytes.subarray(incoming.size, Math.max(incoming.size, bytes.length / 2)))
    await incoming.suspend()
    incoming = await studies.openIncoming(facts)
  }
  await incoming.write(bytes.subarray(incoming.size))
  await incoming.commit({
    ...facts,
    studyInstanceUid: '1.2.3',
    seriesInstanceUid: '1.2.3.4',
    otherPatientIds: [],
    legacyOtherPatientIds: [],
    patientName: '',
  })
}

for (let i = 0; i < 6; i++) {
  const uid = `1.2.3.4.${i}`
  const bytes = Buffer.alloc(30_000 + 90_000 * i, createHash('sha512').update(uid).digest())
  try {
    await receive(uid, bytes, i % 2 === 1)
    say('acknowledged', uid, createHash('sha256').update(bytes).digest('hex'))
  } catch (error) {
    say('refused', uid, codeOf(error))
  }
}
await studies.stop()
await store.stop()
say('done')
