import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { InstanceHead } from '@twiin/dicom'
import type { IncomingFacts } from './incoming-instance.ts'
import { Holdings, collect, headOf, remote, withCitizenNumber } from './testing.ts'

let holdings: Holdings
beforeEach(async () => {
  holdings = await Holdings.create()
})
afterEach(() => holdings[Symbol.asyncDispose]())

let sequence = 0
/** One instance of the given study. */
function study(uid: string, other: Partial<InstanceHead> = {}, facts: Partial<IncomingFacts> = {}) {
  return holdings.receive(
    headOf(`${uid}.9.${++sequence}`, { studyInstanceUid: uid, ...other }),
    randomBytes(10),
    facts,
  )
}
const conflictOf = async (uid: string) => (await holdings.studies.copiesOf(uid))[0]?.identityConflict

describe('who a study is of', () => {
  it.each<[string, Partial<InstanceHead>]>([
    ['patient number', { patientId: { id: '4712', issuer: 'ZKH-A' } }],
    ['issuer', { patientId: { id: '4711', issuer: 'ZKH-B' } }],
    ['birth date', { birthDate: '1950-02-02' }],
    ['citizen number', withCitizenNumber('999990020')],
  ])('is in doubt when its instances differ in %s', async (_, other) => {
    await study('1.1', withCitizenNumber('999990019'))
    await study('1.1', withCitizenNumber('999990019'))
    expect(await conflictOf('1.1')).toBe(false)
    await study('1.1', { ...withCitizenNumber('999990019'), ...other })
    expect(await conflictOf('1.1')).toBe(true)
  })

  it('is not in doubt because something is left out, or a name is written otherwise', async () => {
    await study('1.1', { birthDate: '1950-02-01' })
    await study('1.1', { patientName: 'Jansen^J.' })
    const { birthDate: _, patientId: __, ...bare } = headOf('1.1.8', { studyInstanceUid: '1.1' })
    await holdings.receive(bare, randomBytes(10))
    expect(await conflictOf('1.1')).toBe(false)
  })

  it.each<[string, Partial<InstanceHead>]>([
    ['birth date', { birthDate: '1980-12-31' }],
    ['citizen number', withCitizenNumber('999990020')],
  ])('is in doubt for every local study under one number when two differ in %s', async (_, other) => {
    const own = withCitizenNumber('999990019')
    const [first, second] = [await study('1.1', own), await study('1.2', own)]
    const told: string[] = []
    holdings.studies.onChange((change) => change.what === 'identity' && told.push(change.handle))
    const third = await study('1.3', { ...own, ...other })
    await study('1.4', { patientId: { id: '4711', issuer: 'ZKH-B' }, ...other })
    expect(await Promise.all(['1.1', '1.2', '1.3', '1.4'].map(conflictOf))).toEqual([true, true, true, false])
    expect(told.sort()).toEqual([first.study, second.study, third.study].sort())
    expect((await holdings.studies.patientByNumber('4711', 'ZKH-A'))?.conflict).toBe(true)
  })

  it('is seen to be in doubt when both studies come at the same moment', async () => {
    await Promise.all([study('1.1'), study('1.2', { birthDate: '1980-12-31' })])
    expect(await Promise.all(['1.1', '1.2'].map(conflictOf))).toEqual([true, true])
  })

  it('also when the birth date came later than the number', async () => {
    const { birthDate: _, ...undated } = headOf('1.1.8', { studyInstanceUid: '1.1' })
    const { patientId: __, ...unnumbered } = headOf('1.1.9', { studyInstanceUid: '1.1' })
    await holdings.receive(undated, randomBytes(10))
    await holdings.receive(unnumbered, randomBytes(10))
    await study('1.1')
    await study('1.2', { birthDate: '1980-12-31' })
    expect(await Promise.all(['1.1', '1.2'].map(conflictOf))).toEqual([true, true])
  })

  it('is not put in doubt by what another hospital calls its patient', async () => {
    await study('1.1')
    await study('1.2', { birthDate: '1980-12-31' }, { origin: remote })
    expect(await Promise.all(['1.1', '1.2'].map(conflictOf))).toEqual([false, false])
  })
})

describe('patients known here', () => {
  it('are found by number and by citizen number, from local studies only', async () => {
    await study('1.1', withCitizenNumber('999990019'))
    await study('1.2', { patientId: { id: '5000' }, ...withCitizenNumber('999990020') }, { origin: remote })
    const jan = { localId: '4711', issuer: 'ZKH-A', name: 'Jansen^Jan', birthDate: '1950-02-01', sex: 'M' }
    const known = { ...jan, citizenNumber: '999990019', conflict: false }
    expect(await holdings.studies.patientByNumber('4711', 'ZKH-A')).toEqual(known)
    expect(await holdings.studies.patientsByCitizenNumber('999990019')).toEqual([known])
    expect(await holdings.studies.patientByNumber('5000', '')).toBeUndefined()
    expect(await holdings.studies.patientsByCitizenNumber('999990020')).toEqual([])
  })

  it('with two local numbers are found under both', async () => {
    await study('1.1', withCitizenNumber('999990019'))
    await study('1.2', { ...withCitizenNumber('999990019'), patientId: { id: '4712', issuer: 'ZKH-A' } })
    const found = await holdings.studies.patientsByCitizenNumber('999990019')
    expect(found.map((patient) => patient.localId).sort()).toEqual(['4711', '4712'])
  })

  it('lead to their studies', async () => {
    const uids = async (studies: AsyncIterable<{ studyInstanceUid: string }>) =>
      (await collect(studies)).map((one) => one.studyInstanceUid)
    await study('1.1', withCitizenNumber('999990019'))
    await holdings.clock.advance(1)
    await study('1.2', withCitizenNumber('999990019'))
    await holdings.clock.advance(1)
    await study('1.3', withCitizenNumber('999990019'), { origin: remote })
    await study('1.4', { patientId: { id: '1' } })
    expect(await uids(holdings.studies.studiesOfPatient({ localId: '4711', issuer: 'ZKH-A' }))).toEqual([
      '1.1',
      '1.2',
    ])
    expect(await uids(holdings.studies.studiesWithCitizenNumber('999990019'))).toEqual(['1.1', '1.2'])
  })

  it('by a citizen number that the sender is known to put elsewhere', async () => {
    await holdings.receive(headOf('1.2.3.1.1'), randomBytes(10), { citizenNumbers: ['999990019'] })
    expect(await holdings.studies.patientsByCitizenNumber('999990019')).toHaveLength(1)
  })
})
