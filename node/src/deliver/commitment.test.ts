import { openAssociation, storageCommitmentPush, transferSyntax } from '@twiin/dimse'
import { silentLogger } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { oruMessage } from '../testing/oru.ts'
import { eventually, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'

let net: Awaited<ReturnType<typeof twoHospitals>>
let a: TestHospital
let b: TestHospital
beforeEach(async () => {
  net = await twoHospitals({ commitment: true })
  ;({ a, b } = net)
})
afterEach(() => net[Symbol.asyncDispose]())
const uids = (of: readonly { sopInstanceUid: string }[]) =>
  of.map(({ sopInstanceUid }) => sopInstanceUid).sort()

describe('where the PACS has to commit itself', () => {
  it('a study counts as delivered when it did, for every instance, and the sender sees that hop', async () => {
    const { instances } = await a.receive({}, { calledAe: 'ELSEWHERE' })
    const send = await a.transferIn('delivered')
    expect(b.archive.commitmentsAsked.flat().sort()).toEqual(uids(instances))
    const arrival = await b.transferIn('delivered')
    expect(arrival.hops?.committed).toBeGreaterThanOrEqual(arrival.hops?.filed ?? Infinity)
    expect(send.kind).toBe('send')
  })

  it('what it lost is sent again, and only that', async () => {
    const { instances } = await a.receive()
    const lost = instances[1]?.sopInstanceUid ?? ''
    b.archive.loses.add(lost)
    await a.exchange.sends.request(
      {
        studyInstanceUids: [instances[0]?.studyInstanceUid ?? ''],
        recipient: { ura: '90000002' },
        reason: 'verwijzing',
      },
      { id: 'rad', name: 'R', role: 'radiologist' },
    )
    await a.transferIn('delivered')
    expect(b.archive.offered.sort()).toEqual([...uids(instances), lost].sort())
    expect(b.archive.commitmentsAsked.at(-1)).toEqual([lost])
  })

  it('without its answer nothing counts as delivered; once it answers, nothing is stored twice', async () => {
    b.archive.answersCommitment = false
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    const waiting = await b.transferIn('queued')
    expect(waiting.hops?.delivered).toBeUndefined()
    b.archive.answersCommitment = true
    await a.transferIn('delivered')
    expect(b.archive.offered).toHaveLength(3)
  })

  it('what its result does not name is not delivered, also when that names nothing', async () => {
    const { instances } = await a.receive()
    const all = uids(instances)
    for (const uid of all) b.archive.leavesOut.add(uid)
    const pending = () =>
      eventually(async () => (await b.transfers()).find(({ reason }) => reason === 'COMMITMENT_PENDING'))
    await a.exchange.sends.request(
      {
        studyInstanceUids: [instances[0]?.studyInstanceUid ?? ''],
        recipient: { ura: '90000002' },
        reason: 'verwijzing',
      },
      { id: 'rad', name: 'R', role: 'radiologist' },
    )
    expect((await pending()).hops?.delivered).toBeUndefined()
    for (const uid of all.slice(1)) b.archive.leavesOut.delete(uid)
    // All but one, in the end.
    await eventually(() => b.archive.commitmentsAsked.at(-1)?.join() === all[0])
    expect((await pending()).hops?.delivered).toBeUndefined()
    b.archive.leavesOut.clear()
    await a.transferIn('delivered')
    expect(b.archive.offered.sort()).toEqual(all)
  })

  it('a result from any other system is refused', async () => {
    const { port } = a.exchange.dimse.address()
    const contexts = [
      {
        abstractSyntax: storageCommitmentPush,
        transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
        role: 'scp' as const,
      },
    ]
    const said = async (callingAe: string) => {
      await using association = await openAssociation(
        { host: '127.0.0.1', port, callingAe, calledAe: 'TWIIN', contexts },
        { log: silentLogger },
      )
      const committed = [{ sopClassUid: '1.2', sopInstanceUid: '1.3' }]
      return (await association.reportCommitment({ transactionUid: '1.4', committed, failed: [] })).status
    }
    expect([await said('CT1'), await said('PACS')]).toEqual([0x0124, 0])
  })

  it('is asked for the forms of a report that it was given', async () => {
    b.structuredReport = 'pdf-only'
    await b.restart()
    const { studyInstanceUid } = await a.receive({ accessionNumber: 'ACC1' })
    await a.exchange.reports.incoming.handle(oruMessage({ text: ['schoon'] }), { id: '00000001', at: 0 })
    await a.exchange.sends.request(
      { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'verwijzing' },
      { id: 'rad', name: 'R', role: 'radiologist' },
    )
    const send = await a.transferIn('delivered')
    expect(send.instances.total).toBe(4)
    expect(b.archive.commitmentsAsked.map((asked) => asked.sort())).toEqual([b.archive.offered.sort()])
  })

  it('an instance in doubt after a crash is asked for, and not sent again', async () => {
    const { instances } = await a.receive()
    const { delivery } = a.exchange
    const records: InstanceRecord[] = []
    for (const { sopInstanceUid } of instances) {
      const record = await a.ground.studies.instanceByUid(sopInstanceUid)
      if (record !== undefined) records.push(record)
    }
    const work = { transferId: '0a', instances: records, overlay: undefined, onDelivered: () => {} }
    const ours = new AbortController()
    a.archive.judge = (uid) => {
      if (uid === records[1]?.sopInstanceUid) ours.abort(new Error('killed'))
      return 0
    }
    await expect(delivery.deliver(work, ours.signal)).rejects.toThrow()
    await eventually(() => a.archive.stored.length === 2)
    a.archive.judge = () => 0
    await delivery.deliver(work, new AbortController().signal)
    expect(a.archive.offered).toEqual(records.map(({ sopInstanceUid }) => sopInstanceUid))
  })
})
