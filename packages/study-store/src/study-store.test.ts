import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StudyChange } from './records.ts'
import { Holdings, collect, factsOf, headOf, remote } from './testing.ts'

let holdings: Holdings
beforeEach(async () => {
  holdings = await Holdings.create()
})
afterEach(() => holdings[Symbol.asyncDispose]())

async function only<T>(items: AsyncIterable<T>): Promise<T> {
  const [item, ...others] = await collect(items)
  if (item === undefined || others.length > 0) throw new Error('expected exactly one')
  return item
}
/** By owner and name. */
const partials = async () => {
  const entries = await readdir(join(holdings.dir, 'studies', 'partial'), {
    recursive: true,
    withFileTypes: true,
  })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}
const files = (folder: string) => readdir(join(holdings.dir, 'studies', folder))

describe('an instance', () => {
  it('comes back byte for byte, whole or in part, after a restart too', async () => {
    const bytes = randomBytes(300_001)
    const { study, outcome } = await holdings.receive(headOf('1.2.3.1.1', { instanceNumber: 7 }), bytes)
    expect(outcome).toBe('stored')
    await holdings.restart()
    const instance = await only(holdings.studies.instances(study))
    expect(instance).toMatchObject({ size: bytes.length, instanceNumber: 7, sopInstanceUid: '1.2.3.1.1' })
    expect(Buffer.from(instance.sha256)).toEqual(createHash('sha256').update(bytes).digest())
    expect((await holdings.bytesOf(instance)).equals(bytes)).toBe(true)
    const part = await holdings.bytesOf(instance, { offset: 65_000, length: 70_000 })
    expect(part.equals(bytes.subarray(65_000, 135_000))).toBe(true)
    expect(await holdings.studies.instanceByUid('1.2.3.1.1')).toEqual(instance)
  })

  it('that comes again, identical, is already here, also when both come at once', async () => {
    const bytes = randomBytes(1000)
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => holdings.receive(headOf('1.2.3.1.1'), bytes)),
    )
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual([
      ...Array<string>(7).fill('already-here'),
      'stored',
    ])
    expect((await holdings.studies.studyByUid('1.2.3'))?.instances).toBe(1)
    expect(await files('incoming')).toEqual([])
  })

  it('with the UID of another changes nothing: the first stays, the second is set aside once', async () => {
    const [first, second] = [randomBytes(1000), randomBytes(1000)]
    const { study } = await holdings.receive(headOf('1.2.3.1.1'), first)
    for (let i = 0; i < 2; i++) {
      const again = await holdings.receive(headOf('1.2.3.1.1', { studyInstanceUid: '1.2.4' }), second)
      expect(again).toEqual({ outcome: 'conflict', study })
    }
    await holdings.restart()
    expect(await holdings.bytesOf(await only(holdings.studies.instances(study)))).toEqual(first)
    const aside = await only(holdings.studies.quarantined())
    expect(Buffer.concat(await collect(holdings.studies.readDataSet(aside)))).toEqual(second)
    expect(await holdings.studies.studyByUid('1.2.4')).toBeUndefined()
  })

  it('with the UID of another conflicts also when both come at once, for different studies and patients', async () => {
    const other = { studyInstanceUid: '1.2.4', patientId: { id: '4712' } }
    const uids = Array.from({ length: 30 }, (_, i) => `1.2.3.1.${i}`)
    const outcomes = await Promise.all(
      uids.flatMap((uid) => [
        holdings.receive(headOf(uid), randomBytes(1000)),
        holdings.receive(headOf(uid, other), randomBytes(1000)),
      ]),
    )
    expect(outcomes.filter(({ outcome }) => outcome === 'stored')).toHaveLength(30)
    const studies = await collect(holdings.studies.studies())
    expect(studies.reduce((sum, study) => sum + study.instances, 0)).toBe(30)
  })

  it('that is not what was announced, or cannot be filed, is refused and leaves nothing', async () => {
    const refused = [
      [headOf('1.2.9'), 'HEADER_MISMATCH'],
      [headOf('1.2.3.1.1', { sopClassUid: '1.2.8' }), 'HEADER_MISMATCH'],
      [headOf('1.2.3.1.1', { studyInstanceUid: '' }), 'HEADER_INVALID'],
      [headOf('1.2.3.1.1', { seriesInstanceUid: '../../x' }), 'HEADER_INVALID'],
      [headOf('1.2.3.1.1', { patientId: { id: '1'.repeat(300) } }), 'HEADER_INVALID'],
    ] as const
    for (const [head, code] of refused) {
      const incoming = await holdings.studies.openIncoming(factsOf(headOf('1.2.3.1.1')))
      await incoming.write(randomBytes(10))
      await expect(incoming.commit(head)).rejects.toMatchObject({ code })
      await incoming.discard()
    }
    expect(await collect(holdings.studies.studies())).toEqual([])
    expect(await files('incoming')).toEqual([])
  })

  it('does not count before it is committed, and what a crash left of it is swept', async () => {
    const incoming = await holdings.studies.openIncoming(factsOf(headOf('1.2.3.1.1')))
    await incoming.write(randomBytes(100_000))
    expect(await collect(holdings.studies.studies())).toEqual([])
    await writeFile(join(holdings.dir, 'studies', 'incoming', 'f'.repeat(32)), 'remnant')
    await holdings.restart()
    expect(await files('incoming')).toEqual([])
  })

  it('shows its beginning while it is received', async () => {
    const bytes = randomBytes(200_000)
    const incoming = await holdings.studies.openIncoming(factsOf(headOf('1.2.3.1.1')))
    for (let at = 0; at < bytes.length; at += 30_000) await incoming.write(bytes.subarray(at, at + 30_000))
    expect((await incoming.head()).equals(bytes.subarray(0, 65_536))).toBe(true)
    expect((await incoming.head(150_000)).equals(bytes.subarray(0, 150_000))).toBe(true)
    await incoming.discard()
  })
})

describe('an interrupted reception', () => {
  const facts = { ...factsOf(headOf('1.2.3.1.1'), remote), resumeAs: 'transfer 1, instance 3' }

  it('goes on after a restart where it was durable, and ends up identical', async () => {
    const bytes = randomBytes(500_000)
    const first = await holdings.studies.openIncoming(facts)
    await first.write(bytes.subarray(0, 300_000))
    const kept = await first.checkpoint()
    expect(kept).toBe(4 * 65_536)
    await expect(holdings.studies.openIncoming(facts)).rejects.toMatchObject({ code: 'RECEPTION_BUSY' })
    await holdings.restart()
    const second = await holdings.studies.openIncoming(facts)
    expect(second.size).toBe(kept)
    await second.write(bytes.subarray(kept))
    expect(second.digest()).toEqual(createHash('sha256').update(bytes).digest())
    const { study } = await second.commit(headOf('1.2.3.1.1'))
    expect((await holdings.bytesOf(await only(holdings.studies.instances(study)))).equals(bytes)).toBe(true)
    expect(await partials()).toEqual([])
  })

  it('begins anew when a power cut took even its first bytes', async () => {
    const first = await holdings.studies.openIncoming(facts)
    await first.suspend()
    const [name = ''] = await partials()
    await writeFile(name, '')
    const second = await holdings.studies.openIncoming(facts)
    expect(second.size).toBe(0)
    await second.discard()
  })

  it('is given up after a week', async () => {
    await holdings.clock.advance(Date.now() - holdings.clock.now())
    const first = await holdings.studies.openIncoming(facts)
    await first.suspend()
    await holdings.clock.advance(6 * 86_400_000)
    await holdings.restart()
    expect(await partials()).toHaveLength(1)
    await holdings.clock.advance(2 * 86_400_000)
    await vi.waitFor(async () => expect(await partials()).toEqual([]))
  })

  it('whose commit is refused leaves no bytes and nothing open', async () => {
    const first = await holdings.studies.openIncoming(facts)
    await first.write(randomBytes(100_000))
    await expect(first.commit(headOf('1.2.9'))).rejects.toMatchObject({ code: 'HEADER_MISMATCH' })
    expect(await partials()).toEqual([])
    const second = await holdings.studies.openIncoming(facts)
    expect(second.size).toBe(0)
    await second.discard()
  })

  it('takes no more than its sender’s share of the disk: the oldest goes, others’ stay', async () => {
    await using small = new Holdings(await mkdtemp(join(tmpdir(), 'twiin-share-')), {
      partialQuotaBytes: 1 << 20,
    })
    await small.start()
    const interrupt = async (resumeAs: string, origin = remote) => {
      const incoming = await small.studies.openIncoming({ ...facts, origin, resumeAs })
      const { size } = incoming
      if (size === 0) await incoming.write(randomBytes(400_000))
      await incoming.suspend()
      return size
    }
    const other = { kind: 'remote', ura: '90000003' } as const
    await interrupt('other', other)
    for (const name of ['first', 'second', 'third']) await interrupt(name)
    expect(await interrupt('other', other)).toBeGreaterThan(0)
    expect(await interrupt('third')).toBeGreaterThan(0)
    expect(await interrupt('first')).toBe(0)
  })
})

describe('a study', () => {
  it('adds up, however many associations bring it at once', async () => {
    const names = Array.from({ length: 120 }, (_, i) => i)
    await Promise.all(
      names.map((i) =>
        holdings.receive(
          headOf(`1.2.3.${i % 3}.${i}`, {
            seriesInstanceUid: `1.2.3.${i % 3}`,
            modality: ['CT', 'SR', 'CT'][i % 3] ?? '',
            sopClassUid: i % 3 === 1 ? '1.2.840.10008.5.1.4.1.1.88.33' : '1.2.840.10008.5.1.4.1.1.2',
            bodyPart: 'CHEST',
            ...(i % 2 === 0 ? { patientId: { id: '' } } : {}),
          }),
          randomBytes(1000),
        ),
      ),
    )
    const study = await holdings.studies.studyByUid('1.2.3')
    expect(study).toMatchObject({
      series: 3,
      instances: 120,
      bytes: 120_000,
      reports: 40,
      bodyParts: ['CHEST'],
    })
    expect([...(study?.modalities ?? [])].sort()).toEqual(['CT', 'SR'])
    expect(study?.identityConflict).toBe(false)
    const series = await collect(holdings.studies.series(study?.handle ?? ''))
    expect(series.map((one) => one.instances)).toEqual([40, 40, 40])
    const instances = await collect(holdings.studies.instances(study?.handle ?? ''))
    expect(new Set(instances.map((one) => one.sopInstanceUid)).size).toBe(120)
  })

  it('is listed in order of arrival, page by page', async () => {
    for (const uid of ['1.9', '1.1', '1.5']) {
      await holdings.receive(headOf(`${uid}.1`, { studyInstanceUid: uid }), randomBytes(10))
      await holdings.clock.advance(1)
    }
    const page = await collect(holdings.studies.studies({ limit: 2 }))
    expect(page.map((study) => study.studyInstanceUid)).toEqual(['1.9', '1.1'])
    const next = await collect(holdings.studies.studies({ after: page[1]?.handle ?? '' }))
    expect(next.map((study) => study.studyInstanceUid)).toEqual(['1.5'])
  })

  it('is told about once it is durable, and a listener that fails harms nobody', async () => {
    const changes: StudyChange[] = []
    holdings.studies.onChange(() => {
      throw new Error('listener')
    })
    const stop = holdings.studies.onChange((change) => changes.push(change))
    const { study } = await holdings.receive(headOf('1.2.3.1.1'), randomBytes(10))
    expect(changes).toEqual([{ handle: study, what: 'arrived' }])
    stop()
    await holdings.receive(headOf('1.2.3.1.2'), randomBytes(10))
    expect(changes).toHaveLength(1)
  })
})

it('bytes that changed on disk are refused, never handed out', async () => {
  const { study } = await holdings.receive(headOf('1.2.3.1.1'), randomBytes(1000))
  const instance = await only(holdings.studies.instances(study))
  await appendFile(join(holdings.dir, 'studies', 'blobs', instance.blob.slice(0, 2), instance.blob), 'x')
  await expect(holdings.bytesOf(instance)).rejects.toMatchObject({ code: 'SEAL_BROKEN' })
})
