import type { InstanceRecord } from '@twiin/study-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
