import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readMessage } from '@twiin/hl7'
import { passesElevenTest } from '@twiin/patient-token'
import { Sealer, Store } from '@twiin/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AdtHandler } from '../patients/adt-handler.ts'
import { LocalPatients } from '../patients/local-patients.ts'
import { adt } from '../testing/adt.ts'
import type { AdtPatient } from '../testing/adt.ts'
import { patientIdIn } from '../testing/read-identifiers.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'
import { decideFiling } from './decide-filing.ts'
import type { Filing, IncomingPatient } from './decide-filing.ts'
import { PatientsHere } from './patients-here.ts'

/** As B's administration knows the patient of A's studies. */
const anna: AdtPatient = {
  ...{ id: '0815', bsn: patient.bsn, family: 'Jansen', given: 'Anna', birthDate: '19600203', sex: 'F' },
}
const { bsn: _, ...withoutBsn } = anna
const otherBsn = '999991772'
/** Two digits from the first one's, and it passes the eleven test too. */
const mistypedBsn = '999990007'

const filedAs = ({ archive }: TestHospital) => [
  ...new Set(archive.stored.map(({ dataSet }) => patientIdIn(dataSet))),
]
const external = '90000001.4711 TWIIN:90000001'
const openItem = (hospital: TestHospital) =>
  eventually(async () => (await hospital.exchange.worklist.list(10)).find(({ state }) => state === 'open'))

interface Case {
  /** What B's administration says, in order. */
  known: readonly Buffer[]
  /** Of the study that A sends, where it is not Anna Jansen's with number 4711. */
  study?: Partial<Omit<typeof patient, 'bsn' | 'sex'>> & { bsn?: string | undefined; sex?: string }
  filed: string
}

let store: Store
let sealer: Sealer
beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'twiin-patients-'))
  sealer = await Sealer.open(join(dir, 'key'))
  store = new Store({ dir: join(dir, 'db') }, { sealer })
  await store.start()
})
afterAll(() => store.stop())
let buckets = 0

/** What follows for the study from what the administration said; the hospital made no studies itself. */
async function decide({ known, study }: Omit<Case, 'filed'>): Promise<Filing> {
  const n = ++buckets
  const patients = new LocalPatients({
    ...{ store, sealer },
    patients: store.repository(`patients-${n}` as Lowercase<string>, { keys: 'plain-opaque' }),
    index: store.repository(`index-${n}` as Lowercase<string>, { keys: 'plain-opaque' }),
  })
  const handler = new AdtHandler(
    { own: { issuer: 'B', authorities: ['ZIS'] } },
    { patients, account: { record: async () => {} }, quality: { stateInvalid: () => {} } },
  )
  for (const [i, bytes] of known.entries()) {
    const message = readMessage(bytes)
    handler.check(message)
    await handler.handle(message, { id: `${i + 1}`, at: 0 })
  }
  const noStudies = {
    patientsByCitizenNumber: async () => [],
    patientByNumber: async () => undefined,
    patientsBornOn: async function* () {},
  }
  const here = new PatientsHere({ studies: noStudies, patients })
  const { id: localId, bsn, ...rest } = { ...patient, ...study }
  const isBsn = bsn === undefined || passesElevenTest(bsn)
  const incoming: IncomingPatient = { ...rest, localId, issuer: 'A', bsn: isBsn ? bsn : undefined }
  return decideFiling(incoming, {
    ...{ holderUra: '90000001', studyInstanceUid: '1.2.3', ownIssuer: 'B' },
    ...(await here.candidates(incoming)),
    numbered: (number) => here.numbered({ localId: number, issuer: 'B' }),
  })
}
const numberOf = (filing: Filing) =>
  filing.as === 'held' ? 'held' : `${filing.patientId.id} ${filing.patientId.issuer}`

const sendTo = (a: TestHospital, study: Partial<typeof patient> = {}) =>
  a.receive({ patient: { ...patient, ...study } }, { calledAe: 'ELSEWHERE' })

describe('a study that is surely a patient’s', () => {
  const cases: Record<string, Case> = {
    'goes under the number the administration gave him': { known: [adt('A28', anna)], filed: '0815 B' },
    'does so by a partner’s name he goes by, too': {
      known: [adt('A08', { ...anna, family: ['de Vries-Jansen', '', 'Jansen', 'de', 'Vries'] })],
      study: { name: 'VRIES, DE^A' },
      filed: '0815 B',
    },
    'does so when one of two family names is missing, and all else agrees': {
      known: [adt('A08', { ...anna, family: 'Jansen' })],
      study: { name: 'Jansen-de Vries^Anna' },
      filed: '0815 B',
    },
    'does so by initials, prefixes and accents': {
      known: [adt('A08', { ...anna, family: 'van den Müller', given: 'Anna Maria' })],
      study: { name: 'Muller^A' },
      filed: '0815 B',
    },
    'does so when the sex is unknown to one, or O': {
      known: [adt('A08', { ...anna, sex: 'U' })],
      study: { sex: 'O' },
      filed: '0815 B',
    },
    'does so by a BSN that the administration has in PID-19 only': {
      known: [adt('A28', withoutBsn, { socialNumber: patient.bsn })],
      filed: '0815 B',
    },
    'does so by the BSN of PID-3, whatever PID-19 says': {
      known: [adt('A28', anna, { socialNumber: otherBsn })],
      filed: '0815 B',
    },
    'goes under the number that survived a merge': {
      known: [adt('A28', anna), adt('A40', { ...anna, id: '0900' }, { prior: '0815' })],
      filed: '0900 B',
    },
    'goes under the new number when it was changed': {
      known: [adt('A28', anna), adt('A47', { ...anna, id: '0901' }, { prior: '0815' })],
      filed: '0901 B',
    },
  }
  it.each(Object.entries(cases))('%s', async (_name, { filed, ...each }) => {
    expect(numberOf(await decide(each))).toBe(filed)
  })
})

describe('a study that is another person’s', () => {
  const twin: AdtPatient = { ...anna, id: '0816', given: 'Berta', bsn: otherBsn }
  const cases: Record<string, Case> = {
    'with the same patient number stays apart': {
      known: [adt('A28', { ...anna, id: '4711', family: 'Bakker', given: 'Piet', bsn: otherBsn })],
      filed: external,
    },
    'with his twin here, and no BSN, stays apart': {
      known: [adt('A28', twin)],
      study: { bsn: undefined },
      filed: external,
    },
    'with his twin here, and his own BSN, stays apart': { known: [adt('A28', twin)], filed: external },
    'with his namesake of the same day here, of quite another BSN, stays apart': {
      known: [adt('A28', { ...anna, bsn: otherBsn })],
      filed: external,
    },
    'a baby without BSN and with no namesake here, stays apart': {
      known: [adt('A28', { ...anna, birthDate: '19800101' })],
      study: { bsn: undefined, name: 'Jansen^Baby', birthDate: '2026-01-04' },
      filed: external,
    },
  }
  it.each(Object.entries(cases))('%s', async (_name, { filed, ...each }) => {
    expect(numberOf(await decide(each))).toBe(filed)
  })
})

describe('a study nobody may guess about', () => {
  const cases: Record<string, Omit<Case, 'filed'> & { differences: string[] }> = {
    'because the BSN is mistyped and passes the test': {
      known: [adt('A28', anna)],
      study: { bsn: mistypedBsn },
      differences: ['bsn'],
    },
    'because the BSN is mistyped and no BSN at all': {
      known: [adt('A28', anna)],
      study: { bsn: '999990018' },
      differences: [],
    },
    'because the BSN is his twin’s': {
      known: [adt('A28', { ...anna, given: 'Berta' })],
      differences: ['name'],
    },
    'because the BSN is his twin’s of the other sex, and only an initial is given': {
      known: [adt('A28', { ...anna, given: 'A', sex: 'M' })],
      differences: ['sex'],
    },
    'because it has no BSN and all else agrees': {
      known: [adt('A28', anna)],
      study: { bsn: undefined },
      differences: [],
    },
    'because two babies without BSN have one name and day': {
      known: [adt('A28', { ...anna, given: 'Baby 1', birthDate: '20260104', bsn: otherBsn })],
      study: { bsn: undefined, name: 'Jansen^Baby 2', birthDate: '2026-01-04' },
      differences: [],
    },
    'because his birth date is the one of nobody knows when': {
      known: [adt('A28', { ...anna, birthDate: '19000101' })],
      study: { birthDate: '1900-01-01' },
      differences: ['birthDate'],
    },
    'because only the year of his birth is known': {
      known: [adt('A28', { ...anna, birthDate: '1960' })],
      differences: ['birthDate'],
    },
    'because his birth date is said to be unsure': {
      known: [adt('A28', { ...anna, reliability: 'UD' })],
      differences: ['birthDate'],
    },
    'because the name is in another script': {
      known: [adt('A28', { ...anna, family: 'Янсен', given: 'Анна' })],
      differences: ['name'],
    },
    'because two merged numbers had two BSNs': {
      known: [
        adt('A28', { ...anna, bsn: otherBsn }),
        adt('A28', { ...anna, id: '0900' }),
        adt('A40', { ...anna, id: '0900' }, { prior: '0815' }),
      ],
      differences: [],
    },
  }
  it.each(Object.entries(cases))('%s, waits for a person', async (_name, { differences, ...each }) => {
    expect(await decide(each)).toMatchObject({ as: 'held', differences, comparison: { sure: false } })
  })

  it('stands on the worklist with a score and what was compared', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    expect(await b.tell(adt('A28', { ...anna, given: 'Berta' }))).toEqual(['AA'])
    await sendTo(a)
    expect(await a.transferIn('held')).toMatchObject({ reason: 'PATIENT_CONFLICT' })
    const { comparison } = await openItem(b)
    expect(comparison?.score).toBe(65)
    expect(comparison?.fields.map(({ field, verdict }) => `${field} ${verdict}`)).toEqual([
      ...['bsn agrees', 'birthDate agrees', 'familyName agrees', 'givenName differs', 'sex agrees'],
    ])
    expect(b.archive.stored).toEqual([])
  })
})

describe('after a merge', () => {
  it('a study that was delivered before goes out again under the number that survived', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.tell(adt('A28', anna))
    const { studyInstanceUid } = await sendTo(a)
    await a.transferIn('delivered')
    await b.tell(adt('A40', { ...anna, id: '0900' }, { prior: '0815' }))
    net.network.clock.moveOn(3_600_000)
    await a.exchange.sends.request(
      { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'nogmaals' },
      radiologist,
    )
    await eventually(() => filedAs(b).length === 2)
    expect(filedAs(b)).toEqual(['0815 B', '0900 B'])
  })

  it('a decision taken for the old number counts for the one that survived', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.tell(adt('A28', { ...anna, given: 'Berta' }))
    await sendTo(a)
    const item = await openItem(b)
    await b.tell(adt('A40', { ...anna, given: 'Berta', id: '0900' }, { prior: '0815' }))
    await b.exchange.worklist.resolve(item.id, 'same-patient', 'operator')
    await b.exchange.book.change(item.transferId ?? '', { state: 'queued', nextTryAt: 0 })
    await a.transferIn('delivered')
    expect(filedAs(b)).toEqual(['0900 B'])
  })

  it('our own studies under the old number are the survivor’s', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.receive({ patient: { ...patient, id: '0815' }, seed: 'own' })
    await b.tell(adt('A40', { ...anna, id: '0900' }, { prior: '0815' }))
    await sendTo(a)
    await a.transferIn('delivered')
    expect(filedAs(b)).toEqual(['0900 B'])
  })
})

it('a number that a machine of ours used for somebody else is not believed over the administration', async () => {
  await using net = await twoHospitals()
  const { a, b } = net
  await b.receive({ patient: { ...patient, id: '0815' }, seed: 'mistaken' })
  await b.tell(adt('A28', { ...anna, family: 'Bakker', given: 'Piet', bsn: otherBsn }))
  await sendTo(a)
  expect(await a.transferIn('held')).toMatchObject({ reason: 'PATIENT_CONFLICT' })
  expect(b.archive.stored).toEqual([])
})

it('names that are not Latin arrive in the PACS byte for byte, under the local number', async () => {
  await using net = await twoHospitals()
  const { a, b } = net
  await b.tell(adt('A28', { ...anna, family: 'Ямада', given: 'Таро' }))
  const name = 'Ямада^Таро=山田^太郎'
  const { instances } = await sendTo(a, { name })
  await a.transferIn('delivered')
  expect(filedAs(b)).toEqual(['0815 B'])
  for (const { dataSet } of b.archive.stored) expect(dataSet.includes(Buffer.from(name))).toBe(true)
  expect(instances).toHaveLength(3)
})
