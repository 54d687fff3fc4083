/** J2: a study is sent to another hospital: by storing it to an AE title that stands for it, or by somebody logged in. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { dcmtkInstalled, dcmtkMissing, storescu } from '../support/dcmtk.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { expectDelivered } from '../support/expect-delivered.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { readPacs } from '../support/pacs-dir.ts'

let demo: Demo
let [a, c] = [] as unknown as [NodeApi, NodeApi]
beforeAll(async () => {
  demo = await startDemo({ empty: true })
  ;[a, c] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(2))]
})
afterAll(() => demo[Symbol.asyncDispose]())

/** The send of a study from A, once it is over. */
async function sendOf(studyInstanceUid: string) {
  const { id } = await until(
    async () =>
      (await a.transfers()).find(
        ({ kind, studyInstanceUids }) => kind === 'send' && studyInstanceUids.includes(studyInstanceUid),
      ),
    { timeoutMs: 10_000, what: 'the send stands at A' },
  )
  return a.sent(id)
}

describe.skipIf(!dcmtkInstalled)(`with storescu${dcmtkMissing}`, () => {
  test('stored to the AE title that stands for C, a study is in the PACS of C, with a signed receipt at A', async () => {
    const instances = newStudy({ seed: 'routed', instances: 8 })
    const { dicom } = demo.hospital(0)
    const aeTitle = dicom.sendTo[demo.hospital(2).ura] ?? ''
    const sent = await storescu(
      { ...dicom, aeTitle },
      instances.map(({ bytes }) => bytes),
    )
    expect(sent.code, sent.output).toBe(0)

    const send = await sendOf(studyUidOf(instances))
    expect(send).toMatchObject({ state: 'delivered', instances: { done: 8, total: 8 } })
    expect(send.receipt).toMatchObject({
      state: 'delivered',
      instances: 8,
      recipient: demo.hospital(2).node.peerId,
    })
    expect(Buffer.from(send.receipt?.signed ?? '', 'base64').length).toBeGreaterThan(100)
    const filed = await expectDelivered(demo.hospital(2).pacs.dir, instances)
    expect(filed.patientId).toBe('90000001.P-routed')
  })
})

test('somebody logged in sends two studies; they need neither BSN nor consent, and are found by nobody', async () => {
  const bsn = unusedBsns[0]
  const studies = [newStudy({ seed: 'one' }), newStudy({ seed: 'two', bsn, kind: 'CR' })]
  const { dicom } = demo.hospital(0)
  for (const study of studies)
    await storeInstances({ ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }, study)
  const id = await a.send({
    studyInstanceUids: studies.map(studyUidOf),
    recipient: { ura: demo.hospital(2).ura },
    reason: 'verwijzing',
  })
  expect(await a.sent(id)).toMatchObject({ state: 'delivered', receipt: { state: 'delivered' } })
  for (const study of studies) await expectDelivered(demo.hospital(2).pacs.dir, study)
  expect((await c.search(bsn)).studies.filter(({ local }) => !local)).toEqual([])
})

test('what cannot be sent is refused at once, with a code', async () => {
  const send = (body: object) => a.as('operator').ask('POST', '/api/v1/sends', body)
  const known = { studyInstanceUids: [studyUidOf(newStudy({ seed: 'one' }))], reason: 'test' }
  const nowhere = await send({ ...known, recipient: { ura: '99999999' } })
  expect(nowhere).toMatchObject({ status: 422, body: { code: 'RECIPIENT_UNKNOWN' } })
  const nothing = { studyInstanceUids: ['1.2.3'], reason: 'test', recipient: { ura: demo.hospital(2).ura } }
  expect(await send(nothing)).toMatchObject({ status: 422, body: { code: 'STUDY_UNKNOWN' } })
})

test('a recipient that is down gets it when it is back', async () => {
  await demo.kill(2)
  const instances = newStudy({ seed: 'later' })
  const { dicom } = demo.hospital(0)
  const calledAe = dicom.sendTo[demo.hospital(2).ura] ?? ''
  const outcomes = await storeInstances({ ...dicom, calledAe, callingAe: 'STORESCU' }, instances)
  expect(outcomes.map(({ status }) => status)).toEqual(instances.map(() => 0))
  expect((await readPacs(demo.hospital(2).pacs.dir)).has(instances[0]?.sopInstanceUid ?? '')).toBe(false)
  await demo.restart(2)
  expect(await sendOf(studyUidOf(instances))).toMatchObject({ state: 'delivered' })
  await expectDelivered(demo.hospital(2).pacs.dir, instances)
})

test('sender and recipient have it on record', async () => {
  const uid = studyUidOf(newStudy({ seed: 'routed' }))
  const events = async (at: NodeApi) =>
    (await at.audit()).events
      .filter(({ objects }) => objects?.studyInstanceUids?.includes(uid))
      .map(({ event }) => event)
  expect(await events(a)).toEqual(expect.arrayContaining(['study-stored', 'send', 'study-served', 'receipt']))
  expect(await events(c)).toEqual(expect.arrayContaining(['send-received', 'study-received', 'study-filed']))
})
