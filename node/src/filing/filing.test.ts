import { describe, expect, it } from 'vitest'
import type { LocalPatient } from '@twiin/study-store'
import { decideFiling, externalNumber } from './decide-filing.ts'
import type { IncomingPatient } from './decide-filing.ts'
import { namesAgree } from './names-agree.ts'

const incoming: IncomingPatient = {
  localId: '4711',
  issuer: 'A',
  name: 'Jansen^Anna',
  birthDate: '1960-02-03',
  sex: 'F',
  bsn: '999990019',
}
const local = (change: Partial<LocalPatient> = {}): LocalPatient => ({
  localId: '0815',
  issuer: 'B',
  name: 'JANSEN^A',
  birthDate: '1960-02-03',
  sex: 'F',
  citizenNumber: '999990019',
  conflict: false,
  ...change,
})
const nobody = async () => undefined
const known = {
  holderUra: '90000001',
  studyInstanceUid: '1.2.3',
  ownIssuer: 'B',
  byCitizenNumber: [] as LocalPatient[],
  numbered: nobody,
}

describe('a study from elsewhere', () => {
  it('of a patient who is surely known here gets the local number', async () => {
    expect(await decideFiling(incoming, { ...known, byCitizenNumber: [local()] })).toEqual({
      as: 'local',
      patientId: { id: '0815', issuer: 'B' },
    })
  })

  it('of a patient unknown here gets a number that is nobody else’s, with its issuer', async () => {
    expect(await decideFiling(incoming, known)).toEqual({
      as: 'external',
      patientId: { id: '90000001.4711', issuer: 'TWIIN:90000001' },
    })
  })

  it('whose number is another person’s here is kept apart from that person, and says so', async () => {
    const other = local({ localId: '4711', name: 'Bakker^Piet', citizenNumber: '999991772' })
    const filing = await decideFiling(incoming, {
      ...known,
      numbered: async (id) => (id === '4711' ? other : undefined),
    })
    expect(filing).toEqual({
      as: 'external',
      patientId: { id: '90000001.4711', issuer: 'TWIIN:90000001' },
      apart: other,
    })
  })

  it.each([
    ['another birth date', local({ birthDate: '1960-02-04' }), ['birthDate']],
    ['no birth date', local({ birthDate: '' }), ['birthDate']],
    ['another name', local({ name: 'de Vries^Anna' }), ['name']],
    ['another given name', local({ name: 'Jansen^Bea' }), ['name']],
  ])('with the BSN of a patient here but %s is held', async (_what, patient, differences) => {
    expect(await decideFiling(incoming, { ...known, byCitizenNumber: [patient] })).toMatchObject({
      as: 'held',
      local: patient,
      differences,
    })
  })

  it('is held when one of two records with its BSN differs', async () => {
    const filing = await decideFiling(incoming, {
      ...known,
      byCitizenNumber: [local(), local({ birthDate: '1999-01-01' })],
    })
    expect(filing.as).toBe('held')
  })

  it('of a person with several records here goes under our own number, always the same', async () => {
    const records = [local({ localId: '9', issuer: 'X' }), local({ localId: '2' }), local({ localId: '1' })]
    for (const byCitizenNumber of [records, records.toReversed()]) {
      expect(await decideFiling(incoming, { ...known, byCitizenNumber })).toEqual({
        as: 'local',
        patientId: { id: '1', issuer: 'B' },
      })
    }
  })

  it.each([
    ['name', { name: '' }],
    ['birth date', { birthDate: '' }],
  ])('whose %s is missing on either side is held', async (_what, missing) => {
    const mine = await decideFiling(incoming, { ...known, byCitizenNumber: [local(missing)] })
    const theirs = await decideFiling({ ...incoming, ...missing }, { ...known, byCitizenNumber: [local()] })
    expect([mine.as, theirs.as]).toEqual(['held', 'held'])
  })

  it('is never filed under an external number that somebody here has', async () => {
    const filing = await decideFiling(incoming, {
      ...known,
      numbered: async () => local({ localId: '90000001.4711' }),
    })
    expect(filing.as).toBe('held')
  })
})

describe('external numbers', () => {
  it('fit in Patient ID however long the holder’s number is, and stay apart', () => {
    const long = externalNumber('x'.repeat(64), known)
    expect(long.id.length).toBeLessThanOrEqual(64)
    expect(externalNumber('y'.repeat(64), known).id).not.toBe(long.id)
  })

  it('are never shared by two patients whose number is unknown', () => {
    const one = externalNumber('', known)
    expect(externalNumber('', { ...known, studyInstanceUid: '1.2.4' }).id).not.toBe(one.id)
    expect(externalNumber('', known)).toEqual(one)
  })

  it('have no backslash, which would make two values of one', () => {
    expect(externalNumber('47\\11', known).id).toMatch(/^90000001\.[0-9a-f]{32}$/)
  })
})

describe('names', () => {
  it.each([
    ['Jansen^Anna', 'JANSEN^ANNA'],
    ['van der Meer^Jan', 'Meer^J'],
    ['Meer, van der^Jan', 'van der Meer^Jan'],
    ['Müller^Zoë', 'Muller^Zoe'],
    ['Jansen-de Vries^Anna', 'Jansen de Vries^Anna'],
    ['Dijk^Jan', 'Dyk^Jan'],
    ['Yamada^Tarou=山田^太郎', 'YAMADA^T'],
  ])('%s and %s agree', (a, b) => expect(namesAgree(a, b)).toBe(true))

  it.each([
    ['Jansen^Anna', 'Janssen^Anna'],
    ['Jansen^Anna', 'Jansen^Anne'],
    ['Jansen^Anna', 'de Vries^Anna'],
    ['^Anna', '^Anna'],
    ['', ''],
  ])('%s and %s do not', (a, b) => expect(namesAgree(a, b)).toBe(false))
})
