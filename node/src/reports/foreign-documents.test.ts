import { authorRejectionNote } from '@twiin/dicom'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { oruMessage } from '../testing/oru.ts'
import { TestHospital, eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'

const uras = { a: '90000001', b: '90000002', c: '90000003' }
let net: Awaited<ReturnType<typeof twoHospitals>>
let c: TestHospital
beforeEach(async () => {
  net = await twoHospitals()
  c = await TestHospital.open({ ura: uras.c, name: 'C' }, net.network)
})
afterEach(async () => {
  await c[Symbol.asyncDispose]()
  await net[Symbol.asyncDispose]()
})

/** The same study at whoever stores it, as far as its UIDs tell. */
const study = { accessionNumber: 'ACC1', seed: 'one' }

async function send(from: TestHospital, uid: string, ura: string) {
  const { sends, book } = from.exchange
  const order = { studyInstanceUids: [uid], recipient: { ura }, reason: 'verwezen' }
  const id = await sends.request(order, radiologist)
  return { delivered: () => eventually(async () => (await book.get(id))?.state === 'delivered') }
}

const sentOn = async () => (await net.a.transfers()).filter(({ kind }) => kind === 'send').length

/** B's own note on these instances, and B's word to A that it stands in this study. */
async function takeBack(at: TestHospital, rejected: readonly { sopInstanceUid: string }[], uid: string) {
  const note = authorRejectionNote({
    patient: { ...patient, issuer: '', citizenNumber: patient.bsn },
    study: { studyInstanceUid: uid, date: '2026-01-05', time: '', description: '', accessionNumber: 'ACC1' },
    ...{ seriesInstanceUid: '2.25.77', seriesNumber: 9, sopInstanceUid: '2.25.78', instanceNumber: 1 },
    ...{ institution: 'B', contentDate: '20260106', contentTime: '120000', title: 'quality' },
    ...{ reason: 'bewogen', rejected: rejected as never },
  })
  await at.receive(
    { ...study, instances: 1 },
    { change: (sample) => ({ ...sample, ...note, bytes: note.file }) },
  )
  const id = '00'.repeat(15) + '01'
  const only = { owner: 'local', sopInstanceUids: [note.sopInstanceUid] }
  await at.exchange.sends.follow({
    ...{ id, ura: uras.a, studyInstanceUid: uid, only, kind: 'recall', reason: 'x' },
  })
  await eventually(async () =>
    (await net.a.transfers()).some((one) => one.kind === 'arrival' && one.follows === 'recall'),
  )
  await eventually(
    async () =>
      (await net.a.ground.studies.instanceByUid('2.25.78', uras.b, { rejected: true })) !== undefined,
  )
  await eventually(async () =>
    ['delivered', 'failed'].includes((await at.exchange.book.get(id))?.state ?? ''),
  )
}

describe('a document of another hospital in a study that has the UID of ours', () => {
  it('takes nothing back at whom we gave our own', async () => {
    const { studyInstanceUid, instances } = await net.a.receive(study)
    await (await send(net.a, studyInstanceUid, uras.c)).delivered()
    await net.b.receive({ ...study, instances: 1 })
    const noted = vi.spyOn(net.a.exchange.reports.followUps, 'note')
    await takeBack(net.b, instances, studyInstanceUid)
    expect(noted).not.toHaveBeenCalled()
    expect(await sentOn()).toBe(1)
    expect(await c.ground.studies.studyByUid(studyInstanceUid, uras.a)).toMatchObject({ instances: 3 })
  })

  it('is no report of ours to whom we gave our own', async () => {
    const { studyInstanceUid } = await net.a.receive(study)
    await (await send(net.a, studyInstanceUid, uras.c)).delivered()
    await net.b.receive(study)
    const noted = vi.spyOn(net.a.exchange.reports.followUps, 'note')
    await net.b.exchange.reports.incoming.handle(oruMessage({ text: ['verzonnen'] }), { id: '1', at: 0 })
    await send(net.b, studyInstanceUid, uras.a)
    // Its images contradict ours: the arrival fails, after its documents were looked at.
    await eventually(async () =>
      (await net.a.transfers()).some(
        ({ kind, state }) => kind === 'arrival' && state !== 'queued' && state !== 'running',
      ),
    )
    expect(noted).not.toHaveBeenCalled()
    expect(await sentOn()).toBe(1)
  })

  it('reaches whom we gave the copy of that hospital', async () => {
    const { studyInstanceUid, instances } = await net.b.receive(study)
    await (await send(net.b, studyInstanceUid, uras.a)).delivered()
    await (await send(net.a, studyInstanceUid, uras.c)).delivered()
    await takeBack(net.b, instances, studyInstanceUid)
    await eventually(async () => (await sentOn()) === 2)
    await eventually(async () => (await c.ground.studies.studyByUid(studyInstanceUid, uras.a)) === undefined)
  })
})
