import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rawZip as zipOf } from '@twiin/media/testing'
import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance, SamplePatient, SampleStudyOptions } from '@twiin/dicom/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestHospital, eventually, patient } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { patientIdIn } from '../testing/read-identifiers.ts'
import { TestWeb } from '../testing/test-web.ts'
import type { WebAnswer } from '../testing/test-web.ts'

interface Disc {
  id: string
  state: string
  reason?: string
  counts: { dicom: number; ballast: number }
  problems: { code: string }[]
  patients: {
    key: string
    name: string
    bsn: string | null
    studies: { studyInstanceUid: string; here: number; differs: number; transferId?: string }[]
  }[]
}

interface Worklist {
  exceptions: { state: string; differences: string[] }[]
}

let network: TestNetwork
let hospital: TestHospital
let web: TestWeb
beforeEach(async () => {
  network = await TestNetwork.open()
  hospital = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
  web = await TestWeb.start(hospital)
})
afterEach(async () => {
  await web[Symbol.asyncDispose]()
  await hospital[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
})

type Changes = Partial<Omit<SampleStudyOptions, 'patient'>> & { patient?: Partial<SamplePatient> }
const elsewhere = ({ patient: who, ...options }: Changes = {}) =>
  sampleStudy({
    ...{ kind: 'CT', studyDate: '2025-01-05', description: 'CT abdomen', institution: 'Elders (fictief)' },
    ...{ instances: 3, size: 16, seed: 'elsewhere', ...options },
    patient: { id: '77', name: 'Jansen^Anna', birthDate: '1960-02-03', sex: 'F', ...who },
  })
const files = (...studies: SampleInstance[][]) =>
  studies.flat().map(({ bytes }, index) => ({ name: `DICOM/IM${index}`, data: bytes }))

async function sent(zip: Buffer): Promise<Disc> {
  const answer = await web.call('/api/v1/discs', post(zip))
  expect(answer.status).toBe(202)
  const { id } = answer.json() as { id: string }
  return eventually(async () => {
    const disc = await discOf(id)
    return disc.state === 'reading' ? undefined : disc
  })
}
const discOf = async (id: string) =>
  (await web.call(`/api/v1/discs/${id}`, { as: 'operator' })).json() as Disc
const post = (body: Buffer, type = 'application/zip') => ({
  ...{ method: 'POST', as: 'operator' as const, body },
  headers: { 'content-type': type },
})
const takeIn = (id: string, ...patients: object[]): Promise<WebAnswer> =>
  web.call(`/api/v1/discs/${id}/intake`, post(Buffer.from(JSON.stringify({ patients })), 'application/json'))
const codeOf = (answer: WebAnswer) => (answer.json() as { code: string }).code
const transferOf = async (answer: WebAnswer, state: string) => {
  const [id = ''] = (answer.json() as { transfers: string[] }).transfers
  return eventually(async () => {
    const transfer = await hospital.exchange.book.get(id)
    if (transfer?.state === 'failed' && state !== 'failed') throw new Error(transfer.reason)
    return transfer?.state === state ? transfer : undefined
  })
}
/** Patient ID and issuer of each object in the PACS. */
const inPacs = () => hospital.archive.stored.map(({ dataSet }) => patientIdIn(dataSet))

describe('a disc that is sent to a hospital', () => {
  it('is shown, and nothing of it is taken in until a person says so', async () => {
    const disc = await sent(
      zipOf([
        ...files(
          elsewhere({ patient: { bsn: patient.bsn } }),
          elsewhere({ seed: 'other', patient: { id: '78', name: 'Pietersen^Bea' } }),
        ),
        { name: 'VIEWER.EXE', data: Buffer.from('MZ') },
      ]),
    )
    expect(disc).toMatchObject({ state: 'ready', counts: { dicom: 6, ballast: 1 } })
    expect(disc.patients.map(({ name, bsn }) => [name, bsn])).toEqual([
      ['Jansen^Anna', '*****0019'],
      ['Pietersen^Bea', null],
    ])
    expect(await hospital.transfers()).toEqual([])
    const [study] = disc.patients[0]!.studies
    expect(await hospital.ground.studies.studyByUid(study!.studyInstanceUid, 'disc')).toBeUndefined()
    const line = (await hospital.audit('media-import'))[0]
    expect(line).toMatchObject({ user: { id: 'operator token' }, requestId: disc.id })
  })

  it('lies sealed: nothing of it stands on the disk in clear', async () => {
    const study = elsewhere()
    await sent(zipOf(files(study)))
    const dir = join(hospital.dir, 'discs')
    const names = await readdir(dir)
    expect(names).toHaveLength(1)
    const bytes = await readFile(join(dir, names[0]!))
    for (const text of ['Jansen', 'DICM', 'IM0']) expect(bytes.includes(text)).toBe(false)
  })

  it('that is no disc, or not whole, is refused with the reason', async () => {
    expect(await sent(Buffer.from('no disc'))).toMatchObject({
      state: 'refused',
      reason: 'DISC_FORMAT_UNKNOWN',
    })
    const zip = zipOf(files(elsewhere()))
    expect(await sent(zip.subarray(0, -40))).toMatchObject({ state: 'refused', reason: 'DISC_UNREADABLE' })
  })

  it('is for an operator only, and a larger one than may be is not taken', async () => {
    for (const as of ['radiologist', 'auditor'] as const) {
      const call = { ...post(zipOf([])), as }
      expect((await web.call('/api/v1/discs', call)).status).toBe(403)
      expect((await web.call('/api/v1/discs', { as })).status).toBe(403)
    }
    const call = post(Buffer.from('x'))
    const large = { ...call, headers: { ...call.headers, 'content-length': String(2 ** 31) } }
    expect(
      (await web.call('/api/v1/discs', { ...large, body: Buffer.alloc(16) }).catch(() => ({ status: 413 })))
        .status,
    ).toBe(413)
    expect(await readdir(join(hospital.dir, 'discs'))).toEqual([])
  })
})

describe('a study of a disc that is taken in', () => {
  it('is in the PACS under the number the operator stated, its bytes as on the disc, on record, and not ours', async () => {
    await hospital.receive()
    const study = elsewhere({ patient: { bsn: patient.bsn } })
    const disc = await sent(zipOf(files(study)))
    const stated = { localId: patient.id, birthDate: patient.birthDate }
    await transferOf(await takeIn(disc.id, { key: 'p1', patient: stated }), 'delivered')
    expect(inPacs()).toEqual(['4711 A', '4711 A', '4711 A'])
    const uid = study[0]!.studyInstanceUid
    const kept = await hospital.ground.studies.studyByUid(uid, 'disc')
    expect(kept?.origin).toMatchObject({ kind: 'disc', institution: 'Elders (fictief)' })
    for (const { sopInstanceUid, bytes, dataSetOffset } of study) {
      const instance = await hospital.ground.studies.instanceByUid(sopInstanceUid, 'disc')
      expect(Buffer.from(instance!.sha256).toString('hex')).toBe(digest(bytes.subarray(dataSetOffset)))
    }
    expect(await hospital.ground.studies.studyByUid(uid)).toBeUndefined()
    const lines = await hospital.audit('media-import')
    expect(lines.at(-1)).toMatchObject({
      outcome: 'success',
      patient: { localId: '77', citizenNumber: patient.bsn },
      objects: { studyInstanceUids: [uid], count: 3 },
    })
    expect(await hospital.audit('publish')).toEqual([])
  })

  it('without a statement goes under our number when BSN, name and birth date agree', async () => {
    await hospital.receive()
    const disc = await sent(zipOf(files(elsewhere({ patient: { bsn: patient.bsn } }))))
    await transferOf(await takeIn(disc.id, { key: 'p1' }), 'delivered')
    expect(inPacs()[0]).toBe('4711 A')
  })

  it('of somebody not known here never gets a number that can be another’s', async () => {
    await hospital.receive()
    const same = { id: patient.id, name: 'Pietersen^Bea', birthDate: '1971-01-01' }
    const disc = await sent(
      zipOf(
        files(
          elsewhere({ patient: same }),
          elsewhere({ seed: 'b', patient: { ...same, name: 'Claassen^Cor' } }),
          elsewhere({ seed: 'c', institution: 'Ander (fictief)', patient: same }),
        ),
      ),
    )
    expect(disc.patients).toHaveLength(2)
    await takeIn(disc.id, { key: 'p1' }, { key: 'p2' })
    await eventually(async () => (await hospital.transfers()).every(({ state }) => state === 'delivered'))
    const numbers = new Set(inPacs())
    expect(numbers.size).toBe(3)
    for (const number of numbers) expect(number).toMatch(/^(DISC-[0-9a-f]{10})\.4711 TWIIN:\1$/)
  })

  it('under a number whose birth date is another is refused before anything happens', async () => {
    const disc = await sent(zipOf(files(elsewhere())))
    const refused = await takeIn(disc.id, {
      key: 'p1',
      patient: { localId: '4711', birthDate: '1960-03-02' },
    })
    expect([refused.status, codeOf(refused)]).toEqual([422, 'IDENTITY_MISMATCH'])
    expect(refused.json()).toMatchObject({ title: 'The birth date is not that of this patient.' })
    expect(await hospital.transfers()).toEqual([])
  })

  it('under the number of another person here waits for a person', async () => {
    await hospital.receive({ patient: { ...patient, name: 'Pietersen^Bea' } })
    const disc = await sent(zipOf(files(elsewhere())))
    const stated = { localId: patient.id, birthDate: '1960-02-03' }
    const held = await transferOf(await takeIn(disc.id, { key: 'p1', patient: stated }), 'held')
    expect(held.reason).toBe('PATIENT_CONFLICT')
    const { exceptions } = (await web.call('/api/v1/exceptions', { as: 'operator' })).json() as Worklist
    expect(exceptions).toMatchObject([{ state: 'open', differences: ['name'] }])
    expect(hospital.archive.stored).toEqual([])
  })

  it('of one study under two patients waits for a person', async () => {
    const one = elsewhere({ studyInstanceUid: '1.2.3' })
    const two = elsewhere({
      studyInstanceUid: '1.2.3',
      seed: 'b',
      patient: { id: '78', birthDate: '1971-01-01' },
    })
    const disc = await sent(zipOf(files(one, two)))
    expect(disc.problems.map(({ code }) => code)).toContain('PATIENT_UNCLEAR')
    await takeIn(disc.id, { key: 'p1' }, { key: 'p2' })
    await eventually(async () => (await hospital.transfers()).some(({ state }) => state === 'held'))
  })

  it('twice, or ordered twice, is stored and delivered once', async () => {
    const zip = zipOf(files(elsewhere()))
    const disc = await sent(zip)
    const first = await takeIn(disc.id, { key: 'p1' })
    expect((await takeIn(disc.id, { key: 'p1' })).json()).toEqual(first.json())
    await transferOf(first, 'delivered')
    const again = await sent(zip)
    expect(again.patients[0]?.studies[0]).toMatchObject({ here: 3, differs: 0 })
    await transferOf(await takeIn(again.id, { key: 'p1' }), 'delivered')
    const kept = await hospital.ground.studies.studyByUid(elsewhere()[0]!.studyInstanceUid, 'disc')
    expect(kept?.instances).toBe(3)
  })

  it('with other content under an identifier that is here is kept aside, and says so', async () => {
    await transferOf(await takeIn((await sent(zipOf(files(elsewhere())))).id, { key: 'p1' }), 'delivered')
    const changed = elsewhere().map((instance) => {
      const bytes = Buffer.from(instance.bytes)
      bytes[bytes.length - 1] = bytes[bytes.length - 1]! ^ 1
      return { ...instance, bytes }
    })
    const disc = await sent(zipOf(files(changed)))
    expect(disc.patients[0]?.studies[0]).toMatchObject({ here: 0, differs: 3 })
    const failed = await transferOf(await takeIn(disc.id, { key: 'p1' }), 'failed')
    expect(failed.reason).toBe('INSTANCE_CONFLICT')
    const place = `/api/v1/transfers/${failed.id}`
    expect((await web.call(place, { as: 'operator' })).json()).toMatchObject({ retryable: false })
    expect((await web.call(`${place}/retry`, { as: 'operator', method: 'POST' })).status).toBe(409)
    const all = post(Buffer.from('{"reason":"INSTANCE_CONFLICT"}'), 'application/json')
    expect((await web.call('/api/v1/transfers/retries', all)).json()).toEqual({ retried: 0 })
    expect(hospital.archive.stored).toHaveLength(3)
    let aside = 0
    for await (const _ of hospital.ground.studies.quarantined()) aside++
    expect(aside).toBe(3)
  })

  it('goes on where it was when the node stops meanwhile', async () => {
    hospital.archive.judge = () => 0xa700
    const disc = await sent(zipOf(files(elsewhere())))
    await takeIn(disc.id, { key: 'p1' })
    await eventually(async () => (await hospital.transfers()).some(({ attempts }) => attempts > 0))
    await hospital.restart()
    hospital.archive.judge = () => 0
    await hospital.transferIn('delivered')
    expect(hospital.archive.stored).toHaveLength(3)
  })
})

describe('the shelf of discs', () => {
  it('lets one go when told to, but not while a study waits to be brought', async () => {
    const { exchange } = hospital
    const disc = await sent(zipOf(files(elsewhere())))
    const remove = () => web.call(`/api/v1/discs/${disc.id}`, { method: 'DELETE', as: 'operator' })
    await exchange.runner.stop()
    await takeIn(disc.id, { key: 'p1' })
    const kept = await remove()
    expect([kept.status, codeOf(kept)]).toEqual([409, 'STATE_CONFLICT'])
    await exchange.runner.start()
    await hospital.transferIn('delivered')
    expect((await remove()).status).toBe(204)
    expect((await web.call(`/api/v1/discs/${disc.id}`, { as: 'operator' })).status).toBe(404)
    expect(await readdir(join(hospital.dir, 'discs'))).toEqual([])
  })

  it('holds no more than sixteen', async () => {
    for (let count = 0; count < 16; count++)
      expect((await web.call('/api/v1/discs', post(Buffer.from('no disc')))).status).toBe(202)
    const refused = await web.call('/api/v1/discs', post(Buffer.from('no disc')))
    expect([refused.status, codeOf(refused)]).toEqual([429, 'DISC_QUOTA'])
  })
})

describe('a disc that is written for who has no node', () => {
  const order = { recipient: 'Huisarts Zuid (fictief)', reason: 'verwijzing' }

  it('is a zip that is read again, on record before its first byte', async () => {
    const { studyInstanceUid, instances } = await hospital.receive()
    const body = Buffer.from(JSON.stringify({ studyInstanceUids: [studyInstanceUid], ...order }))
    const answer = await web.call('/api/v1/disc-exports', post(body, 'application/json'))
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/zip'])
    const [line, ...others] = await hospital.audit('media-export')
    expect(others).toEqual([])
    expect(line).toMatchObject({
      outcome: 'success',
      user: { id: 'operator token' },
      patient: { localId: patient.id },
      objects: { studyInstanceUids: [studyInstanceUid], count: 3 },
      purpose: { reason: 'verwijzing' },
      protocol: 'disc to Huisarts Zuid (fictief)',
    })
    const disc = await sent(answer.body)
    expect(disc.problems).toEqual([])
    expect(disc.patients[0]?.studies[0]).toMatchObject({ here: instances.length, differs: 0 })
  })

  it('is an ISO image when that is wanted', async () => {
    const { studyInstanceUid } = await hospital.receive()
    const body = Buffer.from(
      JSON.stringify({ studyInstanceUids: [studyInstanceUid], ...order, format: 'iso' }),
    )
    const answer = await web.call('/api/v1/disc-exports', post(body, 'application/json'))
    const disc = await sent(answer.body)
    expect(disc).toMatchObject({ state: 'ready', format: 'iso9660', problems: [] })
  })

  it('of a study that is not here is refused, and by nobody but an operator', async () => {
    const body = Buffer.from(JSON.stringify({ studyInstanceUids: ['1.2.3'], ...order }))
    const refused = await web.call('/api/v1/disc-exports', post(body, 'application/json'))
    expect([refused.status, codeOf(refused)]).toEqual([422, 'STUDY_UNKNOWN'])
    const other = { ...post(body, 'application/json'), as: 'radiologist' as const }
    expect((await web.call('/api/v1/disc-exports', other)).status).toBe(403)
    expect(await hospital.audit('media-export')).toEqual([])
  })
})

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
