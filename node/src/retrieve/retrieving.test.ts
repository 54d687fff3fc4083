import { describe, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { TestHospital, eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'

const bsn = patient.bsn as never
const consent = (hospital: TestHospital, decision: 'permit' | 'deny') =>
  hospital.index.consents.record(bsn, { scope: { kind: 'all' }, decision, by: 'op' })

/** B's radiologist finds A's study and orders it. */
async function order(
  from: TestHospital,
  to: TestHospital,
  destination: 'pacs' | 'viewer' = 'pacs',
  study = {},
) {
  const { instances, studyInstanceUid } = await from.receive(study)
  await consent(from, 'permit')
  await eventually(async () => (await from.audit('publish')).length > 0)
  await eventually(() => from.index.publisher.status().pending === 0)
  const { searches, retrievals } = to.exchange
  const purpose = { basis: 'treatment', reason: 'polikliniek' } as const
  const searchId = await searches.begin({ bsn: patient.bsn, purpose }, radiologist)
  await eventually(() => isComplete(searches.find(searchId, radiologist) as never))
  const id = await retrievals.request(
    { searchId, studyInstanceUid, holder: '90000001', destination },
    radiologist,
  )
  return { id, instances, studyInstanceUid }
}
const ended = (hospital: TestHospital, id: string) =>
  eventually(async () => {
    const record = await hospital.exchange.book.get(id)
    return record !== undefined && !['queued', 'running'].includes(record.state) && record
  })

describe('a retrieval', () => {
  it('is delivered when every instance is in the PACS, and on record at both ends', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const { id, instances } = await order(a, b)
    expect(await ended(b, id)).toMatchObject({ state: 'delivered', instances: { done: 3, total: 3 } })
    expect(b.archive.stored.map(({ sopInstanceUid }) => sopInstanceUid).sort()).toEqual(
      instances.map(({ sopInstanceUid }) => sopInstanceUid).sort(),
    )
    for (const event of ['retrieve-requested', 'study-received'] as const)
      expect(await b.audit(event)).toMatchObject([{ requestId: id, patient: { citizenNumber: bsn } }])
    await eventually(async () => (await a.audit('study-served')).length === 1)
    expect(await a.audit('study-served')).toMatchObject([{ requestId: id, user: { id: radiologist.id } }])
  })

  it('that was only looked at leaves this hospital by no send and no disc, until it is in the PACS', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    await using c = await TestHospital.open({ ura: '90000003', name: 'C' }, network)
    const { id, studyInstanceUid } = await order(a, b, 'viewer')
    expect(await ended(b, id)).toMatchObject({ state: 'delivered' })
    const { sends, discs } = b.exchange
    const reason = 'verwijzing'
    const studyInstanceUids = [studyInstanceUid]
    const send = () =>
      sends.request({ studyInstanceUids, recipient: { ura: '90000003' }, reason }, radiologist)
    const disc = () =>
      discs.exports.write(
        { studyInstanceUids, recipient: 'X', reason, format: 'zip', language: 'nl' },
        radiologist,
      )
    await expect(sends.preview(studyInstanceUids)).rejects.toThrow('STUDY_UNKNOWN')
    await expect(send()).rejects.toThrow('STUDY_UNKNOWN')
    await expect(disc()).rejects.toThrow('STUDY_UNKNOWN')
    const [line] = await b.audit('search')
    const wanted = { searchId: line?.requestId ?? '', holder: '90000001', destination: 'pacs' as const }
    const again = await b.exchange.retrievals.request({ ...wanted, studyInstanceUid }, radiologist)
    expect(await ended(b, again)).toMatchObject({ state: 'delivered' })
    await (await disc()).return(undefined)
    await send()
    await c.transferIn('delivered')
    expect(c.archive.stored).toHaveLength(3)
  })

  it('goes on where the line broke', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    network.wire.faults.push({ cutAtFrame: 2 }, { cutAtFrame: 3 })
    const { id } = await order(a, b)
    expect(await ended(b, id)).toMatchObject({ state: 'delivered' })
    expect(b.archive.stored).toHaveLength(3)
  })

  it('survives a restart in the middle', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    network.wire.faults.push(...Array.from({ length: 3 }, () => ({ cutAtFrame: 2 })))
    const { id } = await order(a, b)
    await b.restart()
    expect(await ended(b, id)).toMatchObject({ state: 'delivered' })
    expect(b.archive.offered).toHaveLength(3)
  })

  it('whose study is here needs neither the holder nor a fresh authorisation any more', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    b.archive.judge = () => 0xa700
    const { id } = await order(a, b)
    await eventually(async () => (await b.exchange.book.get(id))?.reason === 'PACS_BUSY')
    a.online = false
    await b.stop()
    network.clock.moveOn(30 * 3_600_000)
    b.archive.judge = () => 0
    await b.start()
    expect(await ended(b, id)).toMatchObject({ state: 'delivered' })
    expect(await b.audit('study-received')).toHaveLength(1)
  })

  it('whose authorisation ran out before the study was here fails', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    network.wire.faults.push(...Array.from({ length: 1000 }, () => ({ cutAtFrame: 0 })))
    const { id } = await order(a, b)
    await eventually(async () => ((await b.exchange.book.get(id))?.attempts ?? 0) > 1)
    network.clock.moveOn(25 * 3_600_000)
    await b.exchange.book.change(id, { state: 'queued', nextTryAt: 0 })
    expect(await ended(b, id)).toMatchObject({ state: 'failed', reason: 'JOB_EXPIRED' })
  })

  it('after consent ended is refused, whatever was found before, and that is on record at both ends', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    network.wire.faults.push(...Array.from({ length: 1000 }, () => ({ cutAtFrame: 0 })))
    const { id } = await order(a, b)
    await consent(a, 'deny')
    network.wire.faults.length = 0
    expect(await ended(b, id)).toMatchObject({ state: 'failed', reason: 'CONSENT_MISSING' })
    expect(b.archive.stored).toEqual([])
    expect((await a.audit('refused')).at(-1)).toMatchObject({ reason: 'CONSENT_DENIED', requestId: id })
    expect((await b.audit('study-received')).at(-1)).toMatchObject({
      outcome: 'refused',
      reason: 'CONSENT_MISSING',
    })
  })

  it('of a study that the search did not show is not taken', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const other = await a.receive({ seed: 'other', patient: { ...patient, bsn: '999991772', id: '1' } })
    const { id } = await order(a, b)
    const [line] = await b.audit('search')
    const wanted = { searchId: line?.requestId ?? '', holder: '90000001', destination: 'pacs' as const }
    const { retrievals } = b.exchange
    const { studyInstanceUid } = other
    await expect(retrievals.request({ ...wanted, studyInstanceUid }, radiologist)).rejects.toThrow(
      'STUDY_UNKNOWN',
    )
    const nobody = { ...radiologist, id: 'another' }
    await expect(retrievals.request({ ...wanted, studyInstanceUid }, nobody)).rejects.toThrow('NOT_FOUND')
    await ended(b, id)
  })

  it.each(['pacs', 'viewer'] as const)(
    'to the %s of a study that states two BSNs is not shown as this patient’s',
    async (destination) => {
      await using net = await twoHospitals()
      const { a, b, network } = net
      // Held back until the study that was found has got instances of somebody else.
      network.wire.faults.push(...Array.from({ length: 1000 }, () => ({ cutAtFrame: 0 })))
      const { id, studyInstanceUid } = await order(a, b, destination, { seed: 's' })
      const handle = (await a.ground.studies.studyByUid(studyInstanceUid))?.handle ?? ''
      const somebody = { ...patient, bsn: '999991772', birthDate: '1999-09-09' }
      await a.receive({ seed: 's', kind: 'MR', instances: 1, studyInstanceUid, patient: somebody })
      expect((await a.ground.studies.studyByHandle(handle))?.identityConflict).toBe(true)
      network.wire.faults.length = 0
      // The holder itself does not give it out any more.
      expect(await ended(b, id)).toMatchObject({ state: 'failed' })
      expect(b.archive.stored).toEqual([])
    },
  )
})
