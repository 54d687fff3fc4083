import { textOf, textsOf } from '@twiin/dicom'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseBsn } from '@twiin/patient-token'
import { Archive } from '../testing/archive.ts'
import { attributesOf, dcmtkMissing, dcmtkQuery } from '../testing/dcmtk-query.ts'
import { TestHospital, eventually, patient } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { key } from './query-keys.ts'

const name = 'Κωνσταντινίδης^Ελένη'
const bsn = parseBsn(patient.bsn)
const study = 'QueryRetrieveLevel=STUDY'
const identifiers = ['StudyInstanceUID', 'PatientName', 'InstitutionName', 'InstanceAvailability']

let network: TestNetwork
let a: TestHospital
let b: TestHospital
let workstation: Archive
let theirs: string
let own: string

async function publish(hospital: TestHospital): Promise<void> {
  const { consents, publisher } = hospital.index
  await consents.record(bsn, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })
  await eventually(async () => (await hospital.audit('publish')).length > 0)
  await eventually(() => publisher.status().pending === 0)
}

const query = (tool: 'findscu' | 'movescu' | 'getscu', keys: readonly string[], more = {}) =>
  dcmtkQuery(tool, { port: b.exchange.dimse.address().port, callingAe: 'READER', keys, ...more })
const move = (keys: readonly string[], destination = 'WORKSTATION', more = {}) =>
  query('movescu', keys, { options: ['-aem', destination], ...more })
/** The status of the last response, as DCMTK prints it. */
const statusIn = ({ output }: { output: string }) =>
  /DIMSE Status\s*:\s*0x([0-9a-f]{4})(?![\s\S]*DIMSE Status)/i.exec(output)?.[1]?.toLowerCase()

beforeAll(async () => {
  if (dcmtkMissing !== '') return
  network = await TestNetwork.open()
  workstation = await Archive.start()
  const place = { host: '127.0.0.1', port: workstation.port }
  const entities = [
    { aeTitle: 'READER', ...place, query: true, moveDestination: false, role: 'radiologist' as const },
    { aeTitle: 'PLAIN', ...place, query: true, moveDestination: false },
    { aeTitle: 'WORKSTATION', ...place, query: false, moveDestination: true },
  ]
  a = await TestHospital.open({ ura: '90000001', name: 'Ziekenhuis A' }, network)
  b = await TestHospital.open({ ura: '90000002', name: 'Ziekenhuis B', entities }, network)
  theirs = (await a.receive({ patient: { ...patient, id: 'A-1', name } })).studyInstanceUid
  own = (await b.receive({ kind: 'MR', patient: { ...patient, id: 'B-7', name } })).studyInstanceUid
  await publish(a)
}, 60_000)
afterAll(async () => {
  if (dcmtkMissing !== '') return
  for (const one of [a, b, workstation, network]) await one[Symbol.asyncDispose]()
}, 60_000)

describe.skipIf(dcmtkMissing !== '')(`a system of the hospital${dcmtkMissing}`, () => {
  it('finds with findscu what lies here and elsewhere, its letters whole', async () => {
    const { files, output } = await query('findscu', [study, 'PatientID=B-7', ...identifiers])
    expect(output).toMatch(/Success/)
    const answers = await Promise.all(files.map(attributesOf))
    const shown = answers.map((answer) =>
      [key.studyInstanceUid, key.patientName, key.institutionName].map((tag) => textOf(answer, tag)),
    )
    expect(shown).toEqual([
      [own, name, 'Ziekenhuis B'],
      [theirs, name, 'Ziekenhuis A'],
    ])
    expect(answers.map((answer) => textsOf(answer, key.retrieveAeTitle))).toEqual([['TWIIN'], ['TWIIN']])
  })

  it('finds by BSN only where its issuer says that it is one', async () => {
    const found = async (issuer: string) => {
      const keys = [study, `PatientID=${bsn}`, `IssuerOfPatientID=${issuer}`, ...identifiers]
      return (await query('findscu', keys)).files.length
    }
    expect(await found('NLMINBIZA')).toBe(2)
    expect(await found('Ziekenhuis B')).toBe(0)
    const none = await query('findscu', [study, 'PatientID=123456789', 'IssuerOfPatientID=NLMINBIZA'])
    expect(statusIn(none)).toBe('a900')
  })

  it('is refused without the right to query, without a unique key, and what is no level', async () => {
    expect(statusIn(await query('findscu', [study, 'PatientID=B-7'], { callingAe: 'CT1' }))).toBe('0124')
    expect(statusIn(await query('findscu', ['QueryRetrieveLevel=SERIES', 'PatientID=B-7']))).toBe('a900')
    expect(statusIn(await query('findscu', ['QueryRetrieveLevel=PATIENT', 'PatientID=B-7']))).toBe('a900')
    const patientRoot = await query('findscu', ['QueryRetrieveLevel=PATIENT', 'PatientID=B-7'], {
      model: '-P',
    })
    expect(patientRoot.files).toHaveLength(1)
    expect((await query('findscu', [study, 'PatientID=B-7'], { callingAe: 'PLAIN' })).files).toHaveLength(1)
  })

  it('may query, but not store', async () => {
    const { openAssociation } = await import('@twiin/dimse')
    const { silentLogger } = await import('@twiin/runtime')
    const { port } = b.exchange.dimse.address()
    const sopClassUid = '1.2.840.10008.5.1.4.1.1.2'
    const transferSyntaxUid = '1.2.840.10008.1.2'
    await using association = await openAssociation(
      {
        ...{ host: '127.0.0.1', port, callingAe: 'READER', calledAe: 'TWIIN' },
        contexts: [{ abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntaxUid] }],
      },
      { log: silentLogger },
    )
    const dataSet = async function* () {
      yield Buffer.alloc(8)
    }
    const { status } = await association.store({
      sopClassUid,
      sopInstanceUid: '1.2',
      transferSyntaxUid,
      dataSet,
    })
    expect(status).toBe(0x0124)
  })

  it('moves to configured destinations and nowhere else', async () => {
    const keys = [study, `StudyInstanceUID=${own}`]
    for (const nowhere of ['STRANGER', 'READER', 'CT1'])
      expect(statusIn(await move(keys, nowhere))).toBe('a801')
    expect(workstation.stored).toEqual([])
    expect(statusIn(await move(keys))).toBe('0000')
    expect(workstation.stored).toHaveLength(3)
    const released = await b.audit('study-released')
    expect(released).toMatchObject([{ user: { id: 'ae:READER' }, objects: { studyInstanceUids: [own] } }])
  })

  it('moves a study that lies elsewhere: fetched, filed under the number of here, and on record', async () => {
    workstation.stored.length = 0
    await query('findscu', [study, 'PatientID=B-7', ...identifiers])
    const moved = await move([study, `StudyInstanceUID=${theirs}`])
    expect(statusIn(moved)).toBe('0000')
    expect(workstation.stored).toHaveLength(3)
    for (const { dataSet } of workstation.stored) {
      expect(dataSet.includes('B-7')).toBe(true)
      expect(dataSet.includes(Buffer.from(name))).toBe(true)
    }
    const user = { id: 'ae:READER', role: 'radiologist' }
    expect((await b.audit('retrieve-requested')).at(-1)).toMatchObject({ user, emergency: false })
    expect((await a.audit('study-released')).at(-1)).toMatchObject({ user, peer: { ura: '90000002' } })
  })

  it('moves into the PACS, and by instance', async () => {
    const images = ['QueryRetrieveLevel=IMAGE', `StudyInstanceUID=${theirs}`]
    const series = await query('findscu', [
      ...images.slice(1),
      'QueryRetrieveLevel=SERIES',
      'SeriesInstanceUID',
    ])
    const [first] = await Promise.all(series.files.map(attributesOf))
    const at = `SeriesInstanceUID=${first === undefined ? '' : textOf(first, key.seriesInstanceUid)}`
    const found = await query('findscu', [...images, at, 'SOPInstanceUID'])
    const uids = (await Promise.all(found.files.map(attributesOf))).map((one) =>
      textOf(one, key.sopInstanceUid),
    )
    expect(uids).toHaveLength(3)
    expect(statusIn(await move([...images, at, `SOPInstanceUID=${uids[1]}`], 'PACS'))).toBe('0000')
    expect(b.archive.stored.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([uids[1]])
  })

  it('gets with getscu what lies here and elsewhere', async () => {
    for (const uid of [own, theirs]) {
      const { files } = await query('getscu', [study, `StudyInstanceUID=${uid}`])
      const got = await Promise.all(files.map(attributesOf))
      expect(got.map((one) => [textOf(one, key.patientId), textOf(one, key.patientName)])).toEqual([
        ['B-7', name],
        ['B-7', name],
        ['B-7', name],
      ])
    }
  })

  it('hears that a study nobody showed is unknown, and of one with instances that did not get there', async () => {
    const unknown = await move([study, 'StudyInstanceUID=1.2.3.4'])
    expect([statusIn(unknown), unknown.output.includes('STUDY_UNKNOWN')]).toEqual(['a702', true])
    const refused = workstation.stored.map(({ sopInstanceUid }) => sopInstanceUid)[0] ?? ''
    workstation.judge = (uid) => (uid === refused ? 0xa700 : 0)
    expect(statusIn(await move([study, `StudyInstanceUID=${theirs}`]))).toBe('b000')
    workstation.judge = () => 0
  })

  it('is told when hospitals were silent, and that finding nothing was not an answer', async () => {
    network.clock.moveOn(6000)
    a.online = false
    const some = await query('findscu', [study, 'PatientID=B-7', ...identifiers])
    expect(some.files).toHaveLength(1)
    expect(some.output).toMatch(/no answer from 1 hospital/)
    const none = await query('findscu', [study, 'PatientID=B-7', 'ModalitiesInStudy=CT', 'StudyInstanceUID'])
    expect(statusIn(none)).toBe('c001')
    a.online = true
  })
})
