/**
 * Run by killed-intake.test.ts as a process of its own, to be killed at any moment: stores instances on eight
 * receptions at once and prints a UID when, and only when, its commit has resolved. What an instance holds follows
 * from its UID, so that the test can tell whether it is identical.
 */
import { createHash, randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger, systemClock } from '@twiin/runtime'
import { DiskReserve, Sealer, Store } from '@twiin/store'
import { StudyStore } from './study-store.ts'

const [dir = '', round = ''] = process.argv.slice(2)
const image = '1.2.840.10008.5.1.4.1.1.2'

const sealer = await Sealer.open(join(dir, 'key'))
const reserve = new DiskReserve({ dir, ballastBytes: 4096 }, { log: silentLogger })
const store = new Store({ dir: join(dir, 'catalogue') }, { sealer, reserve })
const deps = {
  store,
  sealer,
  reserve,
  clock: systemClock,
  log: silentLogger,
  random: (n: number) => randomBytes(n),
}
const studies = new StudyStore({ dir: join(dir, 'studies') }, deps)
await reserve.start()
await store.start()
await studies.start()

async function association(lane: number): Promise<never> {
  for (let i = 0; ; i++) {
    const sopInstanceUid = `1.2.${round}.${lane}.${i}`
    const seed = createHash('sha512').update(sopInstanceUid).digest()
    const origin = { kind: 'local', callingAe: 'CT1', calledAe: 'TWIIN' } as const
    const facts = { sopClassUid: image, sopInstanceUid, transferSyntaxUid: '1.2.840.10008.1.2.1', origin }
    const incoming = await studies.openIncoming(facts)
    for (let piece = 0; piece < 1 + (i % 5); piece++) await incoming.write(Buffer.alloc(40_000, seed))
    await incoming.commit({
      ...facts,
      studyInstanceUid: `1.2.${lane % 3}`,
      seriesInstanceUid: `1.2.${lane % 3}.1`,
      otherPatientIds: [],
      legacyOtherPatientIds: [],
      patientName: '',
    })
    writeSync(1, `${sopInstanceUid}\n`)
  }
}
await Promise.all(Array.from({ length: 8 }, (_, lane) => association(lane)))
