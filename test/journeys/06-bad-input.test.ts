/** Whatever comes in that should not: refused with a code or a status, logged without patient data, the process alive. */
import { join } from 'node:path'
import { hostileDataSets } from '@twiin/dicom/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { dcmtkInstalled, dcmtkMissing, echoscu, storescu } from '../support/dcmtk.ts'
import { isAlive, startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newStudy } from '../support/new-study.ts'
import { NodeApi } from '../support/node-api.ts'
import { filesWith } from '../support/patient-data.ts'
import { associateRequest, converse, pdu } from '../support/raw-dicom.ts'

const [associateAccept, associateReject, abort] = [2, 3, 7]
const anna = '999990019'
let demo: Demo
let a: NodeApi
beforeAll(async () => {
  demo = await startDemo()
  a = new NodeApi(demo.hospital(0))
})
afterAll(() => demo[Symbol.asyncDispose]())

const dicom = () => demo.hospital(0).dicom
const asModality = () => ({ ...dicom(), calledAe: dicom().aeTitle, callingAe: 'STORESCU' })

test.each(['999990018', '12345678', '99999001a', '', '0', '1234567890'])(
  'BSN %o is refused with 422',
  async (bsn) => {
    expect(await a.trySearch(bsn)).toMatchObject({ status: 422, body: { code: 'BSN_INVALID' } })
    const consent = await a.as('operator').ask('PUT', '/api/v1/consents', { bsn, decision: 'permit' })
    expect(consent).toMatchObject({ status: 422, body: { code: 'BSN_INVALID' } })
  },
)

test('a request that is no request gets a problem with a code, and its content does not come back', async () => {
  const bodies = [
    {},
    { bsn: 999990019 },
    { bsn: anna, purpose: {} },
    { bsn: anna, purpose: 'x', extra: anna },
  ]
  for (const body of bodies) {
    const answer = await a.as('radiologist').ask('POST', '/api/v1/patient-searches', body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION' } })
    expect(JSON.stringify(answer.body)).not.toContain(anna)
    expect(answer.headers['content-type']).toContain('application/problem+json')
  }
  const unknown = { searchId: 'nothing', studyInstanceUid: '1.2.3', holder: '90000002', destination: 'pacs' }
  expect(await a.as('radiologist').ask('POST', '/api/v1/retrievals', unknown)).toMatchObject({ status: 404 })
})

describe.skipIf(!dcmtkInstalled)(`with DCMTK${dcmtkMissing}`, () => {
  test('an unknown calling or called AE title is rejected, and told so', async () => {
    expect((await echoscu(dicom(), ['-aet', 'STORESCU'])).code).toBe(0)
    const stranger = await echoscu(dicom(), ['-aet', 'NOBODY'])
    expect(stranger.output).toMatch(/Calling AE Title Not Recognized/)
    const elsewhere = await echoscu({ ...dicom(), aeTitle: 'NOWHERE' }, ['-aet', 'STORESCU'])
    expect(elsewhere.output).toMatch(/Called AE Title Not Recognized/)
    const study = newStudy({ seed: 'stranger', instances: 1 })
    const sent = await storescu(
      dicom(),
      study.map(({ bytes }) => bytes),
      ['-aet', 'NOBODY'],
    )
    expect(sent.code).not.toBe(0)
    const uids = (await a.studies()).map(({ studyInstanceUid }) => studyInstanceUid)
    expect(uids).not.toContain(study[0]?.studyInstanceUid)
  })
})

test('a PDU that is too long is answered with A-ABORT, before and within an association', async () => {
  const tooLong = 0x7fff_ffff
  expect(await converse(dicom(), [pdu(1, Buffer.alloc(64), tooLong)])).toEqual([abort])
  const request = associateRequest(dicom().aeTitle, 'STORESCU')
  const types = await converse(dicom(), [request, pdu(4, Buffer.alloc(64), tooLong)])
  expect(types).toEqual([associateAccept, abort])
  expect(await converse(dicom(), [associateRequest(dicom().aeTitle, 'NOBODY')])).toEqual([associateReject])
})

test('HTTP, and noise, at the DICOM port end the connection and nothing else', async () => {
  await converse(dicom(), [Buffer.from('GET / HTTP/1.1\r\n\r\n')])
  await converse(dicom(), [Buffer.alloc(4096, 0xff)])
  expect(isAlive(demo.hospital(0).pid)).toBe(true)
})

test('what is no DICOM data set is refused with a status of failure, and leaves no study behind', async () => {
  const before = (await a.studies()).length
  const [template] = newStudy({ seed: 'template', instances: 1 })
  if (template === undefined) throw new Error('no sample')
  const garbage = {
    ...template,
    bytes: Buffer.from('Voorbeeld^Anna 999990019 is geen DICOM. '),
    dataSetOffset: 0,
  }
  const cut = { ...template, bytes: template.bytes.subarray(0, template.dataSetOffset + 3000) }
  const other = { ...template, sopInstanceUid: '1.2.3.4' }
  const outcomes = await storeInstances(asModality(), [garbage, cut, other])
  const [cannotUnderstand, mismatch] = [0xc000, 0xa900]
  expect(outcomes.map(({ status }) => status)).toEqual([cannotUnderstand, cannotUnderstand, mismatch])
  expect(await a.studies()).toHaveLength(before)
})

test('data sets made to hurt a reader are refused or kept, and the next modality is served', async () => {
  for (const { dataSet, transferSyntaxUid } of hostileDataSets()) {
    const bytes = dataSet.length % 2 === 0 ? dataSet : Buffer.concat([dataSet, Buffer.of(0)])
    const sopClassUid = '1.2.840.10008.5.1.4.1.1.2'
    const instance = { sopClassUid, sopInstanceUid: '1.2.3.4', transferSyntaxUid, bytes, dataSetOffset: 0 }
    await storeInstances(asModality(), [instance]).catch(() => [])
  }
  expect(isAlive(demo.hospital(0).pid)).toBe(true)
  const outcomes = await storeInstances(asModality(), newStudy({ seed: 'next', instances: 1 }))
  expect(outcomes).toEqual([{ status: 0 }])
})

test('a holder that is down is unreachable with what the index knows; the others answer', async () => {
  await demo.kill(2)
  const search = await a.search(anna)
  expect(search.status('90000002')).toBe('answered')
  expect(search.status('90000003')).toBe('unreachable')
  const rows = search.studies.filter(({ holder }) => holder === '90000003')
  expect(
    rows.map(({ detail, studyInstanceUid, description }) => [detail, studyInstanceUid, description]),
  ).toEqual([
    ['index', null, ''],
    ['index', null, ''],
  ])
  expect(rows.map(({ studyDate }) => studyDate)).toEqual(['2023-11-30', '2016-06-21'])
  expect(search.studies.filter(({ holder }) => holder === '90000002')).toHaveLength(2)
  await demo.restart(2)
})

test('no log has a name, a BSN or a patient number in it; no file of a node has one in clear', async () => {
  const { patients, hospitals } = demo.network
  const texts = [
    ...patients.flatMap(({ bsn, name }) => [bsn, ...name.split('^')]),
    'Proef^Petra',
    'P-next',
    'Onbekend^Spoed',
  ]
  expect(texts.length).toBeGreaterThan(10)
  expect(
    await filesWith(
      join(demo.dir, 'logs'),
      texts.filter((text) => text !== 'Voorbeeld'),
    ),
  ).toEqual([])
  for (const { dataDir } of hospitals)
    expect(
      await filesWith(
        dataDir,
        texts.filter((text) => text.length > 6 && text !== 'Voorbeeld'),
      ),
    ).toEqual([])
})
