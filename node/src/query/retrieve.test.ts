import { textOf } from '@twiin/dicom'
import { DimseServer, dimseStatus } from '@twiin/dimse'
import type { DimseProvider } from '@twiin/dimse'
import { parseBsn } from '@twiin/patient-token'
import { silentLogger } from '@twiin/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attributesOf, dcmtkMissing, dcmtkQuery } from '../testing/dcmtk-query.ts'
import { TestHospital, eventually, patient } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { key } from './query-keys.ts'

const bsn = parseBsn(patient.bsn)
const level = 'QueryRetrieveLevel=STUDY'

/** A place that studies are moved to, as slow as a test wants it. */
class Workstation implements DimseProvider {
  readonly stored = new Set<string>()
  readonly originators = new Set<string>()
  pauseMs = 0
  readonly server = new DimseServer({ host: '127.0.0.1', port: 0 }, { provider: this, log: silentLogger })

  admit() {
    return 'accept' as const
  }

  async openStore({ sopInstanceUid, moveOriginator }: Parameters<DimseProvider['openStore']>[0]) {
    this.originators.add(moveOriginator?.aeTitle ?? '')
    return {
      write: async () => {},
      finish: async () => {
        if (this.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, this.pauseMs))
        this.stored.add(sopInstanceUid)
        return dimseStatus.success
      },
      abort: async () => {},
    }
  }
}

let network: TestNetwork
let a: TestHospital
let b: TestHospital
const workstation = new Workstation()

const query = (
  tool: 'findscu' | 'movescu' | 'getscu',
  keys: readonly string[],
  options: readonly string[] = [],
) => dcmtkQuery(tool, { port: b.exchange.dimse.address().port, callingAe: 'READER', keys, options })
const move = (studyInstanceUid: string, options: readonly string[] = []) =>
  query('movescu', [level, `StudyInstanceUID=${studyInstanceUid}`], ['-aem', 'WORKSTATION', ...options])
const statusIn = ({ output }: { output: string }) =>
  /DIMSE Status\s*:\s*0x([0-9a-f]{4})(?![\s\S]*DIMSE Status)/i.exec(output)?.[1]?.toLowerCase()

beforeAll(async () => {
  if (dcmtkMissing !== '') return
  network = await TestNetwork.open()
  await workstation.server.start()
  const { port } = workstation.server.address()
  const place = { host: '127.0.0.1', port }
  const entities = [
    { aeTitle: 'READER', ...place, query: true, moveDestination: false, role: 'radiologist' as const },
    { aeTitle: 'WORKSTATION', ...place, query: false, moveDestination: true },
  ]
  a = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
  b = await TestHospital.open({ ura: '90000002', name: 'B', entities }, network)
}, 60_000)
afterAll(async () => {
  if (dcmtkMissing !== '') return
  await a[Symbol.asyncDispose]()
  await b[Symbol.asyncDispose]()
  await workstation.server.stop()
  await network[Symbol.asyncDispose]()
}, 60_000)

/** A study at A that `READER` has found, of somebody whom B knows under this name. */
async function foundAtA(seed: string, nameHere: string): Promise<string> {
  const { studyInstanceUid } = await a.receive({ seed })
  await b.receive({ kind: 'MR', seed: `own ${seed}`, patient: { ...patient, id: 'B-7', name: nameHere } })
  await a.index.consents.record(bsn, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })
  network.clock.moveOn(6000)
  await eventually(async () => {
    network.clock.moveOn(6000)
    const { files } = await query('findscu', [
      level,
      `PatientID=${bsn}`,
      'IssuerOfPatientID=NLMINBIZA',
      'StudyInstanceUID',
    ])
    const found = await Promise.all(files.map(attributesOf))
    return found.some((one) => textOf(one, key.studyInstanceUid) === studyInstanceUid)
  })
  return studyInstanceUid
}

describe.skipIf(dcmtkMissing !== '')(`what a system has moved${dcmtkMissing}`, () => {
  it('of two hundred instances all arrive, and are told to come from its own request', async () => {
    const { instances, studyInstanceUid } = await b.receive({ instances: 200, size: 8, seed: 'hundreds' })
    const moved = await move(studyInstanceUid)
    expect(statusIn(moved)).toBe('0000')
    expect(moved.output).toMatch(/Completed Suboperations\s*: 200/)
    expect(workstation.stored).toEqual(new Set(instances.map(({ sopInstanceUid }) => sopInstanceUid)))
    expect([...workstation.originators]).toEqual(['READER'])
    workstation.stored.clear()
    workstation.pauseMs = 20
    const cancelled = await move(studyInstanceUid, ['--cancel', '1'])
    workstation.pauseMs = 0
    expect(statusIn(cancelled)).toBe('fe00')
    expect(workstation.stored.size).toBeLessThan(190)
    const got = await query('getscu', [level, `StudyInstanceUID=${studyInstanceUid}`])
    expect(got.files).toHaveLength(200)
  }, 120_000)

  it('is never under the number of somebody who may be another: it waits for a person, then goes into the PACS', async () => {
    const theirs = await foundAtA('held', 'Bakker^Piet')
    workstation.stored.clear()
    const moved = await move(theirs)
    expect([statusIn(moved), moved.output.includes('PATIENT_CONFLICT')]).toEqual(['a702', true])
    const got = await query('getscu', [level, `StudyInstanceUID=${theirs}`])
    expect([got.files, workstation.stored.size]).toEqual([[], 0])
    const items = await b.exchange.worklist.list(10)
    expect(items.filter(({ state }) => state === 'open')).toHaveLength(2)
    const [item] = items
    await b.exchange.worklist.resolve(item?.id ?? '', 'same-patient', 'operator')
    await b.exchange.book.change(item?.transferId ?? '', { state: 'queued', nextTryAt: 0 })
    await eventually(() => b.archive.stored.length === 3)
  })

  it.each([
    ['a series without its UID', ['QueryRetrieveLevel=SERIES']],
    ['an image without that of its series', ['QueryRetrieveLevel=IMAGE', 'SOPInstanceUID=1.2.3']],
    ['a series by wildcard', ['QueryRetrieveLevel=SERIES', 'SeriesInstanceUID=1.*']],
  ])('of %s is refused: it would be of the whole study', async (_what, keys) => {
    const uid = await foundAtA(`of ${_what}`, patient.name)
    const before = workstation.stored.size
    const asked = [...keys, `StudyInstanceUID=${uid}`]
    for (const [tool, options] of [
      ['movescu', ['-aem', 'WORKSTATION']],
      ['getscu', []],
    ] as const) {
      const { output, files } = await query(tool, asked, options)
      // DCMTK's word for A900, which getscu shows by this only.
      expect(output).toContain('DataSetDoesNotMatchSOPClass')
      expect(files).toHaveLength(0)
    }
    expect(workstation.stored.size).toBe(before)
  })

  it('and cancelled is fetched no further', async () => {
    const theirs = await foundAtA('cancelled', 'Jansen^Anna')
    a.online = false
    expect(statusIn(await move(theirs, ['--cancel', '1']))).toBe('fe00')
    expect((await b.transferIn('cancelled')).kind).toBe('retrieval')
    a.online = true
  })
})
