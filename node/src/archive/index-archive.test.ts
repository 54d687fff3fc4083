import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ShiftableClock, silentLogger } from '@twiin/runtime'
import { DiskReserve, Sealer, Store } from '@twiin/store'
import { DicomwebServer } from '../testing/dicomweb-server.ts'
import { eventually, patient } from '../testing/test-hospital.ts'
import { ArchivedStudies } from './archived-studies.ts'
import type { Counts } from './archived-studies.ts'
import { partsOf, windowOf, yearsBack } from './date-windows.ts'
import { DicomwebArchive } from './dicomweb-archive.ts'
import { IndexArchive } from './index-archive.ts'
import { Pace } from './pace.ts'

let dir: string
let server: DicomwebServer
const clock = new ShiftableClock()
const log = silentLogger
const random = (bytes: number) => randomBytes(bytes)
const nothing = { unchanged: 0, new: 0, grown: 0, changed: 0, removed: 0 }

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-archive-'))
  server = await DicomwebServer.start()
  for (let number = 0; number < 24; number++)
    server.add({ patient, seed: `a/${number}`, studyDate: `${2022 + (number % 4)}-0${1 + (number % 6)}-15` })
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

/** A node's index of the archive; killed means: let go of without another write. */
async function opened(options: { mostPerWindow?: number } = {}) {
  const sealer = await Sealer.open(join(dir, 'key'))
  const reserve = new DiskReserve({ dir, reserveBytes: 0, ballastBytes: 4096 }, { log })
  const store = new Store({ dir: join(dir, 'catalogue') }, { sealer, reserve, log })
  await store.start()
  const opaque = { keys: 'plain-opaque' } as const
  const studies = new ArchivedStudies(
    { archive: 'PACS' },
    {
      ...{ store, sealer, clock, log, random },
      records: store.repository('archived-study', opaque),
      byUid: store.repository('archived-by-uid', { keys: 'keyed' }),
      by: store.repository('archived-by', opaque),
      formerly: store.repository('archived-formerly', opaque),
    },
  )
  const source = new DicomwebArchive({ url: server.url, ownIssuer: 'A', timeoutMs: 5000 }, { clock, log })
  const pace = new Pace(
    { night: { from: '00:00', until: '00:00' }, perSecond: { day: 1e6, night: 1e6 } },
    { clock },
  )
  const passes = store.repository<never>('archive-passes', opaque)
  const day = 24 * 3_600_000
  const indexer = new IndexArchive(
    { from: '2020-01-01', recentDays: 1, recentMs: day, passMs: day, ...options },
    { ...{ source, studies, pace, clock, log, random }, passes },
  )
  return {
    studies,
    indexer,
    stop: async () => {
      await indexer.stop()
      await store.stop()
    },
  }
}

const passed = ({ indexer }: { indexer: IndexArchive }, begin: () => unknown) =>
  new Promise<Counts>((resolve) => {
    const stop = indexer.onPassed((counts) => {
      stop()
      resolve(counts)
    })
    begin()
  })

const windowsAsked = () =>
  server.asked
    .flatMap((path) => /StudyDate=(\d+)-/.exec(path)?.[1] ?? [])
    .filter((from, i, all) => all[i - 1] !== from)

describe('a pass over an archive', () => {
  it('goes on after a kill where it was, and asks nothing twice', async () => {
    const node = await opened()
    server.react = (path) => (path.includes('StudyDate=20230101') ? 'break' : 200)
    await node.indexer.start()
    await eventually(async () => (await node.indexer.status()).failure === 'ARCHIVE_UNREACHABLE')
    await node.stop()
    const before = windowsAsked()
    expect(before.slice(0, 4)).toEqual(['20270101', '20260101', '20250101', '20240101'])

    server.asked.length = 0
    server.react = () => 200
    const again = await opened()
    expect(await passed(again, () => again.indexer.start())).toEqual({ ...nothing, new: 24 })
    expect(windowsAsked()).toEqual(['20230101', '20220101', '20210101', '20200101'])
    await again.stop()
  })

  it('asks for a year that is too large by month, and by day where that is too large, from then on', async () => {
    const node = await opened({ mostPerWindow: 2 })
    expect(await passed(node, () => node.indexer.start())).toMatchObject({
      new: expect.any(Number) as number,
    })
    let held = 0
    for await (const _ of node.studies.studies()) held++
    expect(held).toBe(24)
    server.asked.length = 0
    expect(await passed(node, () => node.indexer.lookNow())).toEqual({ ...nothing, unchanged: 24 })
    expect(windowsAsked()).not.toContain('20240101-20241231')
    expect(server.asked.filter((path) => path.includes('StudyDate=20240101-20241231'))).toEqual([])
    await node.stop()
  })

  it('backs off while the archive is busy, says so, and goes on', async () => {
    const node = await opened()
    server.react = () => 503
    await node.indexer.start()
    await eventually(async () => (await node.indexer.status()).failure === 'ARCHIVE_BUSY')
    const asked = server.asked.length
    expect(asked).toBeLessThan(3)
    server.react = () => 200
    expect(await passed(node, () => node.indexer.lookNow())).toEqual({ ...nothing, new: 24 })
    await node.stop()
  })

  it('does not believe at once that an archive has nothing any more', async () => {
    for (let number = 0; number < 20; number++)
      server.add({ patient, seed: `b/${number}`, studyDate: '2022-03-03' })
    const node = await opened()
    await passed(node, () => node.indexer.start())
    server.studies.clear()
    // Years with few studies are believed, that with 26 is not.
    expect(await passed(node, () => node.indexer.lookNow())).toEqual({ ...nothing, removed: 18 })
    expect(await passed(node, () => node.indexer.lookNow())).toEqual({ ...nothing, removed: 26 })
    await node.stop()
  })

  it('does not take a study that was only left out of a page for removed', async () => {
    const node = await opened()
    await passed(node, () => node.indexer.start())
    const [uid = ''] = server.studies.keys()
    const hidden = server.studies.get(uid)
    if (hidden !== undefined) hidden.options.studyDate = ''
    expect(await passed(node, () => node.indexer.lookNow())).toMatchObject({ removed: 0, changed: 1 })
    expect(await node.studies.studyByUid(uid)).toBeDefined()
    await node.stop()
  })

  it('is told by an archive that does not page', async () => {
    server.pages = false
    for (let number = 0; number < 210; number++)
      server.add({ patient, seed: `c/${number}`, studyDate: `2023-0${1 + (number % 9)}-1${number % 10}` })
    const node = await opened()
    await passed(node, () => node.indexer.start())
    let held = 0
    for await (const _ of node.studies.studies()) held++
    expect(held).toBe(234)
    await node.stop()
  })
})

describe('windows of study dates', () => {
  it('cover every day once, leap days too', () => {
    const days = partsOf('2024').flatMap(partsOf)
    expect(days).toHaveLength(366)
    expect(new Set(days).size).toBe(366)
    expect(windowOf('2024-02')).toEqual({ from: '2024-02-01', until: '2024-02-29' })
    expect(yearsBack('2026-05-01', '2024-07-01')).toEqual(['2027', '2026', '2025', '2024'])
  })
})
