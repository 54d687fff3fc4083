import { parseBsn } from '@twiin/patient-token'
import { describe, expect, it } from 'vitest'
import type { SearchQuestion } from './patient-searches.ts'
import { isComplete } from './patient-search.ts'
import type { PatientSearch } from './patient-search.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'

const bsn = parseBsn(patient.bsn)
const treatment = { basis: 'treatment', reason: 'polikliniek' } as const

async function search(
  hospital: TestHospital,
  question: Partial<SearchQuestion> = {},
): Promise<PatientSearch> {
  const { searches } = hospital.exchange
  const id = await searches.begin({ bsn: patient.bsn, purpose: treatment, ...question }, radiologist)
  return eventually(() => {
    const found = searches.find(id, radiologist)
    return found !== undefined && isComplete(found) && found
  })
}

async function publish(hospital: TestHospital, count = 1): Promise<void> {
  await hospital.index.consents.record(bsn, {
    scope: { kind: 'all' },
    decision: 'permit',
    by: 'op',
  })
  await eventually(async () => (await hospital.audit('publish')).length >= count)
  await eventually(() => hospital.index.publisher.status().pending === 0)
}

describe('a search', () => {
  it('finds what another hospital holds, and is on record at both under one number', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const { studyInstanceUid } = await a.receive()
    await publish(a)
    const found = await search(b)
    expect(found.holders).toMatchObject([{ ura: '90000001', status: 'answered' }])
    expect(found.studies).toMatchObject([
      { studyInstanceUid, holder: '90000001', detail: 'holder', local: false, instances: 3 },
    ])
    expect(found.patient).toEqual({ name: patient.name, birthDate: patient.birthDate, sex: patient.sex })
    expect(await b.audit('search')).toMatchObject([
      { requestId: found.id, patient: { citizenNumber: patient.bsn } },
    ])
    expect(await a.audit('search-answered')).toMatchObject([
      { requestId: found.id, peer: { ura: '90000002' }, user: { id: radiologist.id }, purpose: treatment },
    ])
  })

  it('of a patient whom nobody knows is complete and empty', async () => {
    await using net = await twoHospitals()
    expect(await search(net.b)).toMatchObject({ holders: [], studies: [] })
  })

  it('shows a holder that does not answer as unreachable, with what the index says', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await a.receive()
    await publish(a)
    await eventually(async () => (await search(b)).studies.length === 1)
    a.online = false
    const found = await search(b)
    expect(found.holders).toMatchObject([{ status: 'unreachable' }])
    expect(found.studies).toMatchObject([
      { detail: 'index', studyInstanceUid: null, studyDate: '2026-01-05' },
    ])
  })

  it('is refused from the moment consent ended, and hears no more than that there is none', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await a.receive()
    await publish(a)
    expect((await search(b)).holders).toMatchObject([{ status: 'answered' }])
    // The index may still say so: what counts is what the holder says.
    a.index.publisher.want = async () => {}
    await a.index.consents.record(bsn, { scope: { kind: 'all' }, decision: 'deny', by: 'op' })
    const found = await search(b)
    expect(found.holders).toMatchObject([{ status: 'refused', reason: 'CONSENT_MISSING' }])
    expect(found.studies).toEqual([])
    expect(await a.audit('search-refused')).toMatchObject([{ reason: 'CONSENT_DENIED', requestId: found.id }])
  })

  it('with another birth date than the holder has is refused', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await a.receive()
    await publish(a)
    const found = await search(b, { birthDate: '1999-09-09' })
    expect(found.holders).toMatchObject([{ status: 'refused', reason: 'IDENTITY_MISMATCH' }])
    expect(found.studies).toEqual([])
  })

  it('on another basis than treatment is refused, and that is on record', async () => {
    await using net = await twoHospitals()
    const emergency = { basis: 'emergency', reason: 'SEH' } as const
    await expect(search(net.b, { purpose: emergency })).rejects.toThrow('BASIS_NOT_SUPPORTED')
    expect(await net.b.audit('search')).toMatchObject([
      { outcome: 'refused', emergency: true, reason: 'BASIS_NOT_SUPPORTED' },
    ])
  })

  it('needs the keepers for who is not known here, and not for own patients', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    await a.receive()
    await publish(a)
    network.keeper.isUp = false
    expect((await search(a)).studies).toMatchObject([{ local: true }])
    await expect(search(b)).rejects.toThrow('TOKEN_UNAVAILABLE')
    expect(await b.audit('search')).toMatchObject([{ outcome: 'failed', reason: 'TOKEN_UNAVAILABLE' }])
  })

  it('is nobody else’s, and over after a day', async () => {
    await using net = await twoHospitals()
    const { b, network } = net
    const { id } = await search(b)
    const { searches } = b.exchange
    expect(searches.find(id, { ...radiologist, id: 'another' })).toBeUndefined()
    network.clock.moveOn(25 * 3_600_000)
    expect(searches.find(id, radiologist)).toBeUndefined()
  })
})
