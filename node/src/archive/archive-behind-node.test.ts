import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { SampleInstance } from '@twiin/dicom/testing'
import { askContents } from '../find/ask-contents.ts'
import { isComplete } from '../find/patient-search.ts'
import { DicomwebServer } from '../testing/dicomweb-server.ts'
import { TestHospital, eventually, patient, radiologist } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import type { Counts } from './archived-studies.ts'

const bsn = patient.bsn as never
const settings = (url: string) => ({
  kind: 'dicomweb' as const,
  retrieve: 'wado' as const,
  url,
  host: '127.0.0.1',
  from: '2020-01-01',
  night: { from: '00:00', until: '00:00' },
  studiesPerSecond: { day: 100_000, night: 100_000 },
  recentDays: 2,
  recentMinutes: 10,
  passHours: 24,
  cacheMiB: 1,
  keepMinutes: 60,
  timeoutSeconds: 1,
})

/** A has an archive with one study of the patient and one of somebody else; B asks. */
async function scene(prepare: (server: DicomwebServer) => void = () => {}) {
  const network = await TestNetwork.open()
  const server = await DicomwebServer.start()
  const uid = server.add({ patient, seed: 'archived/1' })
  server.add({ patient: { ...patient, id: '9', bsn: '999990020', name: 'Ander^Bert' }, seed: 'archived/2' })
  prepare(server)
  const a = await TestHospital.open({ ura: '90000001', name: 'A', archive: settings(server.url) }, network)
  const b = await TestHospital.open({ ura: '90000002', name: 'B' }, network)
  await indexed(a)
  return {
    ...{ network, server, uid, a, b, archive: a.ground.archive as NonNullable<typeof a.ground.archive> },
    async [Symbol.asyncDispose]() {
      await a[Symbol.asyncDispose]()
      await b[Symbol.asyncDispose]()
      await network[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

const indexed = (hospital: TestHospital) =>
  eventually(async () => (await hospital.ground.archive?.indexer.status())?.pass?.endedAt !== undefined)

/** Another pass, to its end. */
async function passOf({ ground: { archive } }: TestHospital): Promise<Counts> {
  const passed = new Promise<Counts>((resolve) => {
    const stop = archive?.indexer.onPassed((counts) => {
      stop?.()
      resolve(counts)
    })
  })
  archive?.indexer.lookNow()
  return passed
}

const consent = (hospital: TestHospital) =>
  hospital.index.consents.record(bsn, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })

async function search(hospital: TestHospital) {
  const { searches } = hospital.exchange
  const purpose = { basis: 'treatment', reason: 'polikliniek' } as const
  const id = await searches.begin({ bsn: patient.bsn, purpose }, radiologist)
  await eventually(() => isComplete(searches.find(id, radiologist) as never))
  return { id, found: searches.find(id, radiologist) }
}

const published = (hospital: TestHospital) =>
  eventually(async () => (await hospital.index.publication.statusOf(bsn)).state === 'published')

async function retrieve(to: TestHospital, studyInstanceUid: string, destination: 'pacs' | 'viewer' = 'pacs') {
  const { id } = await search(to)
  const order = { searchId: id, studyInstanceUid, holder: '90000001', destination }
  const retrieval = await to.exchange.retrievals.request(order, radiologist)
  return eventually(async () => {
    const record = await to.exchange.book.get(retrieval)
    return record !== undefined && !['queued', 'running'].includes(record.state) && record
  })
}

const send = (from: TestHospital, uid: string) =>
  from.exchange.sends.request(
    { studyInstanceUids: [uid], recipient: { ura: '90000001' }, reason: 'verwijzing' },
    radiologist,
  )

const sha256 = ({ bytes, dataSetOffset }: SampleInstance) =>
  createHash('sha256').update(bytes.subarray(dataSetOffset)).digest('hex')

describe('an archive behind a node', () => {
  it('is found and retrieved like what the node received, and nothing is copied until then', async () => {
    await using net = await scene()
    const { a, b, server, uid, archive } = net
    await consent(a)
    await published(a)
    const { found } = await search(b)
    expect(found).toMatchObject({ studies: [{ studyInstanceUid: uid, instances: 3, local: false }] })
    expect([server.fetches(), server.given, archive.cache.studies]).toEqual([[], 0, 0])

    expect(await retrieve(b, uid)).toMatchObject({ state: 'delivered', instances: { done: 3, total: 3 } })
    const copy = await b.ground.studies.studyByUid(uid, '90000001')
    const came: string[] = []
    for await (const instance of b.ground.studies.instances(copy?.handle ?? ''))
      came.push(Buffer.from(instance.sha256).toString('hex'))
    expect(came.sort()).toEqual(server.studies.get(uid)?.instances.map(sha256).sort())
    expect(b.archive.stored).toHaveLength(3)
    expect(server.fetches()).toHaveLength(1)
    const files = await readdir(join(a.dir, 'archive-cache'))
    expect(files).toHaveLength(3)
    const [study] = (await search(b)).found?.studies ?? []
    expect(study?.bytes).toBeGreaterThan(0)
  })

  it('shows a second pass the changes only: new, grown, corrected, removed', async () => {
    await using net = await scene((server) => {
      for (let i = 0; i < 12; i++)
        server.add({ patient: { ...patient, id: `1${i}`, bsn: '999990032' }, seed: `more/${i}` })
    })
    const { a, server, uid } = net
    const metadataRead = () => server.asked.filter((path) => path.endsWith('/metadata')).length
    expect(metadataRead()).toBe(14)
    expect(await passOf(a)).toEqual({ unchanged: 14, new: 0, grown: 0, changed: 0, removed: 0 })
    const [, other, third] = [...server.studies.keys()]
    server.add({ patient, seed: 'new' })
    server.add({ patient, seed: 'archived/1', instances: 5 })
    server.studies.delete(other ?? '')
    const corrected = server.studies.get(third ?? '')
    if (corrected !== undefined) corrected.options.patient.name = 'Verbeterd^Anna'
    expect(await passOf(a)).toEqual({ unchanged: 11, new: 1, grown: 1, changed: 1, removed: 1 })
    expect(metadataRead()).toBe(17)
    expect(await a.ground.holdings.studyByUid(uid)).toMatchObject({ instances: 5 })
    expect(server.fetches()).toEqual([])
  })

  it('withdraws what was removed, and whose patient was corrected', async () => {
    await using net = await scene((archive) => void (archive.tellsOtherIds = true))
    const { a, b, server, uid } = net
    await consent(a)
    await published(a)
    const patientNow = { ...patient, bsn: '999990032' }
    server.add({ patient: patientNow, seed: 'archived/1' })
    await passOf(a)
    await eventually(async () => (await search(b)).found?.studies.length === 0)
    server.add({ patient, seed: 'archived/1' })
    await passOf(a)
    await eventually(async () => (await search(b)).found?.studies.length === 1)
    server.studies.delete(uid)
    await passOf(a)
    await eventually(async () => (await a.index.publication.statusOf(bsn)).state === 'pending')
    await eventually(async () => (await search(b)).found?.studies.length === 0)
  })

  it('withdraws after a crash what was removed right before it', async () => {
    await using net = await scene()
    const { a, b, uid, archive } = net
    await consent(a)
    await published(a)
    await a.index.publication.stop()
    await archive.archived.remove(uid)
    net.server.studies.delete(uid)
    await a.restart()
    await eventually(async () => (await search(b)).found?.studies.length === 0)
    await eventually(async () => (await a.audit('withdraw')).length > 0)
  })

  it('counts a study once that lies in the store too: the copy with more instances, on a tie the store’s', async () => {
    await using net = await scene()
    const { a, server, uid, archive } = net
    const { studyInstanceUid } = await a.receive({ seed: 'archived/1', size: 8 })
    expect(studyInstanceUid).toBe(uid)
    const held = async () => {
      const rows = []
      for await (const study of a.ground.holdings.studiesWithCitizenNumber(bsn)) rows.push(study)
      return rows
    }
    const stored = await a.ground.studies.studyByUid(uid)
    expect(await held()).toMatchObject([{ handle: stored?.handle, instances: 3 }])
    server.add({ patient, seed: 'archived/1', instances: 5 })
    await passOf(a)
    const archived = await archive.archived.studyByUid(uid)
    expect(await held()).toMatchObject([{ handle: archived?.handle, instances: 5 }])
    expect(await a.ground.holdings.copiesOf(uid)).toHaveLength(1)
  })

  it('is not fetched from because somebody looks into a study', async () => {
    await using net = await scene()
    const { a, b, server, uid } = net
    await consent(a)
    await published(a)
    const { found } = await search(b)
    const { clock, random, host, verify } = b.ground
    const deps = { clock, random, host, verify, signer: b.key }
    const look = () => askContents(found as never, a.key.peerId, { studies: [uid], level: 'instance' }, deps)
    const looked = await look()
    expect(looked).toMatchObject({ more: true, studies: [{ uid, series: [{ modality: 'CT' }] }] })
    expect(looked).not.toHaveProperty('studies.0.series.0.instances')
    expect(server.fetches()).toEqual([])
    await retrieve(b, uid)
    const cached = await look()
    expect(cached).toMatchObject({ more: false, studies: [{ series: [{ instances: [{}, {}, {}] }] }] })
    expect(server.fetches()).toHaveLength(1)
  })

  it.each(['pacs', 'viewer'] as const)('gives its own study to the %s of its own hospital', async (to) => {
    await using net = await scene()
    const { a, uid } = net
    await consent(a)
    await published(a)
    expect(await retrieve(a, uid, to)).toMatchObject({ state: 'delivered' })
    expect(a.archive.stored).toHaveLength(to === 'pacs' ? 3 : 0)
  })

  it('shows on the worklist which instance it gave that is another patient’s', async () => {
    await using net = await scene()
    const { a, server, uid } = net
    server.add({ patient: { ...patient, id: '8', bsn: '999990044' }, seed: 'archived/1', instances: 4 })
    const theirs = server.studies.get(uid)?.instances ?? []
    server.add({ patient, seed: 'archived/1' })
    server.change = (instances) => [...instances, ...theirs.slice(3)]
    const handle = (await a.ground.holdings.studyByUid(uid))?.handle ?? ''
    for (let times = 0; times < 2; times++)
      await expect(a.ground.holdings.instances(handle).next()).rejects.toMatchObject({
        code: 'ARCHIVE_IDENTITY_MISMATCH',
      })
    expect(await a.exchange.worklist.list(10)).toMatchObject([
      {
        ...{ kind: 'IDENTITY_CONFLICT', state: 'notice', study: { studyInstanceUid: uid } },
        ...{ incoming: { localId: '8', bsn: '999990044' }, local: { localId: '4711', bsn: patient.bsn } },
        differences: ['bsn'],
      },
    ])
  })

  it('keeps what is its own, whatever others send under its UID', async () => {
    await using net = await scene()
    const { a, b, uid } = net
    const stillOwn = async () => {
      expect(await a.ground.holdings.copiesOf(uid)).toMatchObject([
        { origin: { kind: 'local' } },
        { origin: { ura: '90000002' } },
      ])
      expect(await a.ground.holdings.studyByUid(uid)).toMatchObject({ origin: { kind: 'local' } })
    }
    // As the same patient it may join it; that makes it nobody else's, and opens no door for another patient.
    await b.receive({ seed: 'archived/1' })
    await send(b, uid)
    await a.transferIn('delivered')
    await stillOwn()
    const another = { ...patient, id: '8', bsn: '999990044', name: 'Ander^Carla', birthDate: '1971-01-01' }
    await b.receive({ seed: 'archived/1', instances: 4, patient: another })
    await send(b, uid)
    await a.transferIn('held')
    await stillOwn()
  })

  it('holds another patient’s study under the UID of its own for a person', async () => {
    await using net = await scene()
    const { a, b, uid } = net
    const another = { ...patient, id: '8', bsn: '999990044', name: 'Ander^Carla', birthDate: '1971-01-01' }
    await b.receive({ seed: 'archived/1', patient: another })
    await send(b, uid)
    expect(await a.transferIn('held')).toMatchObject({ reason: 'PATIENT_CONFLICT' })
    expect(await a.ground.holdings.studyByUid(uid)).toMatchObject({ origin: { kind: 'local' } })
    expect(a.archive.stored).toEqual([])
  })

  it('never takes what was delivered into it for its own', async () => {
    await using net = await scene()
    const { a, b, server } = net
    const { studyInstanceUid } = await b.receive({ seed: 'elsewhere' })
    await send(b, studyInstanceUid)
    await a.transferIn('delivered')
    server.add({ patient, seed: 'elsewhere' })
    await passOf(a)
    expect(await a.ground.holdings.studyByUid(studyInstanceUid)).toBeUndefined()
    expect(await a.ground.holdings.copiesOf(studyInstanceUid)).toMatchObject([{ origin: { kind: 'remote' } }])
  })

  it('does not serve a study that is another patient’s by now, nor one with another patient’s instances', async () => {
    await using net = await scene()
    const { a, b, server, uid } = net
    await consent(a)
    await published(a)
    const wrong = server.add({ patient: { ...patient, id: '8', bsn: '999990044' }, seed: 'wrong' })
    const wrongInstances = server.studies.get(wrong)?.instances ?? []
    server.studies.delete(wrong)
    // Same study UID, another patient in the data set.
    server.change = (instances) => [...instances.slice(1), ...wrongInstances.slice(0, 1)]
    await expect(
      a.ground.holdings.instances((await a.ground.holdings.studyByUid(uid))?.handle ?? '').next(),
    ).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
    })
    server.change = (instances) => instances
    server.add({ patient: { ...patient, birthDate: '1961-02-03' }, seed: 'archived/1' })
    await expect(
      a.ground.holdings.instances((await a.ground.holdings.studyByUid(uid))?.handle ?? '').next(),
    ).rejects.toMatchObject({
      code: 'ARCHIVE_CHANGED',
    })
    expect(b.archive.stored).toEqual([])
  })
})
