import { parseBsn } from '@twiin/patient-token'
import { describe, expect, it } from 'vitest'
import type { SearchQuestion } from './patient-searches.ts'
import { isComplete } from './patient-search.ts'
import type { PatientSearch } from './patient-search.ts'
import { protocolIds } from '@twiin/protocol'
import { adt } from '../testing/adt.ts'
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

  it('on the basis of a send is refused, and that is on record', async () => {
    await using net = await twoHospitals()
    const referral = { basis: 'referral', reason: 'x' } as const
    await expect(search(net.b, { purpose: referral })).rejects.toThrow('BASIS_NOT_SUPPORTED')
    expect(await net.b.audit('search')).toMatchObject([{ outcome: 'refused', reason: 'BASIS_NOT_SUPPORTED' }])
  })

  it('of a shielded patient is answered to who has the patient on record, and the index shows nothing', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await a.receive()
    await publish(a)
    await a.index.shieldings.mark(bsn, { index: 'hidden', by: 'op' })
    await eventually(async () => (await a.audit('withdraw')).length === 1)
    await eventually(async () => (await search(b)).holders.length === 0)
    await a.index.shieldings.mark(bsn, { index: 'pointer', by: 'op' })
    await eventually(async () => (await a.audit('publish')).length === 2)
    const refused = await eventually(async () => {
      const found = await search(b)
      return found.holders.length > 0 && found
    })
    expect(refused.holders).toMatchObject([{ status: 'refused', reason: 'CONSENT_MISSING' }])
    expect(await a.audit('search-refused')).toMatchObject([{ reason: 'SHIELDED' }])
    a.online = false
    // A pointer names no study, not even of a hospital that does not answer.
    expect(await search(b)).toMatchObject({ holders: [{ status: 'unreachable' }], studies: [] })
    a.online = true
    await b.tell(
      adt('A04', { id: '77', bsn, family: 'Jansen', given: 'Anna', birthDate: '19600203', sex: 'F' }),
    )
    const found = await search(b)
    expect([found.relation, found.holders, found.studies.length]).toMatchObject([
      'registered',
      [{ status: 'answered', relation: 'registered' }],
      1,
    ])
  })

  it('of who is on record here is understood by a holder that knows nothing of that', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    await a.receive()
    await publish(a)
    await b.tell(
      adt('A04', { id: '77', bsn, family: 'Jansen', given: 'Anna', birthDate: '19600203', sex: 'F' }),
    )
    network.wire.host(a.key.peerId).answer(protocolIds.searchWithRelation, {}, () => {
      throw new Error('not spoken')
    })
    const found = await search(b)
    expect(found.holders).toMatchObject([{ status: 'answered' }])
    expect(found.holders[0]?.relation).toBeUndefined()
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
