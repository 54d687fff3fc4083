/** The matrix, part two: Orthanc 1.10 in each role, each service, each transfer syntax. */
import { join } from 'node:path'
import { queryRetrieve, storageCommitmentPush, transferSyntax, verificationClass } from '@twiin/dimse'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { selfSigned } from '../support/dimse/certificate.ts'
import { Matrix, compare, describeComparison } from '../support/dimse/matrix.ts'
import { orthancInstalled, startOrthanc } from '../support/dimse/orthanc.ts'
import { temporaryFolder } from '../support/dimse/processes.ts'
import { sampleInstances, samplesInstalled } from '../support/dimse/sample-instances.ts'
import { associate, contextsFor, identifierOf, ourAe, startArchive } from '../support/dimse/test-archive.ts'
import { wholeFiles } from '../support/dimse/whole-file.ts'

const matrix = new Matrix()
const installed = orthancInstalled && samplesInstalled
const missing = installed ? '' : ' (skipped: needs the Debian packages orthanc and python3-pydicom)'
const samples = installed ? sampleInstances() : []
const implicit = transferSyntax.implicitVrLittleEndian
const peer = 'Orthanc 1.10.1'

type Us = Awaited<ReturnType<typeof startArchive>>
type Orthanc = Awaited<ReturnType<typeof startOrthanc>>

describe.skipIf(!installed)(`Orthanc${missing}`, () => {
  const open = new AsyncDisposableStack()
  let us: Us
  let orthanc: Orthanc
  beforeAll(async () => {
    const folder = open.use(await temporaryFolder())
    us = open.use(await startArchive())
    orthanc = open.use(await startOrthanc(join(folder.path, 'db'), { aeTitle: ourAe, port: us.port }))
    us.peers.set('ORTHANC', orthanc)
  })
  afterAll(async () => {
    await open.disposeAsync()
    console.log(`\n${matrix.table()}\n`)
  })

  /** What Orthanc holds, as files. */
  async function kept() {
    const ids = (await orthanc.call('/instances')) as string[]
    const files = await Promise.all(ids.map((id) => orthanc.fileOf(id)))
    return wholeFiles(files)
  }
  const studyIds = async () => (await orthanc.call('/studies')) as string[]

  it('C-ECHO both ways', async () => {
    await using association = await associate('ORTHANC', orthanc, [
      { abstractSyntax: verificationClass, transferSyntaxes: [implicit] },
    ])
    expect(await association.echo()).toBe(0)
    await orthanc.call('/modalities/us/echo', {})
    matrix.note(peer, 'C-ECHO, we are SCP', 'green')
    matrix.note(peer, 'C-ECHO, we are SCU', 'green')
  })

  it('C-STORE to it: it holds each data set', async () => {
    await using association = await associate('ORTHANC', orthanc, contextsFor(samples))
    for (const sample of samples) {
      if (!association.accepts(sample.sopClassUid, sample.transferSyntaxUid)) continue
      const dataSet = async function* () {
        yield sample.dataSet
      }
      expect(await association.store({ ...sample, dataSet }), sample.name).toEqual({ status: 0 })
    }
    const compared = await compare(samples, await kept())
    matrix.note(peer, 'C-STORE, we are SCU', describeComparison(compared))
    expect(compared.different).toEqual([])
  })

  it('C-STORE from it: we get what it holds', async () => {
    us.held.clear()
    const ids = (await orthanc.call('/instances')) as string[]
    await orthanc.call('/modalities/us/store', { Resources: ids, Synchronous: true, Permissive: true })
    const theirs = await kept()
    const compared = await compare(
      samples.map((sample) => ({
        ...sample,
        ...theirs.find((one) => one.sopInstanceUid === sample.sopInstanceUid),
      })),
      us.files(),
    )
    matrix.note(peer, 'C-STORE, we are SCP', describeComparison(compared))
    expect(compared.different).toEqual([])
  })

  it('C-FIND both ways, and what it finds at ours it retrieves by C-MOVE', async () => {
    const studies = await studyIds()
    await using association = await associate('ORTHANC', orthanc, [
      { abstractSyntax: queryRetrieve.find.studyRoot, transferSyntaxes: [implicit] },
      { abstractSyntax: queryRetrieve.find.patientRoot, transferSyntaxes: [implicit] },
    ])
    for (const sopClassUid of Object.values(queryRetrieve.find)) {
      const found: Buffer[] = []
      const identifier = identifierOf(['00080052', 'STUDY'], ['0020000D', ''], ['00100020', ''])
      for await (const match of association.find({ sopClassUid, transferSyntaxUid: implicit, identifier }))
        found.push(match)
      expect(found).toHaveLength(studies.length)
    }
    matrix.note(peer, 'C-FIND, we are SCU', 'green')

    const query = { Level: 'Study', Query: { PatientID: '4MR1', StudyInstanceUID: '' } }
    const { ID } = (await orthanc.call('/modalities/us/query', query)) as { ID: string }
    expect(await orthanc.call(`/queries/${ID}/answers`)).toHaveLength(1)
    matrix.note(peer, 'C-FIND, we are SCP', 'green')

    const before = await kept()
    const [mr] = (await orthanc.call('/tools/find', {
      Level: 'Study',
      Query: { PatientID: '4MR1' },
    })) as string[]
    await orthanc.remove(`/studies/${mr ?? ''}`)
    expect((await kept()).length).toBeLessThan(before.length)
    await orthanc.call(`/queries/${ID}/retrieve`, { TargetAet: 'ORTHANC', Synchronous: true })
    const compared = await compare(
      samples.filter((sample) => before.some((one) => one.sopInstanceUid === sample.sopInstanceUid)),
      await kept(),
    )
    matrix.note(peer, 'C-MOVE, we are SCP', describeComparison(compared))
    expect([...compared.different, ...compared.absent]).toEqual([])
  })

  it('C-MOVE and C-GET from it', async () => {
    const held = await kept()
    const theirs = samples.flatMap((sample) => {
      const found = held.find((one) => one.sopInstanceUid === sample.sopInstanceUid)
      return found === undefined ? [] : [{ ...sample, ...found }]
    })
    await using association = await associate('ORTHANC', orthanc, [
      { abstractSyntax: queryRetrieve.move.studyRoot, transferSyntaxes: [implicit] },
      { abstractSyntax: queryRetrieve.get.studyRoot, transferSyntaxes: [implicit] },
      ...contextsFor(theirs, 'scp'),
    ])
    const studies = (await Promise.all((await studyIds()).map((id) => orthanc.call(`/studies/${id}`)))) as {
      MainDicomTags: { StudyInstanceUID: string }
    }[]
    const retrieve = async (service: 'move' | 'get') => {
      us.held.clear()
      for (const { MainDicomTags } of studies) {
        const identifier = identifierOf(['00080052', 'STUDY'], ['0020000D', MainDicomTags.StudyInstanceUID])
        const query = {
          sopClassUid: queryRetrieve[service].studyRoot,
          transferSyntaxUid: implicit,
          identifier,
        }
        const progress =
          service === 'move'
            ? association.move({ ...query, destinationAe: ourAe })
            : association.get(query, (request) => us.openStore(request))
        for await (const { failed } of progress) expect(failed).toBe(0)
      }
      return compare(theirs, us.files())
    }
    const moved = await retrieve('move')
    matrix.note(peer, 'C-MOVE, we are SCU', describeComparison(moved))
    const got = await retrieve('get')
    matrix.note(peer, 'C-GET, we are SCU', describeComparison(got))
    matrix.note(peer, 'C-GET, we are SCP', 'Orthanc 1.10 does not ask')
    expect([...moved.different, ...moved.absent, ...got.different, ...got.absent]).toEqual([])
  })

  it('storage commitment both ways, in which what is missing is told', async () => {
    const [here] = await kept()
    const references = [
      { sopClassUid: here?.sopClassUid ?? '', sopInstanceUid: here?.sopInstanceUid ?? '' },
      { sopClassUid: here?.sopClassUid ?? '', sopInstanceUid: '1.2.3.999' },
    ]
    await using association = await associate('ORTHANC', orthanc, [
      { abstractSyntax: storageCommitmentPush, transferSyntaxes: [implicit] },
    ])
    expect(await association.requestCommitment({ transactionUid: '1.2.3.4', references })).toEqual({
      status: 0,
    })
    await us.until(() => us.results.length > 0)
    expect(us.results[0]).toMatchObject({
      transactionUid: '1.2.3.4',
      committed: references.slice(0, 1),
      failed: [{ ...references[1], reason: 0x0112 }],
    })
    matrix.note(peer, 'storage commitment, we ask', 'green, reported on a new association')

    const asked = { DicomInstances: references.map((one) => [one.sopClassUid, one.sopInstanceUid]) }
    const { ID } = (await orthanc.call('/modalities/us/storage-commitment', asked)) as { ID: string }
    let report = { Status: 'Pending', Success: [], Failures: [] }
    while (report.Status === 'Pending') {
      await new Promise((resolve) => setTimeout(resolve, 50)) // Orthanc tells nobody that a report has come
      report = (await orthanc.call(`/storage-commitment/${ID}`)) as typeof report
    }
    expect(report).toMatchObject({ Status: 'Failure', Success: [{}], Failures: [{}] })
    matrix.note(peer, 'storage commitment, we are asked', 'green, reported on a new association')
  })

  it('TLS both ways, both certificates checked', async () => {
    await using folder = await temporaryFolder()
    const { key, cert, keyFile, certFile } = await selfSigned(folder.path)
    await using secure = await startArchive({ tls: { key, cert, ca: cert, clientCertificate: 'required' } })
    await using other = await startOrthanc(
      join(folder.path, 'db'),
      { aeTitle: ourAe, port: secure.port },
      {
        tls: { key, cert, ca: cert },
        modality: { UseDicomTls: true },
        settings: {
          DicomTlsEnabled: true,
          DicomTlsCertificate: certFile,
          DicomTlsPrivateKey: keyFile,
          DicomTlsTrustedCertificates: certFile,
        },
      },
    )
    const sent = samples.slice(0, 8)
    await using association = await associate('ORTHANC', other, contextsFor(sent))
    for (const sample of sent) {
      const dataSet = async function* () {
        yield sample.dataSet
      }
      expect(await association.store({ ...sample, dataSet })).toEqual({ status: 0 })
    }
    const ids = (await other.call('/instances')) as string[]
    await other.call('/modalities/us/store', { Resources: ids, Synchronous: true })
    expect(secure.held.size).toBe(sent.length)
    await expect(associate('ORTHANC', { ...other, tls: { ca: cert } }, contextsFor(sent))).rejects.toThrow()
    matrix.note(peer, 'TLS, we are client', 'green; both certificates checked')
    matrix.note(peer, 'TLS, we are server', 'green; both certificates checked')
  })
})
