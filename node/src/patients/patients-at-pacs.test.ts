import { attribute, textOf } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { queryRetrieve } from '@twiin/dimse'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tag } from '../archive/archive-study.ts'
import { Archive } from '../testing/archive.ts'
import { patientIdIn } from '../testing/read-identifiers.ts'
import { eventually, patient, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'
import { PatientsAtPacs } from './patients-at-pacs.ts'

interface Known {
  id?: string
  issuer?: string
  bsn?: string | undefined
  name?: string
  birthDate?: string
  sex?: string
}

/** A patient as a PACS answers him. */
function person({
  id = '0815',
  issuer = '',
  name = 'Jansen^Anna',
  birthDate = '19600203',
  ...more
}: Known): Attributes {
  const { bsn, sex = 'F' } = { bsn: patient.bsn, ...more }
  const other: Attributes = new Map([attribute(tag.patientId, bsn), attribute(tag.issuer, 'NLMINBIZA')])
  return new Map([
    attribute(tag.patientName, name),
    attribute(tag.patientId, id),
    attribute(tag.issuer, issuer),
    attribute(tag.birthDate, birthDate),
    attribute(tag.sex, sex),
    [tag.otherPatientIds, { vr: 'SQ', value: bsn === undefined ? [] : [other] }],
  ])
}
const anna = {
  localId: '0815',
  issuer: 'B',
  names: ['Jansen^Anna'],
  birthDate: '1960-02-03',
  sex: 'F',
  doubts: [],
}

describe('whom the PACS knows', () => {
  let pacs: Archive
  const clock = new ManualClock()
  beforeEach(async () => {
    pacs = await Archive.start()
  })
  afterEach(() => pacs[Symbol.asyncDispose]())
  const asked = (options: { level?: 'patient' | 'study'; timeoutMs?: number } = {}) =>
    new PatientsAtPacs(
      {
        pacs: { host: '127.0.0.1', port: pacs.port, aeTitle: 'PACS', callingAeTitle: 'TWIIN' },
        ...{ level: 'patient', ownIssuer: 'B', timeoutMs: 5000, ...options },
      },
      { clock, log: silentLogger },
    )

  it.each(['patient', 'study'] as const)(
    'is asked at %s level: by number, BSN, birth date and name',
    async (level) => {
      pacs.known = [
        ...[person({}), person({ id: '0816', bsn: '999991772', name: 'Bakker^Piet', sex: 'M' })],
        person({ id: '0817', bsn: undefined, name: 'Vries-Jansen, de^A' }),
        person({ id: '0815', issuer: 'C', bsn: undefined, birthDate: '19700101' }),
      ]
      const at = asked({ level })
      expect(await at.numbered({ localId: '0815', issuer: 'B' })).toEqual({ ...anna, bsn: patient.bsn })
      expect(await at.numbered({ localId: '0815', issuer: 'D' })).toBeUndefined()
      expect(await at.byBsn(patient.bsn)).toEqual([{ ...anna, bsn: patient.bsn }])
      expect((await at.alike('JANSEN^A', '1960-02-03')).map(({ localId }) => localId)).toEqual([
        '0815',
        '0817',
      ])
      expect(await at.alike('Jansen^Anna', '1960-02-04')).toEqual([])
      expect(pacs.questions.map((question) => textOf(question, tag.queryLevel))).toEqual(
        Array.from({ length: 4 }, () => level.toUpperCase()),
      )
      const { patientRoot, studyRoot } = queryRetrieve.find
      expect(new Set(pacs.models)).toEqual(new Set([level === 'patient' ? patientRoot : studyRoot]))
    },
  )

  it('is one person for all his studies, and what they say in two ways is in doubt', async () => {
    pacs.known = [person({}), person({ birthDate: '19600204', name: 'Vries^Anna', bsn: '999991772' })]
    expect(await asked({ level: 'study' }).numbered({ localId: '0815', issuer: 'B' })).toEqual({
      ...{ ...anna, names: ['Jansen^Anna', 'Vries^Anna'], bsn: patient.bsn },
      doubts: ['birthDate', 'bsn'],
    })
  })

  it('is nobody of what was filed there from elsewhere, with or without its issuer', async () => {
    pacs.known = [person({ id: '90000001.4711', issuer: 'TWIIN:90000001' }), person({ id: '90000002.4712' })]
    const at = asked()
    expect(await at.byBsn(patient.bsn)).toEqual([])
    expect(await at.alike('Jansen^Anna', '1960-02-03')).toEqual([])
    expect(await at.numbered({ localId: '90000002.4712', issuer: 'B' })).toBeUndefined()
  })

  it('is not guessed by a PACS that answers with everybody instead of by BSN, nor asked of it again', async () => {
    pacs.matchesSequences = false
    pacs.known = [
      person({ id: '1', bsn: undefined }),
      ...Array.from({ length: 500 }, (_, i) => person({ id: `${i}` })),
    ]
    const at = asked()
    expect(await at.byBsn('999991772')).toEqual([])
    expect(await at.byBsn(patient.bsn)).toEqual([])
    expect(pacs.questions).toHaveLength(1)
  })

  it('is remembered for a minute, also while it is still asked', async () => {
    pacs.known = [person({})]
    const at = asked()
    const number = { localId: '0815', issuer: 'B' }
    await Promise.all([at.numbered(number), at.numbered(number)])
    expect(pacs.questions).toHaveLength(1)
    await clock.advance(60_001)
    await at.numbered(number)
    expect(pacs.questions).toHaveLength(2)
  })

  it('is not known when it does not answer, will not, answers too late or without end', async () => {
    const number = { localId: '0815', issuer: 'B' }
    await expect(asked().numbered(number)).rejects.toMatchObject({
      code: 'PACS_QUERY_REFUSED',
      facts: { status: 0xa900 },
    })
    pacs.known = Array.from({ length: 5000 }, (_, i) => person({ id: `${i}` }))
    await expect(asked({ timeoutMs: 25_000 }).alike('Jansen^Anna', '1960-02-03')).rejects.toMatchObject({
      code: 'PACS_QUERY_REFUSED',
    })
    await expect(asked({ timeoutMs: 1 }).alike('Jansen^Anna', '1960-02-03')).rejects.toMatchObject({
      code: 'PACS_UNREACHABLE',
    })
    pacs.isUp = false
    await expect(asked().numbered(number)).rejects.toMatchObject({
      code: 'PACS_UNREACHABLE',
      facts: { link: 'pacs' },
    })
  })
})

describe('an arrival at a hospital that sends no ADT', () => {
  const filedAs = ({ archive }: TestHospital) => [
    ...new Set(archive.stored.map(({ dataSet }) => patientIdIn(dataSet))),
  ]
  const withPacs = () => twoHospitals({ ofB: { patientsAtPacs: 'patient' } })

  it('is filed under the number that the PACS has for its patient', async () => {
    await using net = await withPacs()
    const { a, b } = net
    b.archive.known = [person({})]
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    await a.transferIn('delivered')
    expect(filedAs(b)).toEqual(['0815 B'])
  })

  it('of somebody alike waits for a person; of nobody the PACS knows, goes apart', async () => {
    await using net = await withPacs()
    const { a, b } = net
    b.archive.known = [person({ bsn: undefined })]
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    expect(await a.transferIn('held')).toMatchObject({ reason: 'PATIENT_CONFLICT' })
    await a.receive(
      { patient: { ...patient, name: 'Bakker^Piet' }, seed: 'other' },
      { calledAe: 'ELSEWHERE' },
    )
    await a.transferIn('delivered')
    expect(filedAs(b)).toEqual(['90000001.4711 TWIIN:90000001'])
  })

  it('waits while the PACS does not say who its patient is, and is filed by what it says then', async () => {
    await using net = await withPacs()
    const { a, b } = net
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    const waiting = await eventually(async () =>
      (await b.transfers()).find(({ reason }) => reason === 'PACS_QUERY_REFUSED'),
    )
    expect(b.archive.stored).toEqual([])
    b.archive.isUp = false
    await b.exchange.book.change(waiting.id, { nextTryAt: 0 })
    await eventually(async () => (await b.transfers()).find(({ reason }) => reason === 'PACS_UNREACHABLE'))
    expect(await b.exchange.worklist.list(10)).toEqual([])
    b.archive.known = [person({})]
    b.archive.isUp = true
    net.network.clock.moveOn(3_600_000)
    await a.transferIn('delivered')
    expect(filedAs(b)).toEqual(['0815 B'])
  })
})
