/**
 * The matrix, part one: DCMTK 3.6.7 in each role, each service, each transfer syntax. pynetdicom, which the matrix would also
 * hold, is in no registry that these tests may use.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { queryRetrieve, storageCommitmentPush, transferSyntax, verificationClass } from '@twiin/dimse'
import { afterAll, describe, expect, it } from 'vitest'
import { dcmtkInstalled, dcmtkMissing } from '../support/dcmtk.ts'
import { Matrix, compare, describeComparison, together } from '../support/dimse/matrix.ts'
import type { Comparison } from '../support/dimse/matrix.ts'
import { dcmqrscp, dcmtk, readFolder, storescp, temporaryFolder } from '../support/dimse/processes.ts'
import { sampleInstances, samplesInstalled } from '../support/dimse/sample-instances.ts'
import type { SampleInstance } from '../support/dimse/sample-instances.ts'
import { associate, contextsFor, identifierOf, ourAe, startArchive } from '../support/dimse/test-archive.ts'
import { selfSigned } from '../support/dimse/certificate.ts'

const matrix = new Matrix()
const samples = dcmtkInstalled && samplesInstalled ? sampleInstances() : []
/** Newer than DCMTK 3.6.7, which does not know its name. */
const known = samples.filter(({ name }) => name !== 'HTJ2K')
const studies = [...new Set(samples.map(studyOf))]
const implicit = transferSyntax.implicitVrLittleEndian
const query = (model: string) => [{ abstractSyntax: model, transferSyntaxes: [implicit] }]
const peer = 'DCMTK 3.6.7'
afterAll(() => console.log(`\n${matrix.table()}\n`))

function studyOf({ dataSet, transferSyntaxUid }: SampleInstance): string {
  const tag = Buffer.from(
    transferSyntaxUid === transferSyntax.explicitVrBigEndian ? [0, 0x20, 0, 0x0d] : [0x20, 0, 0x0d, 0],
  )
  const at = dataSet.indexOf(tag)
  return at === -1 ? '' : (/[0-9.]+/.exec(dataSet.toString('latin1', at + 8, at + 72))?.[0] ?? '')
}

const toUs = (port: number) => ['-aet', 'DCMTK', '-aec', ourAe, '127.0.0.1', String(port)]

async function archiveWithSamples(instances = samples) {
  const archive = await startArchive()
  for (const sample of instances) await archive.hold(sample, sample.dataSet)
  return archive
}

async function last<T>(values: AsyncIterable<T>): Promise<T | undefined> {
  let final: T | undefined
  for await (const value of values) final = value
  return final
}

describe.skipIf(samples.length === 0)(`DCMTK asks, we serve${dcmtkMissing}`, () => {
  it('C-ECHO, and a stranger hears why not', async () => {
    await using us = await startArchive()
    await dcmtk('echoscu', '--repeat', '3', ...toUs(us.port))
    await expect(dcmtk('echoscu', '-aec', 'NOBODY', '127.0.0.1', String(us.port))).rejects.toThrow(
      /Called AE Title Not Recognized/,
    )
    matrix.note(peer, 'C-ECHO, we are SCP', 'green')
  })

  it('C-STORE: what we get is what a bit-preserving storescp gets', async () => {
    await using us = await startArchive()
    await using folder = await temporaryFolder()
    const kept = join(folder.path, 'kept')
    {
      await using reference = await storescp(kept)
      const toReference = ['-aec', 'STORESCP', '127.0.0.1', String(reference.port)]
      for (const { file, letter, sopInstanceUid } of known) {
        const path = join(folder.path, `${sopInstanceUid}.dcm`)
        await writeFile(path, file)
        await dcmtk('storescu', '-R', `-x${letter}`, ...toUs(us.port), path)
        await dcmtk('storescu', '-R', `-x${letter}`, ...toReference, path)
      }
    }
    const expected = (await readFolder(kept)).map(({ sopInstanceUid, transferSyntaxUid, dataSet }) => [
      sopInstanceUid,
      transferSyntaxUid,
      dataSet.toString('base64'),
    ])
    const arrived = [...us.held.values()].map(({ sopInstanceUid, transferSyntaxUid, bytes }) => [
      sopInstanceUid,
      transferSyntaxUid,
      bytes.toString('base64'),
    ])
    expect(arrived.sort()).toEqual(expected.sort())
    expect(arrived).toHaveLength(known.length)
    const compared = await compare(known, us.files())
    expect(compared.different).toEqual([])
    matrix.note(peer, 'C-STORE, we are SCP', describeComparison(compared))
  })

  it('C-FIND, by patient and study root', async () => {
    await using us = await archiveWithSamples()
    const args = [
      '-k',
      'QueryRetrieveLevel=STUDY',
      '-k',
      'StudyInstanceUID',
      '-k',
      'PatientID=4MR1',
      ...toUs(us.port),
    ]
    for (const model of ['-S', '-P']) {
      const output = await dcmtk('findscu', '-v', model, ...args)
      expect(output).toMatch(/Final Find Response \(Success\)/)
      expect(output.match(/Find Response: \d+ \(Pending\)/g)).toHaveLength(1)
      expect(output).toContain('1.3.6.1.4.1.5962.1.2.4.20040826185059.5457')
    }
    const cancelled = await dcmtk(
      'findscu',
      '-v',
      '-S',
      '--cancel',
      '1',
      '-k',
      'QueryRetrieveLevel=STUDY',
      ...toUs(us.port),
    )
    expect(cancelled).toMatch(/Final Find Response \((Cancel|Success)/)
    matrix.note(peer, 'C-FIND, we are SCP', 'green')
  })

  it('C-MOVE to a third, who gets the identical data sets; an unknown one is A801', async () => {
    await using us = await archiveWithSamples(known)
    await using folder = await temporaryFolder()
    {
      await using destination = await storescp(folder.path)
      us.peers.set('STORESCP', destination)
      for (const study of studies) {
        const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${study}`]
        await dcmtk('movescu', '-S', '-aem', 'STORESCP', ...keys, ...toUs(us.port))
      }
    }
    const compared = await compare(known, await readFolder(folder.path))
    expect([...compared.different, ...compared.rewritten, ...compared.absent]).toEqual([])
    const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', 'StudyInstanceUID=1.2']
    await expect(dcmtk('movescu', '-S', '-aem', 'NOBODY', ...keys, ...toUs(us.port))).rejects.toThrow(
      /Unknown|Destination|a801/i,
    )
    matrix.note(peer, 'C-MOVE, we are SCP', describeComparison(compared))
  })

  it('C-GET, each syntax in turn: the data sets are identical', async () => {
    await using us = await archiveWithSamples(known)
    await using folder = await temporaryFolder()
    for (const sample of known) {
      const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${studyOf(sample)}`]
      const how = ['-S', '+B', `+x${sample.letter}`, '-od', folder.path, ...keys, ...toUs(us.port)]
      await dcmtk('getscu', ...how).catch(() => '') // fails when the study has others too, in other syntaxes
    }
    const compared = await compare(known, await readFolder(folder.path))
    expect([...compared.different, ...compared.rewritten]).toEqual([])
    // whatever it is told, getscu 3.6.7 offers explicit VR for what it receives
    expect(compared.absent).toEqual(['implicit LE', 'multi-frame'])
    matrix.note(peer, 'C-GET, we are SCP', describeComparison(compared))
  })

  it('over TLS, with a certificate of its own, and not without', async () => {
    await using folder = await temporaryFolder()
    const { key, cert, keyFile, certFile } = await selfSigned(folder.path)
    await using us = await startArchive({ tls: { key, cert, ca: cert, clientCertificate: 'required' } })
    const tls = ['+tls', keyFile, certFile, '+cf', certFile]
    await dcmtk('echoscu', ...tls, ...toUs(us.port))
    for (const { file, letter, sopInstanceUid } of known.slice(0, 5)) {
      const path = join(folder.path, `${sopInstanceUid}.dcm`)
      await writeFile(path, file)
      await dcmtk('storescu', ...tls, '-R', `-x${letter}`, ...toUs(us.port), path)
    }
    expect(us.held.size).toBe(5)
    const found = await dcmtk(
      'findscu',
      '-v',
      ...tls,
      '-S',
      '-k',
      'QueryRetrieveLevel=STUDY',
      ...toUs(us.port),
    )
    expect(found).toMatch(/Final Find Response \(Success\)/)
    await expect(dcmtk('echoscu', '+tla', '-ic', ...toUs(us.port))).rejects.toThrow()
    await expect(dcmtk('echoscu', ...toUs(us.port))).rejects.toThrow()
    matrix.note(peer, 'TLS, we are server', 'green: ECHO, STORE, FIND; no client certificate, no association')
  })
})

describe.skipIf(samples.length === 0)(`we ask, DCMTK serves${dcmtkMissing}`, () => {
  it('C-ECHO and C-STORE: each data set is on its disk as we sent it', async () => {
    await using folder = await temporaryFolder()
    {
      await using scp = await storescp(folder.path)
      await using association = await associate('STORESCP', scp, [
        { abstractSyntax: verificationClass, transferSyntaxes: [implicit] },
        ...contextsFor(samples),
      ])
      expect(await association.echo()).toBe(0)
      for (const sample of samples) {
        if (!association.accepts(sample.sopClassUid, sample.transferSyntaxUid)) continue
        const dataSet = async function* () {
          yield sample.dataSet
        }
        expect(await association.store({ ...sample, dataSet })).toEqual({ status: 0 })
      }
    }
    const compared = await compare(samples, await readFolder(folder.path))
    expect([...compared.different, ...compared.rewritten]).toEqual([])
    expect(compared.absent).toEqual(['HTJ2K'])
    matrix.note(peer, 'C-ECHO, we are SCU', 'green')
    matrix.note(peer, 'C-STORE, we are SCU', describeComparison(compared))
  })

  it('C-FIND, C-MOVE to us and C-GET from its archive, each syntax in turn', async () => {
    await using us = await startArchive()
    const retrieved = { move: [] as Comparison[], get: [] as Comparison[] }
    // It takes and gives one syntax besides the plain ones, by how it was started.
    for (const letter of new Set(known.map((sample) => sample.letter))) {
      await using folder = await temporaryFolder()
      await using archive = await dcmqrscp(folder.path, { aeTitle: ourAe, port: us.port }, letter)
      const theirs = known.filter((sample) => sample.letter === letter)
      {
        await using association = await associate('QRSCP', archive, contextsFor(theirs))
        for (const sample of theirs) {
          const dataSet = async function* () {
            yield sample.dataSet
          }
          expect(await association.store({ ...sample, dataSet }), sample.name).toEqual({ status: 0 })
        }
      }
      await using association = await associate('QRSCP', archive, [
        ...query(queryRetrieve.find.studyRoot),
        ...query(queryRetrieve.move.studyRoot),
        ...query(queryRetrieve.get.studyRoot),
        ...contextsFor(theirs, 'scp'),
      ])
      const found: Buffer[] = []
      const identifier = identifierOf(['00080052', 'STUDY'], ['0020000D', ''])
      const find = { sopClassUid: queryRetrieve.find.studyRoot, transferSyntaxUid: implicit, identifier }
      for await (const match of association.find(find)) found.push(match)
      expect(found).toHaveLength(new Set(theirs.map(studyOf)).size)
      for (const service of ['move', 'get'] as const) {
        us.held.clear()
        for (const study of new Set(theirs.map(studyOf))) {
          const wanted = identifierOf(['00080052', 'STUDY'], ['0020000D', study])
          const request = { ...find, sopClassUid: queryRetrieve[service].studyRoot, identifier: wanted }
          const progress =
            service === 'move'
              ? association.move({ ...request, destinationAe: ourAe })
              : association.get(request, (store) => us.openStore(store))
          expect(await last(progress)).toMatchObject({ failed: 0, warning: 0 })
        }
        retrieved[service].push(await compare(theirs, us.files()))
      }
    }
    matrix.note(peer, 'C-FIND, we are SCU', 'green')
    for (const service of ['move', 'get'] as const) {
      const compared = together(retrieved[service])
      matrix.note(peer, `C-${service.toUpperCase()}, we are SCU`, describeComparison(compared))
      expect([...compared.different, ...compared.absent]).toEqual([])
    }
  })

  it('storage commitment it does not have: we hear so, and the association goes on', async () => {
    await using folder = await temporaryFolder()
    await using scp = await storescp(folder.path)
    await using association = await associate('STORESCP', scp, [
      { abstractSyntax: verificationClass, transferSyntaxes: [implicit] },
      { abstractSyntax: storageCommitmentPush, transferSyntaxes: [implicit] },
    ])
    const request = { transactionUid: '1.2.3', references: [{ sopClassUid: '1.2', sopInstanceUid: '1.3' }] }
    await expect(association.requestCommitment(request)).rejects.toThrow('CONTEXT_NOT_ACCEPTED')
    expect(await association.echo()).toBe(0)
    matrix.note(peer, 'storage commitment', 'DCMTK has no tool for it')
  })

  it('over TLS with our certificate, and its certificate is checked', async () => {
    await using folder = await temporaryFolder()
    const { key, cert, keyFile, certFile } = await selfSigned(folder.path)
    const tls = { ca: cert, key, cert }
    {
      const args = ['+tls', keyFile, certFile, '+cf', certFile, '-rc']
      await using scp = await storescp(join(folder.path, 'in'), { args, tls })
      const association = await associate('STORESCP', scp, contextsFor(known))
      for (const sample of known) {
        const dataSet = async function* () {
          yield sample.dataSet
        }
        expect(await association.store({ ...sample, dataSet })).toEqual({ status: 0 })
      }
      await association.release() // it serves one after another
      const { key: otherKey, cert: other } = await selfSigned(join(folder.path, 'other'))
      await expect(associate('STORESCP', { ...scp, tls: { ca: other } }, contextsFor(known))).rejects.toThrow(
        'CONNECTION_FAILED',
      )
      await expect(
        associate('STORESCP', { ...scp, tls: { ca: cert, key: otherKey, cert: other } }, contextsFor(known)),
      ).rejects.toThrow(/ASSOCIATION_LOST|CONNECTION_FAILED/)
    }
    const compared = await compare(known, await readFolder(join(folder.path, 'in')))
    expect([...compared.different, ...compared.rewritten, ...compared.absent]).toEqual([])
    matrix.note(peer, 'TLS, we are client', `${describeComparison(compared)}; both certificates checked`)
  })
})
