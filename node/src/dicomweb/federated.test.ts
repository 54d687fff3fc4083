import { describe, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { readParts } from '../testing/read-parts.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'

const bsn = patient.bsn as never
const scriptUser = { id: 'radiologist token', name: 'radiologist', role: 'radiologist' as const }

/** A holds a study that B's radiologist (the bearer of the token) found; B's web is up. */
async function found(options: { instances?: number } = {}) {
  const net = await twoHospitals()
  const { a, b } = net
  const study = await a.receive({ size: 32, ...options })
  await consent(a, 'permit')
  await eventually(async () => (await a.audit('publish')).length > 0)
  await eventually(() => a.index.publisher.status().pending === 0)
  const web = await TestWeb.start(b)
  const searchId = await search(b)
  const [first] = study.instances
  if (first === undefined) throw new Error('no instance')
  const path = `/dicom-web/studies/${study.studyInstanceUid}`
  const series = `${path}/series/${first.seriesInstanceUid}`
  return {
    ...{ net, a, b, web, searchId, study, path, series },
    async [Symbol.asyncDispose]() {
      await web[Symbol.asyncDispose]()
      await net[Symbol.asyncDispose]()
    },
  }
}
const consent = (hospital: TestHospital, decision: 'permit' | 'deny') =>
  hospital.index.consents.record(bsn, { scope: { kind: 'all' }, decision, by: 'op' })
async function search(hospital: TestHospital, person = scriptUser): Promise<string> {
  const { searches } = hospital.exchange
  const purpose = { basis: 'treatment', reason: 'polikliniek' } as const
  const id = await searches.begin({ bsn: patient.bsn, purpose }, person)
  await eventually(() => isComplete(searches.find(id, person) as never))
  return id
}
const octets = { accept: 'multipart/related; type=application/octet-stream; transfer-syntax=*' }
type Json = Record<string, { vr: string; Value?: unknown[]; BulkDataURI?: string }>[]

describe('a study at another hospital', () => {
  it('opens through the one base URL as OHIF asks for it, and is on record at both ends once', async () => {
    await using world = await found()
    const { a, b, web, searchId, study, path, series } = world
    const list = await web.call(
      `/dicom-web/searches/${searchId}/studies?limit=101&offset=0&fuzzymatching=false`,
    )
    const [row, ...others] = list.json() as Json
    expect(others).toEqual([])
    expect(row?.['0020000D']?.Value).toEqual([study.studyInstanceUid])
    expect(row?.['00080080']?.Value).toEqual(['A'])
    // What OHIF 3.13 asks for, in its order.
    const asked = await web.call(
      `/dicom-web/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060&StudyInstanceUID=${study.studyInstanceUid}`,
    )
    expect((asked.json() as Json).map((one) => one['0020000D']?.Value?.[0])).toEqual([study.studyInstanceUid])
    const [listed] = (await web.call(`${path}/series?includefield=0008103E`)).json() as Json
    expect(listed?.['00201209']?.Value).toEqual([3])
    const metadata = (await web.call(`${series}/metadata`)).json() as Json
    expect(metadata).toHaveLength(3)
    for (const instance of study.instances) {
      const frame = await web.call(`${series}/instances/${instance.sopInstanceUid}/frames/1`, {
        headers: octets,
      })
      const [part] = readParts(frame)
      expect(part?.body.length).toBe(32 * 32 * 2)
      expect(instance.bytes.includes(part?.body ?? Buffer.from('x'))).toBe(true)
    }
    expect(await b.audit('retrieve-requested')).toHaveLength(1)
    expect(await b.audit('study-viewed')).toMatchObject([
      { user: { id: scriptUser.id }, peer: { ura: '90000001' }, patient: { citizenNumber: bsn } },
    ])
    expect(await eventually(async () => (await a.audit('study-served')).length === 1)).toBe(true)
  })

  it('is given as a whole in the transfer syntax that was asked for, or not at all', async () => {
    await using world = await found()
    const { web, path, series } = world
    const asked = (uid: string) => ({
      headers: { accept: `multipart/related; type="application/dicom"; transfer-syntax=${uid}` },
    })
    for (const place of [path, series]) {
      expect((await web.call(place, asked('1.2.840.10008.1.2.4.50'))).status).toBe(406)
      expect(readParts(await web.call(place, asked('1.2.840.10008.1.2.1')))).toHaveLength(3)
    }
  })

  it('is shown instance by instance while the rest is still on its way', async () => {
    await using world = await found({ instances: 4 })
    const { net, web, series, study, b } = world
    // The line stops for good after the first pieces.
    net.network.wire.faults.push(
      { cutAtFrame: 3 },
      ...Array.from({ length: 1000 }, () => ({ cutAtFrame: 0 })),
    )
    const [first] = study.instances
    const frame = await web.call(`${series}/instances/${first?.sopInstanceUid}/frames/1`, { headers: octets })
    expect(frame.status).toBe(200)
    const [transfer] = await b.transfers()
    expect(transfer?.state).not.toBe('delivered')
  })

  it('asked for many times at once is fetched once', async () => {
    await using world = await found()
    const { web, path, series, b, a } = world
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => web.call(`${series}/metadata`)),
      web.call(path),
      web.call(`${path}/instances`),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(await b.transfers()).toHaveLength(1)
    await eventually(async () => (await a.audit('study-served')).length === 1)
  })

  it('is fetched once, also when its reader searches for the patient again meanwhile', async () => {
    await using world = await found()
    const { web, path, series, b } = world
    expect((await web.call(`${series}/metadata`)).status).toBe(200)
    await search(b)
    expect((await web.call(`${path}/series`)).status).toBe(200)
    expect((await web.call(`${series}/metadata`)).status).toBe(200)
    expect(await b.audit('retrieve-requested')).toHaveLength(1)
  })

  it('goes on for the others when one client hangs up', async () => {
    await using world = await found()
    const { web, series, net, b } = world
    net.network.wire.faults.push({ cutAtFrame: 0 })
    const gone = new AbortController()
    const leaving = fetch(`${web.url}${series}/metadata`, { signal: gone.signal }).catch(() => undefined)
    const staying = web.call(`${series}/metadata`)
    gone.abort()
    await leaving
    expect((await staying).json()).toHaveLength(3)
    expect(await b.transfers()).toMatchObject([{ state: 'delivered' }])
  })

  it('is refused when the holder refuses, with its own code, and nobody keeps asking', async () => {
    await using world = await found()
    const { web, a, b, series } = world
    await consent(a, 'deny')
    for (let i = 0; i < 3; i++) {
      const answer = await web.call(`${series}/metadata`)
      expect([answer.status, (answer.json() as { code: string }).code]).toEqual([403, 'HOLDER_REFUSED'])
    }
    expect(await b.transfers()).toHaveLength(1)
    expect(await b.audit('study-viewed')).toEqual([])
  })

  it('is not there for who did not search for it, not even when somebody else fetched it', async () => {
    await using world = await found()
    const { web, path, searchId } = world
    expect((await web.call(`${path}/series`)).status).toBe(200)
    for (const url of [`${path}/series`, `${path}/metadata`, path, `/dicom-web/searches/${searchId}/studies`])
      expect([url, (await web.call(url, { as: 'operator' })).status]).toEqual([url, 404])
    const list = await web.call('/dicom-web/studies', { as: 'operator' })
    expect(list.json()).toEqual([])
  })

  it('is not shown when it says that it is somebody else’s', async () => {
    await using world = await found()
    const { web, b, series, study } = world
    expect((await web.call(`${series}/metadata`)).status).toBe(200)
    // The search was for another person after all.
    const record = await b.ground.studies.studyByUid(study.studyInstanceUid, '90000001')
    expect(record?.patient.citizenNumbers).toEqual([bsn])
    for (const found of b.exchange.searches.of(scriptUser)) Object.assign(found, { bsn: '999991772' })
    const [transfer] = await b.transfers()
    await b.exchange.book.change(transfer?.id ?? '', { bsn: '999991772' })
    for (const url of [
      `${series}/metadata`,
      `${series}/instances/${study.instances[0]?.sopInstanceUid}/frames/1`,
    ]) {
      const answer = await web.call(url)
      expect([answer.status, (answer.json() as { code: string }).code]).toEqual([409, 'PATIENT_CONFLICT'])
    }
  })

  it('is open to everybody who works with images once it is in this hospital’s PACS', async () => {
    await using world = await found()
    const { web, b, path, study, searchId } = world
    const other = await search(b, radiologist)
    expect(other).not.toBe(searchId)
    const order = {
      searchId: other,
      studyInstanceUid: study.studyInstanceUid,
      holder: '90000001',
      destination: 'pacs' as const,
    }
    const id = await b.exchange.retrievals.request(order, radiologist)
    await eventually(async () => (await b.exchange.book.get(id))?.state === 'delivered')
    const answer = await web.call(`${path}/series`, { as: 'operator' })
    expect([answer.status, (answer.json() as Json).length]).toEqual([200, 1])
  })
})
