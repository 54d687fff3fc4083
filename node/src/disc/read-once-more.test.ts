import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleStudy } from '@twiin/dicom/testing'
import { rawZip } from '@twiin/media/testing'
import { silentLogger, systemClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { expect, it } from 'vitest'
import { eventually } from '../testing/test-hospital.ts'
import { DiscDesk } from './disc-desk.ts'
import type { DiscRecord } from './disc-record.ts'
import { DiscShelf } from './disc-shelf.ts'

const [image] = sampleStudy({
  ...{ kind: 'CT', studyDate: '2025-01-05', description: '', institution: '', instances: 1, size: 16 },
  ...{ seed: 'x', patient: { id: '77', name: 'Jansen^Anna', birthDate: '1960-02-03', sex: 'F' } },
})

/** A desk of a process that comes to the first image, and no further. */
async function process(dir: string) {
  const sealer = await Sealer.open(join(dir, 'key'))
  const store = new Store({ dir: join(dir, 'db') }, { sealer })
  await store.start()
  const discs = store.repository<DiscRecord>('discs', { keys: 'plain-opaque' })
  const reserve = { require: async () => {} }
  let begun = 0
  const end = Promise.withResolvers<never>()
  end.promise.catch(() => {})
  const deps = {
    ...{ store, discs, clock: systemClock, log: silentLogger },
    shelf: new DiscShelf({ dir: join(dir, 'discs'), maxBytes: 1 << 30 }, { sealer, reserve } as never),
    instances: store.repository('instances', { keys: 'plain-opaque' }),
    book: { newId: () => randomBytes(16).toString('hex'), active: () => [] },
    account: { record: async () => {} },
    events: { emit: () => {} },
    heads: { read: () => (begun++, end.promise) },
    studies: {},
  }
  const desk = new DiscDesk({ maxBytes: 1 << 30 }, deps as never)
  await desk.start()
  // The file of the disc too, when nothing of it can be written down any more.
  const close = () => (end.reject(new Error('dead')), desk.stop())
  return { desk, discs, begun: () => begun, die: () => store.stop(), close }
}

it('a disc that the process did not outlive is read once more at the next start, and refused at the one after', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'twiin-disc-'))
  const first = await process(dir)
  const disc = rawZip([{ name: 'A', data: image!.bytes }])
  const { id } = await first.desk.receive(
    (async function* () {
      yield disc
    })(),
    { id: 'op', name: 'op', role: 'operator' },
  )
  await eventually(() => first.begun() > 0)
  await first.die()
  const second = await process(dir)
  await eventually(() => second.begun() > 0)
  expect(await second.discs.get(id)).toMatchObject({ state: 'reading', readings: 2 })
  await second.die()
  const third = await process(dir)
  expect(await third.discs.get(id)).toMatchObject({ state: 'refused', reason: 'DISC_UNREADABLE' })
  expect(third.begun()).toBe(0)
  await third.die()
  for (const one of [first, second, third]) await one.close()
})
