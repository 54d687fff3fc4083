/**
 * The matrix, part four: not our library but a whole node, with its settings, over TLS in both directions. What DCMTK 3.6.7
 * and Orthanc 1.10 can of it: DCMTK has no TLS in movescu, getscu and dcmqrscp, and no storage commitment.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { part10Header } from '@twiin/dicom'
import { TestHospital, TestNetwork, eventually } from '@twiin/node/testing'
import type { Holdings } from '@twiin/node/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dcmtkInstalled } from '../support/dcmtk.ts'
import { selfSigned } from '../support/dimse/certificate.ts'
import { Matrix, compare, describeComparison } from '../support/dimse/matrix.ts'
import { orthancInstalled, startOrthanc } from '../support/dimse/orthanc.ts'
import { dcmtk, freePort, readFolder, storescp, temporaryFolder } from '../support/dimse/processes.ts'
import { sampleInstances, samplesInstalled } from '../support/dimse/sample-instances.ts'
import type { SampleInstance } from '../support/dimse/sample-instances.ts'
import { associate, contextsFor } from '../support/dimse/test-archive.ts'
import { wholeFiles } from '../support/dimse/whole-file.ts'
import type { WholeFile } from '../support/dimse/whole-file.ts'

const matrix = new Matrix()
const installed = dcmtkInstalled && orthancInstalled && samplesInstalled
const missing = installed ? '' : ' (skipped: needs the Debian packages dcmtk, orthanc and python3-pydicom)'
const samples = installed ? sampleInstances() : []
/** Newer than both peers. */
const known = samples.filter(({ name }) => name !== 'HTJ2K')
const [dcmtkPeer, orthancPeer] = ['DCMTK 3.6.7', 'Orthanc 1.10.1']
const local = { host: '127.0.0.1', tls: true, query: false, moveDestination: false }

type HeldInstance = NonNullable<Awaited<ReturnType<Holdings['instanceByUid']>>>
type Certificate = Awaited<ReturnType<typeof selfSigned>>

async function fileOf(holdings: Holdings, instance: HeldInstance): Promise<WholeFile[]> {
  const chunks: Uint8Array[] = [part10Header(instance)]
  for await (const chunk of holdings.readDataSet(instance)) chunks.push(chunk)
  return wholeFiles([Buffer.concat(chunks)])
}

/** What a node holds of these. */
async function heldBy(holdings: Holdings, wanted: readonly SampleInstance[]): Promise<WholeFile[]> {
  const files: WholeFile[] = []
  for (const { sopInstanceUid } of wanted) {
    const instance = await holdings.instanceByUid(sopInstanceUid)
    if (instance !== undefined) files.push(...(await fileOf(holdings, instance)))
  }
  return files
}

const dataSetOf = (sample: SampleInstance) =>
  async function* () {
    yield sample.dataSet
  }

describe.skipIf(!installed)(`a node with TLS${missing}`, () => {
  const open = new AsyncDisposableStack()
  let network: TestNetwork
  let folder: string
  let own: Certificate
  let orthanc: Awaited<ReturnType<typeof startOrthanc>>
  /** Where Orthanc finds the node that it knows. */
  let nodePort: number
  beforeAll(async () => {
    folder = open.use(await temporaryFolder()).path
    network = open.use(await TestNetwork.open())
    own = await selfSigned(folder)
    const { key, cert, certFile, keyFile } = own
    const us = { aeTitle: 'TWIIN', port: (nodePort = await freePort()) }
    const settings = {
      DicomTlsEnabled: true,
      DicomTlsCertificate: certFile,
      DicomTlsPrivateKey: keyFile,
      DicomTlsTrustedCertificates: certFile,
    }
    const more = { tls: { key, cert, ca: cert }, modality: { UseDicomTls: true }, settings }
    orthanc = open.use(await startOrthanc(join(folder, 'orthanc'), us, more))
  })
  afterAll(async () => {
    await open.disposeAsync()
    console.log(`\n${matrix.table()}\n`)
  })
  const dicomTls = (port: number) => ({
    ...{ port, certificateFile: own.certFile, keyFile: own.keyFile, caFile: own.certFile },
    clientCertificate: 'required' as const,
  })

  const ids = async () => (await orthanc.call('/instances')) as string[]
  const kept = async () => wholeFiles(await Promise.all((await ids()).map((id) => orthanc.fileOf(id))))

  it('serves DCMTK, and moves to it, by certificates of both', async () => {
    const [port, into] = [await freePort(), join(folder, 'kept')]
    const tls = ['+tls', own.keyFile, own.certFile, '+cf', own.certFile]
    const toUs = ['-aet', 'CT1', '-aec', 'TWIIN', '127.0.0.1', String(port)]
    const { key, cert } = own
    await using storing = await storescp(into, { args: [...tls, '-rc'], tls: { ca: cert, key, cert } })
    await using hospital = await TestHospital.open(
      {
        ...{ ura: '90000021', name: 'Ziekenhuis TLS', tls: dicomTls(port) },
        entities: [
          { ...local, aeTitle: 'CT1', port: 104, query: true },
          { ...local, aeTitle: 'STORESCP', port: storing.port, moveDestination: true },
        ],
      },
      network,
    )
    await dcmtk('echoscu', ...tls, ...toUs)
    await expect(dcmtk('echoscu', '+tla', '-ic', ...toUs)).rejects.toThrow()
    for (const { file, letter, sopInstanceUid } of known) {
      const path = join(folder, `${sopInstanceUid}.dcm`)
      await writeFile(path, file)
      await dcmtk('storescu', ...tls, '-R', `-x${letter}`, ...toUs, path)
    }
    const { holdings } = hospital.ground
    const held = await heldBy(holdings, known)
    const stored = await compare(known, held)
    expect([...stored.different, ...stored.absent]).toEqual([])
    matrix.note(dcmtkPeer, 'C-ECHO and C-STORE, the node is SCP', describeComparison(stored))

    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', 'StudyInstanceUID']
    const found = await dcmtk('findscu', '-v', '-S', ...tls, ...keys, '-k', 'PatientID=4MR1', ...toUs)
    expect(found.match(/Find Response: \d+ \(Pending\)/g)).toHaveLength(1)
    matrix.note(dcmtkPeer, 'C-FIND, the node is SCP', 'green')

    const plain = ['-aet', 'CT1', '-aec', 'TWIIN', '127.0.0.1', `${hospital.exchange.dimse.address().port}`]
    for await (const { studyInstanceUid } of holdings.studies()) {
      const study = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${studyInstanceUid}`]
      await dcmtk('movescu', '-S', '-aem', 'STORESCP', ...study, ...plain)
    }
    const arrived = await readFolder(into)
    const moved = await compare(asHeld(known, held), arrived)
    expect([...moved.different, ...moved.rewritten, ...moved.absent]).toEqual([])
    matrix.note(dcmtkPeer, 'C-MOVE, the node sends by TLS', describeComparison(moved))
  })

  it('is filled, queried, moved from and asked for commitment by Orthanc, stores in it, and asks it too', async () => {
    const pacs = { aeTitle: 'ORTHANC', port: orthanc.port, tls: true, commitmentSeconds: 20 }
    await using hospital = await TestHospital.open(
      {
        ...{ ura: '90000022', name: 'Ziekenhuis Orthanc', tls: dicomTls(nodePort), commitment: true, pacs },
        callingAeTitles: ['ORTHANC'],
        entities: [{ ...local, aeTitle: 'ORTHANC', port: orthanc.port, query: true }],
      },
      network,
    )
    const { holdings } = hospital.ground
    const emptied = async () => {
      for (const id of (await orthanc.call('/studies')) as string[]) await orthanc.remove(`/studies/${id}`)
      expect(await ids()).toEqual([])
    }
    {
      await using association = await associate('ORTHANC', orthanc, contextsFor(known))
      for (const sample of known)
        expect(await association.store({ ...sample, dataSet: dataSetOf(sample) })).toEqual({ status: 0 })
    }
    await orthanc.call('/modalities/us/echo', {})
    await orthanc.call('/modalities/us/store', { Resources: await ids(), Synchronous: true })
    const held = await heldBy(holdings, known)
    const stored = await compare(asHeld(known, await kept()), held)
    expect([...stored.different, ...stored.absent]).toEqual([])
    matrix.note(orthancPeer, 'C-ECHO and C-STORE, the node is SCP', describeComparison(stored))

    const references = [
      ...held.map((one) => [one.sopClassUid, one.sopInstanceUid]),
      [known[0]?.sopClassUid, '1.2.3.9'],
    ]
    const asked = { DicomInstances: references }
    const { ID } = (await orthanc.call('/modalities/us/storage-commitment', asked)) as { ID: string }
    const report = await eventually(async () => {
      const now = (await orthanc.call(`/storage-commitment/${ID}`)) as {
        Status: string
        Success: []
        Failures: []
      }
      return now.Status !== 'Pending' && now
    })
    expect([report.Success.length, report.Failures.length]).toEqual([known.length, 1])
    matrix.note(orthancPeer, 'storage commitment, the node is asked', 'green')

    await emptied()
    const question = { Level: 'Study', Query: { StudyInstanceUID: '' } }
    const query = ((await orthanc.call('/modalities/us/query', question)) as { ID: string }).ID
    matrix.note(orthancPeer, 'C-FIND, the node is SCP', 'green')
    await orthanc.call(`/queries/${query}/retrieve`, { TargetAet: 'ORTHANC', Synchronous: true })
    const moved = await compare(asHeld(known, held), await kept())
    expect([...moved.different, ...moved.absent]).toEqual([])
    matrix.note(orthancPeer, 'C-MOVE, the node sends by TLS', describeComparison(moved))

    await emptied()
    const records = await Promise.all(known.map((one) => holdings.instanceByUid(one.sopInstanceUid)))
    await hospital.exchange.delivery.deliver(
      {
        ...{ transferId: '0a', overlay: undefined, onDelivered: () => {} },
        instances: records.flatMap((record) => record ?? []),
      },
      new AbortController().signal,
    )
    const delivered = await compare(asHeld(known, held), await kept())
    expect([...delivered.different, ...delivered.absent]).toEqual([])
    matrix.note(orthancPeer, 'C-STORE, the node is SCU', describeComparison(delivered))
    matrix.note(orthancPeer, 'storage commitment, the node asks', 'green, reported on a new association')
  })

  it.each([
    ['move', '90000023'],
    ['get', '90000024'],
  ] as const)('indexes Orthanc as its archive and fetches by C-%s', async (retrieve, ura) => {
    const port = await freePort()
    await orthanc.knows('TWIINFETCH', { AET: 'TWIINFETCH', Host: '127.0.0.1', Port: port, UseDicomTls: true })
    await using hospital = await TestHospital.open(
      {
        ...{ ura, name: `Ziekenhuis ${retrieve}`, tls: dicomTls(port) },
        archive: {
          ...{ kind: 'dimse', retrieve, host: '127.0.0.1', port: orthanc.port, tls: true },
          ...{ aeTitle: 'ORTHANC', receiveAeTitle: 'TWIINFETCH', from: '1990-01-01' },
          night: { from: '00:00', until: '00:00' },
          studiesPerSecond: { day: 100_000, night: 100_000 },
          ...{ recentDays: 1, recentMinutes: 1000, passHours: 24, cacheMiB: 64, keepMinutes: 60 },
          timeoutSeconds: 30,
        },
      },
      network,
    )
    const { archive, holdings } = hospital.ground
    await eventually(async () => {
      const status = await archive?.indexer.status()
      if (status?.failure !== undefined) throw new Error(status.failure)
      return status?.pass?.endedAt !== undefined
    })
    const files: WholeFile[] = []
    for await (const { handle } of holdings.studies())
      for await (const instance of holdings.instances(handle))
        files.push(...(await fileOf(holdings, instance)))
    // An archive is asked by study date (spec 18 §2); two samples have none.
    const dated = known.filter(({ name }) => name !== 'deflated' && name !== 'structured report')
    const fetched = await compare(asHeld(dated, await kept()), files)
    // It converts nothing: every syntax was offered for the classes that it tells of.
    expect([...fetched.different, ...fetched.rewritten, ...fetched.absent]).toEqual([])
    const service = `C-FIND and C-${retrieve.toUpperCase()}, the node is SCU`
    matrix.note(orthancPeer, service, describeComparison(fetched))
  })
})

/** The samples with the bytes that one side has of them: DCMTK rewrites as it sends. */
function asHeld(wanted: readonly SampleInstance[], held: readonly WholeFile[]): SampleInstance[] {
  return wanted.map((sample) => ({
    ...sample,
    ...held.find((one) => one.sopInstanceUid === sample.sopInstanceUid),
  }))
}
