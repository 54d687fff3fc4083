import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Origin } from './records.ts'
import { Holdings, collect, headOf, local, remote, withCitizenNumber } from './testing.ts'

let holdings: Holdings
beforeEach(async () => {
  holdings = await Holdings.create()
})
afterEach(() => holdings[Symbol.asyncDispose]())

const elsewhere: Origin = { kind: 'remote', ura: '90000003' }
const [anna, bert] = ['999990019', '999990020']
const bertsHead = { patientId: { id: '5000', issuer: 'ZKH-A' }, birthDate: '1970-01-01' }
/** Study 1.2.3 unless told otherwise. */
const receive = (sop: string, other = {}, origin: Origin = local) =>
  holdings.receive(headOf(sop, other), randomBytes(100), { origin })

describe('what another hospital sends under the UID of a study made here', () => {
  it('is a study apart: the own one keeps its instances, its patient and its peace', async () => {
    await receive('1.2.3.1.1', withCitizenNumber(anna))
    const before = await holdings.studies.studyByUid('1.2.3')
    await receive('1.2.3.1.2', { ...bertsHead, ...withCitizenNumber(bert) }, remote)
    expect(await holdings.studies.studyByUid('1.2.3')).toEqual(before)
    const theirs = await holdings.studies.studyByUid('1.2.3', '90000002')
    expect(theirs).toMatchObject({ instances: 1, origin: remote, patient: { localId: '5000' } })
    expect(await holdings.studies.copiesOf('1.2.3')).toEqual([before, theirs])
  })

  it('never makes an own study somebody’s who is not stated in it', async () => {
    await receive('1.2.3.1.1')
    await receive('1.2.3.1.2', withCitizenNumber(anna), remote)
    expect((await holdings.studies.studyByUid('1.2.3'))?.patient.citizenNumbers).toEqual([])
    expect(await collect(holdings.studies.studiesWithCitizenNumber(anna))).toEqual([])
    expect(await holdings.studies.patientsByCitizenNumber(anna)).toEqual([])
  })

  it('takes no UID from the own machines, whichever comes first', async () => {
    await receive('1.2.3.1.1', bertsHead, remote)
    expect(await receive('1.2.3.1.1', withCitizenNumber(anna))).toMatchObject({ outcome: 'stored' })
    expect(await receive('1.2.3.1.2', bertsHead, remote)).toMatchObject({ outcome: 'stored' })
    expect(await holdings.studies.studyByUid('1.2.3')).toMatchObject({
      instances: 1,
      origin: local,
      identityConflict: false,
    })
    const found = await collect(holdings.studies.studiesWithCitizenNumber(anna))
    expect(found.map(({ studyInstanceUid }) => studyInstanceUid)).toEqual(['1.2.3'])
  })

  it('is no whole study until all that its holder named is here, also after a restart', async () => {
    await receive('1.2.3.1.1')
    await receive('1.2.3.1.2', bertsHead, remote)
    const areWhole = async () => (await holdings.studies.copiesOf('1.2.3')).map(({ isWhole }) => isWhole)
    expect(await areWhole()).toEqual([true, false])
    await holdings.studies.markWhole('1.2.3', '90000002')
    await receive('1.2.3.1.3', bertsHead, remote)
    await holdings.restart()
    expect(await areWhole()).toEqual([true, true])
    await expect(holdings.studies.markWhole('1.2.4', '90000002')).rejects.toThrow('STUDY_UNKNOWN')
  })

  it('contradicts nothing that a third hospital sent', async () => {
    await receive('1.2.3.1.1', {}, remote)
    await holdings.clock.advance(1)
    await receive('1.2.3.1.1', bertsHead, elsewhere)
    const copies = await holdings.studies.copiesOf('1.2.3')
    expect(copies.map(({ origin, identityConflict }) => [origin, identityConflict])).toEqual([
      [remote, false],
      [elsewhere, false],
    ])
  })

  it('can contradict what it sent itself', async () => {
    await receive('1.2.3.1.1', {}, remote)
    await receive('1.2.3.1.2', bertsHead, remote)
    expect(await receive('1.2.3.1.2', bertsHead, remote)).toMatchObject({ outcome: 'conflict' })
    expect((await holdings.studies.studyByUid('1.2.3', '90000002'))?.identityConflict).toBe(true)
  })
})
