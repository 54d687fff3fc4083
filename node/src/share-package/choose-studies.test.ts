import type { StudyRecord } from '@twiin/study-store'
import { expect, it } from 'vitest'
import type { PatientSearch } from '../find/patient-search.ts'
import { HouseStudies } from '../holdings/house-studies.ts'
import type { TransferRecord } from '../transfers/transfer-record.ts'
import { chooseStudies } from './choose-studies.ts'
import type { PackageOrder } from './package-order.ts'
import { youngestOf } from './share-reports.ts'

const now = Date.UTC(2026, 2, 16, 9)
const person = { id: 'rad', name: 'R. de Radioloog (fictief)', role: 'radiologist' } as const
const self = { ura: '90000002', name: 'B (fictief)', patientIdIssuer: 'B' }
const holder = '90000001'
const fetched = { kind: 'retrieval', destination: 'pacs' }
const inEmergency = { ...fetched, emergency: 'box' }
const arrived = { kind: 'arrival' }

const copyOf = (origin: object) =>
  ({
    ...{ handle: 'h', studyInstanceUid: '1.2.3', studyDate: '2026-03-14', modalities: ['CT'], origin },
    ...{ bodyParts: [], description: '', instances: 3, reports: 0, bytes: 10, isWhole: true },
    ...{ identityConflict: false },
    patient: { localId: '1', issuer: '', citizenNumbers: ['999990019'], birthDate: '', name: 'Jansen^A' },
  }) as unknown as StudyRecord
const made = copyOf({ kind: 'local' })
const ofAnother = copyOf({ kind: 'remote', ura: holder, transferId: 't' })

const search = (change: object = {}) =>
  ({
    ...{ id: 'z', bsn: '999990019', holders: [{ ura: holder, name: 'A (fictief)' }], ...change },
    studies: [
      {
        ...{ studyInstanceUid: '1.2.3', holder, studyDate: '2026-03-14', modalities: ['CT'] },
        ...{ description: '', instances: 3, bytes: 10, reports: 1, local: false },
      },
    ],
  }) as unknown as PatientSearch

async function chosen(
  there: { copies?: StudyRecord[]; cameBy?: object; searches?: PatientSearch[] },
  order: Partial<PackageOrder> = {},
) {
  const { copies = [], cameBy, searches = [] } = there
  const house = new HouseStudies({
    studies: { copiesOf: async () => copies },
    book: { get: async () => cameBy as TransferRecord | undefined },
    filing: { isFiled: async () => true },
  })
  const wanted = { studies: [{ studyInstanceUid: '1.2.3' }], reports: 'all', downloads: true, language: 'nl' }
  const { chosen } = await chooseStudies(self, { ...wanted, ...order } as PackageOrder, person, {
    studies: { instances: async function* () {}, readDataSet: async function* () {} },
    searches: { find: (id) => searches.find((one) => one.id === id), of: () => searches.values() as never },
    ...{ house, filed: { get: async () => undefined }, clock: { now: () => now } },
    bundle: { memberByUra: () => undefined },
  })
  return chosen.studies.map(({ local, holder }) => (local ? 'here' : holder))[0]
}

it('a study that was fetched is asked of its holder anew, or not shared', async () => {
  const there = { copies: [ofAnother], cameBy: fetched }
  await expect(chosen(there)).rejects.toMatchObject({ code: 'SEARCH_FIRST' })
  // The book forgets a transfer before the study is gone.
  await expect(chosen({ copies: [ofAnother] })).rejects.toMatchObject({ code: 'SEARCH_FIRST' })
  expect(await chosen({ ...there, searches: [search()] })).toBe(holder)
  expect(await chosen({ ...there, searches: [search({ emergency: { id: 'box' } }), search()] })).toBe(holder)
})

it('a study that came in an emergency is not handed on, unless its holder lets it go to an ordinary search', async () => {
  const there = { copies: [ofAnother], cameBy: inEmergency }
  const refused = { code: 'SHARING_NOT_PERMITTED', facts: { reason: 'emergency' } }
  await expect(chosen(there)).rejects.toMatchObject(refused)
  const searches = [search({ emergency: { id: 'box' } })]
  await expect(chosen({ ...there, searches })).rejects.toMatchObject(refused)
  expect(await chosen({ ...there, searches: [search()] })).toBe(holder)
})

it('a study that was sent here is this hospital’s to give, but does not stand in for the one that a search found', async () => {
  const there = { copies: [ofAnother], cameBy: arrived, searches: [search()] }
  expect(await chosen(there)).toBe('here')
  expect(await chosen(there, { searchId: 'z' })).toBe(holder)
  const copies = [made, ofAnother]
  expect(await chosen({ ...there, copies }, { searchId: 'z' })).toBe('here')
})

it('a study chosen of one holder is taken of no other', async () => {
  const there = { copies: [ofAnother], cameBy: arrived }
  const of = (ura: string) => ({ studies: [{ studyInstanceUid: '1.2.3', holder: ura }] })
  expect(await chosen({ ...there, searches: [search()] }, of(holder))).toBe(holder)
  for (const searches of [[], [search()]])
    await expect(chosen({ ...there, searches }, of('90000009'))).rejects.toMatchObject({
      code: 'SEARCH_FIRST',
    })
})

it('a report without a date counts as of today', () => {
  expect(youngestOf([], now)).toBe('')
  expect(youngestOf([{ date: '2020-01-01' }, { date: '' }], now)).toBe('2026-03-16')
  expect(youngestOf([{ date: '2020-01-01' }, { date: '2026-03-15' }], now)).toBe('2026-03-15')
})
