import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { oruMessage } from '../testing/oru.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'

let net: Awaited<ReturnType<typeof twoHospitals>>
beforeEach(async () => {
  net = await twoHospitals()
})
afterEach(() => net[Symbol.asyncDispose]())

const colleague = { ...radiologist, id: 'rad2', name: 'C. Collega' }

/** A study of A with a report. */
async function reported(): Promise<string> {
  const { studyInstanceUid } = await net.a.receive({ accessionNumber: 'ACC1' })
  await net.a.exchange.reports.incoming.handle(oruMessage(), { id: '1', at: 0 })
  return studyInstanceUid
}

/** The report as it lies in B's copy, whoever may see it. */
async function reportAt(uid: string) {
  const { studies } = net.b.ground
  const copy = await studies.studyByUid(uid, '90000001')
  for await (const { isReport, sopInstanceUid } of studies.instances(copy?.handle ?? ''))
    if (isReport) return { studyInstanceUid: uid, sopInstanceUid, holder: '90000001' }
  throw new Error('no report')
}

describe('the report of a copy from elsewhere', () => {
  it('that waits for a person to say whose it is, is nobody’s to read', async () => {
    await net.b.receive({
      patient: { ...patient, name: 'Pietersen^Kees', birthDate: '1999-09-09' },
      seed: 'b',
    })
    const uid = await reported()
    const order = { studyInstanceUids: [uid], recipient: { ura: '90000002' }, reason: 'x' }
    await net.a.exchange.sends.request(order, radiologist)
    await net.b.transferIn('held')
    const { shown } = net.b.exchange.reports
    await expect(shown.of(uid, radiologist)).rejects.toThrow('NOT_FOUND')
    await expect(shown.pdf(await reportAt(uid), radiologist)).rejects.toThrow('NOT_FOUND')
    expect(await net.b.audit('study-viewed')).toEqual([])
  })

  it('that somebody fetched to look at is shown to who found it, and to nobody else', async () => {
    const uid = await reported()
    const { searches, retrievals, book, reports } = net.b.exchange
    await net.a.index.consents.record(patient.bsn as never, {
      ...{ scope: { kind: 'all' }, decision: 'permit', by: 'op' },
    })
    await eventually(async () => (await net.a.audit('publish')).length > 0)
    const purpose = { basis: 'treatment', reason: 'poli' } as const
    const searchId = await searches.begin({ bsn: patient.bsn, purpose }, radiologist)
    await eventually(() => isComplete(searches.find(searchId, radiologist) as never))
    const order = { searchId, studyInstanceUid: uid, holder: '90000001', destination: 'viewer' } as const
    const id = await retrievals.request(order, radiologist)
    await eventually(async () => (await book.get(id))?.state === 'delivered')
    expect(await reports.shown.of(uid, radiologist)).toMatchObject([{ holder: '90000001' }])
    await expect(reports.shown.of(uid, colleague)).rejects.toThrow('NOT_FOUND')
    await expect(reports.shown.pdf(await reportAt(uid), colleague)).rejects.toThrow('NOT_FOUND')
  })
})
