/** The matrix, part three: we ask and we serve, with every sample, also in the syntax that neither peer knows yet. */
import { queryRetrieve, transferSyntax } from '@twiin/dimse'
import { afterAll, describe, expect, it } from 'vitest'
import { Matrix, compare, describeComparison } from '../support/dimse/matrix.ts'
import { sampleInstances, samplesInstalled } from '../support/dimse/sample-instances.ts'
import { associate, contextsFor, identifierOf, ourAe, startArchive } from '../support/dimse/test-archive.ts'

const matrix = new Matrix()
const samples = samplesInstalled ? sampleInstances() : []
const missing = samplesInstalled ? '' : ' (skipped: needs the Debian package python3-pydicom)'
const implicit = transferSyntax.implicitVrLittleEndian
afterAll(() => console.log(`\n${matrix.table()}\n`))

describe.skipIf(!samplesInstalled)(`our SCU and our SCP${missing}`, () => {
  it('store, move and get each sample, HTJ2K too, byte for byte', async () => {
    await using us = await startArchive()
    await using third = await startArchive()
    us.peers.set(ourAe, { host: '127.0.0.1', port: third.port })
    await using association = await associate(ourAe, { host: '127.0.0.1', port: us.port }, [
      ...contextsFor(samples),
      ...contextsFor(samples, 'scp'),
      { abstractSyntax: queryRetrieve.move.studyRoot, transferSyntaxes: [implicit] },
      { abstractSyntax: queryRetrieve.get.studyRoot, transferSyntaxes: [implicit] },
    ])
    for (const sample of samples) {
      const dataSet = async function* () {
        yield sample.dataSet
      }
      expect(await association.store({ ...sample, dataSet })).toEqual({ status: 0 })
    }
    matrix.note('Twiin', 'C-STORE', describeComparison(await compare(samples, us.files())))
    const identifier = identifierOf(['00080052', 'STUDY'], ['0020000D', ''])
    const move = {
      sopClassUid: queryRetrieve.move.studyRoot,
      transferSyntaxUid: implicit,
      identifier,
      destinationAe: ourAe,
    }
    for await (const { failed } of association.move(move)) expect(failed).toBe(0)
    const moved = await compare(samples, third.files())
    matrix.note('Twiin', 'C-MOVE', describeComparison(moved))
    third.held.clear()
    const get = { ...move, sopClassUid: queryRetrieve.get.studyRoot }
    for await (const { failed } of association.get(get, (request) => third.openStore(request)))
      expect(failed).toBe(0)
    const got = await compare(samples, third.files())
    matrix.note('Twiin', 'C-GET', describeComparison(got))
    for (const compared of [moved, got]) expect(compared.identical).toEqual(samples.map(({ name }) => name))
  })
})
