/** A node in front of Debian's Orthanc: what it holds is indexed, second passes find changes, studies come when asked. */
import { createServer, request as ask } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readPart10Meta } from '@twiin/dicom'
import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance, SampleStudyOptions } from '@twiin/dicom/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestHospital, TestNetwork, eventually } from '@twiin/node/testing'
import type { Counts } from '@twiin/node/testing'
import { orthancInstalled, orthancMissing } from '../../scripts/demo-network/orthanc.ts'
import { differingElements } from '../support/compare-data-sets.ts'
import { TestOrthanc } from '../support/orthanc.ts'

const studies = 100
const common = {
  host: '127.0.0.1',
  from: '2010-01-01',
  night: { from: '00:00', until: '00:00' },
  studiesPerSecond: { day: 100_000, night: 100_000 },
  ...{ recentDays: 1, recentMinutes: 1000, passHours: 24, cacheMiB: 64, keepMinutes: 60, timeoutSeconds: 30 },
}

function study(number: number, change: Partial<SampleStudyOptions> = {}): SampleInstance[] {
  return sampleStudy({
    kind: 'CT',
    patient: {
      id: String(1000 + number),
      bsn: '999990019',
      name: `Jansen^Anna ${number}`,
      birthDate: '1960-02-03',
      sex: 'F',
    },
    studyDate: `${2010 + (number % 15)}-0${1 + (number % 9)}-1${number % 10}`,
    description: `CT ${number}`,
    institution: 'Archief (fictief)',
    instances: 2,
    size: 8,
    seed: `orthanc/${number}`,
    ...change,
  })
}

/** Counts what passes between node and Orthanc: whether anything was copied. */
async function watchedLine(port: number) {
  const paths: string[] = []
  const server = createServer((incoming, outgoing) => {
    paths.push(incoming.url ?? '')
    const { url, method, headers } = incoming
    const onward = ask({ host: '127.0.0.1', port, path: url, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web`,
    /** Everything but questions and the head of one instance. */
    copies: () => paths.filter((path) => !path.includes('?') && !path.endsWith('/metadata')),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function passOf({ ground: { archive } }: TestHospital): Promise<Counts> {
  const passed = new Promise<Counts>((resolve) => {
    const stop = archive?.indexer.onPassed((counts) => {
      stop?.()
      resolve(counts)
    })
  })
  archive?.indexer.lookNow()
  return passed
}

async function firstPassOf(hospital: TestHospital): Promise<Counts> {
  const pass = await eventually(async () => {
    const status = await hospital.ground.archive?.indexer.status()
    if (status?.failure !== undefined) throw new Error(status.failure)
    return status?.pass?.endedAt === undefined ? undefined : status.pass
  })
  return pass.counts
}

describe.runIf(orthancInstalled)(`Orthanc behind a node${orthancMissing}`, () => {
  let network: TestNetwork
  let archive: TestOrthanc
  beforeAll(async () => {
    network = await TestNetwork.open()
    archive = await TestOrthanc.start('PACSORTHANC', ['TWIIN', 'TWIINFETCH'])
    await archive.store(Array.from({ length: studies }, (_, number) => study(number)).flat())
  })
  afterAll(async () => {
    await archive[Symbol.asyncDispose]()
    await network[Symbol.asyncDispose]()
  })

  const opened = (ura: string, of: object) =>
    TestHospital.open({ ura, name: `Hospital ${ura}`, archive: { ...common, ...of } as never }, network)

  const instancesOf = async (hospital: TestHospital, number: number) => {
    const [first] = study(number)
    const { holdings } = hospital.ground
    const held = await holdings.studyByUid(first?.studyInstanceUid ?? '')
    const instances: { sopInstanceUid: string; transferSyntaxUid: string; dataSet: Buffer }[] = []
    for await (const instance of holdings.instances(held?.handle ?? '')) {
      const chunks: Buffer[] = []
      for await (const chunk of holdings.readDataSet(instance)) chunks.push(chunk)
      instances.push({ ...instance, dataSet: Buffer.concat(chunks) })
    }
    return instances
  }

  it('is indexed by QIDO-RS, by changes only the second time, and copied by WADO-RS when asked', async () => {
    await using line = await watchedLine(archive.orthanc.options.httpPort)
    await using hospital = await opened('90000011', { kind: 'dicomweb', retrieve: 'wado', url: line.url })
    expect(await firstPassOf(hospital)).toEqual({
      unchanged: 0,
      new: studies,
      grown: 0,
      changed: 0,
      removed: 0,
    })
    const { holdings, archive: side } = hospital.ground
    const [first] = study(7)
    expect(await holdings.studyByUid(first?.studyInstanceUid ?? '')).toMatchObject({
      patient: {
        localId: '1007',
        issuer: 'Hospital 90000011',
        citizenNumbers: ['999990019'],
        birthDate: '1960-02-03',
      },
      ...{ instances: 2, series: 1, modalities: ['CT'], description: 'CT 7', bodyParts: ['CHEST'] },
    })
    expect(await passOf(hospital)).toEqual({ unchanged: studies, new: 0, grown: 0, changed: 0, removed: 0 })

    await archive.store([...study(studies), ...study(3, { instances: 4 })])
    await archive.remove(study(5)[0]?.studyInstanceUid ?? '')
    expect(await passOf(hospital)).toEqual({
      unchanged: studies - 2,
      new: 1,
      grown: 1,
      changed: 0,
      removed: 1,
    })
    expect([line.copies(), side?.cache.studies]).toEqual([[], 0])

    for (const { sopInstanceUid, dataSet } of await instancesOf(hospital, 7)) {
      const file = await archive.file(sopInstanceUid)
      expect(dataSet.equals(file.subarray(readPart10Meta(file).dataSetOffset))).toBe(true)
    }
    expect(line.copies()).toHaveLength(1)
    await archive.store(study(5))
    await archive.remove(study(studies)[0]?.studyInstanceUid ?? '')
  })

  it.each([
    ['C-MOVE', 'move', '90000012'],
    ['C-GET', 'get', '90000013'],
  ])(
    'is indexed by C-FIND, by changes only the second time, and copied by %s when asked',
    async (_, retrieve, ura) => {
      const jobs = async () => (await archive.orthanc.call<string[]>('GET', '/jobs')).length
      const before = await jobs()
      const { options } = archive.orthanc
      const ae = { aeTitle: options.aeTitle, port: options.dicomPort, receiveAeTitle: 'TWIINFETCH' }
      await using hospital = await opened(ura, { kind: 'dimse', retrieve, ...ae })
      await archive.knows('TWIINFETCH', hospital.exchange.dimse.address().port)
      expect(await firstPassOf(hospital)).toEqual({
        unchanged: 0,
        new: studies,
        grown: 0,
        changed: 0,
        removed: 0,
      })
      expect(await passOf(hospital)).toEqual({ unchanged: studies, new: 0, grown: 0, changed: 0, removed: 0 })
      const [first] = study(8)
      expect(await hospital.ground.holdings.studyByUid(first?.studyInstanceUid ?? '')).toMatchObject({
        patient: { localId: '1008', citizenNumbers: ['999990019'] },
        ...{ instances: 2, description: 'CT 8' },
      })
      expect([await jobs(), hospital.ground.archive?.cache.studies]).toEqual([before, 0])

      const fetched = await instancesOf(hospital, 8)
      expect(fetched).toHaveLength(2)
      for (const { sopInstanceUid, transferSyntaxUid, dataSet } of fetched) {
        const file = await archive.file(sopInstanceUid)
        const kept = file.subarray(readPart10Meta(file).dataSetOffset)
        // DCMTK writes the lengths of sequences its own way each time.
        expect(
          differingElements(dataSet, kept, transferSyntaxUid).filter((tag) => tag !== '00101002'),
        ).toEqual([])
      }
      const series = []
      const held = await hospital.ground.holdings.studyByUid(first?.studyInstanceUid ?? '')
      for await (const each of hospital.ground.holdings.series(held?.handle ?? '')) series.push(each)
      expect(series).toMatchObject([{ modality: 'CT', instances: 2, number: 2 }])
    },
  )
})
