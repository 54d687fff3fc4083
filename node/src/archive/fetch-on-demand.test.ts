import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HeadReader } from '@twiin/dicom'
import { ShiftableClock, silentLogger } from '@twiin/runtime'
import { DiskReserve, Sealer, Store } from '@twiin/store'
import { DicomwebServer } from '../testing/dicomweb-server.ts'
import { patient } from '../testing/test-hospital.ts'
import { ArchiveCache } from './archive-cache.ts'
import { ArchivedStudies } from './archived-studies.ts'
import { DicomwebArchive } from './dicomweb-archive.ts'
import { FetchOnDemand } from './fetch-on-demand.ts'

const log = silentLogger
const random = (bytes: number) => randomBytes(bytes)
const clock = new ShiftableClock()
// Waits of a fetch are skipped, not slept through; a timeout is real.
const impatient = {
  now: () => clock.now(),
  sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms >= 2000 ? 1 : ms, signal),
}
const heads = new HeadReader({}, { log })
afterAll(() => heads.stop())

let [dir, server] = [] as unknown as [string, DicomwebServer]
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-fetch-'))
  server = await DicomwebServer.start()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

async function opened({ quotaBytes = 1 << 20, timeoutMs = 1500 } = {}) {
  const sealer = await Sealer.open(join(dir, 'key'))
  const reserve = new DiskReserve({ dir, reserveBytes: 0, ballastBytes: 4096 }, { log })
  const store = new Store({ dir: join(dir, 'catalogue') }, { sealer, reserve, log })
  await reserve.start()
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
  const cacheDir = join(dir, 'cache')
  const cache = new ArchiveCache(
    { dir: cacheDir, quotaBytes, keepMs: 60_000 },
    { sealer, reserve, clock, log, random },
  )
  await cache.start()
  const source = new DicomwebArchive({ url: server.url, ownIssuer: 'A', timeoutMs: 5000 }, { clock, log })
  const fetcher = new FetchOnDemand(
    { archive: 'PACS', ownIssuer: 'A', timeoutMs },
    { source, studies, cache, heads, clock: impatient, log },
  )
  /** As a pass would. */
  const index = async () => {
    const window = { from: '1900-01-01', until: '2100-01-01' }
    const signal = new AbortController().signal
    for await (const answered of source.studies(window, signal))
      await studies.put([{ study: await source.completed(answered, signal), answered }])
  }
  await index()
  return {
    ...{ fetcher, cache, studies, index },
    files: () => readdir(cacheDir),
    async [Symbol.asyncDispose]() {
      await fetcher.stop()
      await cache.stop()
      await store.stop()
    },
  }
}

describe('a fetch from the archive', () => {
  it('is one for all who ask at once, and none while it is cached', async () => {
    const uid = server.add({ patient, seed: 'once' })
    await using node = await opened()
    const asked = await Promise.all([1, 2, 3].map(() => node.fetcher.instances(uid)))
    expect(asked.map((instances) => instances.length)).toEqual([3, 3, 3])
    await node.fetcher.instances(uid)
    expect(server.fetches()).toHaveLength(1)
  })

  it('that brings fewer instances than counted is tried again, and never served', async () => {
    const uid = server.add({ patient, seed: 'partial' })
    await using node = await opened()
    let tries = 0
    server.change = (instances) => (++tries < 3 ? instances.slice(1) : instances)
    expect(await node.fetcher.instances(uid)).toHaveLength(3)
    expect(tries).toBe(3)
    server.change = (instances) => instances.slice(1)
    const other = server.add({ patient, seed: 'always partial' })
    await node.index()
    await expect(node.fetcher.instances(other)).rejects.toMatchObject({ code: 'ARCHIVE_INCOMPLETE' })
    expect(await node.files()).toHaveLength(3)
    expect(node.cache.studies).toBe(1)
  })

  it('with one instance of another patient under the study’s UID serves none of it', async () => {
    const uid = server.add({ patient, seed: 'mixed' })
    await using node = await opened()
    const wrong = server.add({
      patient: { ...patient, id: '8', bsn: '999990044' },
      seed: 'mixed',
      instances: 4,
    })
    expect(wrong).toBe(uid)
    const theirs = server.studies.get(uid)?.instances ?? []
    server.add({ patient, seed: 'mixed' })
    server.change = (instances) => [...instances, ...theirs.slice(3)]
    await expect(node.fetcher.instances(uid)).rejects.toMatchObject({ code: 'ARCHIVE_IDENTITY_MISMATCH' })
    expect([await node.files(), node.cache.bytes]).toEqual([[], 0])
  })

  it.each([
    ['hangs', () => 'hang' as const, 'ARCHIVE_TIMEOUT'],
    ['is cut off', () => 'break' as const, 'ARCHIVE_UNREACHABLE'],
    ['is refused', () => 403, 'ARCHIVE_REFUSED'],
    ['meets a busy archive', () => 503, 'ARCHIVE_BUSY'],
  ])('that %s says so and leaves nothing behind', async (_, reaction, code) => {
    const uid = server.add({ patient, seed: 'trouble' })
    await using node = await opened({ timeoutMs: 300 })
    server.react = (path) => (path.includes('?') ? 200 : reaction())
    await expect(node.fetcher.instances(uid)).rejects.toMatchObject({ code })
    server.react = () => 200
    expect(await node.fetcher.instances(uid)).toHaveLength(3)
  })

  it('of a study that is gone removes it', async () => {
    const uid = server.add({ patient, seed: 'gone' })
    await using node = await opened()
    server.studies.delete(uid)
    await expect(node.fetcher.instances(uid)).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' })
    expect(await node.studies.studyByUid(uid)).toBeUndefined()
  })

  it('keeps within the cache: what was used last stays, what is in use is not thrown out', async () => {
    const uids = [1, 2, 3].map((number) => server.add({ patient, seed: `cache/${number}` }))
    const [one = '', two = '', three = ''] = uids
    const size = (server.studies.get(one)?.instances ?? []).reduce((sum, { bytes }) => sum + bytes.length, 0)
    await using node = await opened({ quotaBytes: Math.floor(size * 2.5) })
    await node.fetcher.instances(one)
    await node.fetcher.instances(two)
    await expect(node.fetcher.instances(three)).rejects.toMatchObject({ code: 'ARCHIVE_FULL' })
    clock.moveOn(61_000)
    await node.fetcher.instances(one)
    await node.fetcher.instances(three)
    expect([one, two, three].map((uid) => node.cache.get(uid) !== undefined)).toEqual([true, false, true])
    expect(node.cache.bytes).toBeLessThanOrEqual(size * 2.5)
    expect(await node.files()).toHaveLength(6)
  })
})
