import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, patient, twoHospitals } from '../testing/test-hospital.ts'

let net: Awaited<ReturnType<typeof twoHospitals>>
beforeEach(async () => {
  net = await twoHospitals()
})
afterEach(() => net[Symbol.asyncDispose]())

describe('an instance', () => {
  it('answered with Success is there, byte for byte, and the association is on record', async () => {
    const { a } = net
    const { instances, statuses, studyInstanceUid } = await a.receive()
    expect(statuses).toEqual([0, 0, 0])
    await a.restart()
    for (const { sopInstanceUid, bytes, dataSetOffset } of instances) {
      const record = await a.ground.studies.instanceByUid(sopInstanceUid)
      const kept: Buffer[] = []
      if (record !== undefined)
        for await (const chunk of a.ground.studies.readDataSet(record)) kept.push(chunk)
      expect(Buffer.concat(kept).equals(bytes.subarray(dataSetOffset))).toBe(true)
    }
    expect(await a.audit('study-stored')).toMatchObject([
      { objects: { studyInstanceUids: [studyInstanceUid], count: 3 } },
    ])
  })

  it('that is another one than its command says is refused as a mismatch', async () => {
    const { a } = net
    const { statuses } = await a.receive(
      { instances: 1 },
      { change: (each) => ({ ...each, sopInstanceUid: '1.2.3' }) },
    )
    expect(statuses).toEqual([0xa900])
    expect(await a.ground.studies.instanceByUid('1.2.3')).toBeUndefined()
  })

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 3)],
    ['no DICOM', (bytes: Buffer) => Buffer.alloc(bytes.length, 7)],
    ['empty', (bytes: Buffer) => bytes.subarray(0, 0)],
  ])('that is %s is refused, nothing is kept, and the next one is taken', async (_what, spoil) => {
    const { a } = net
    const { statuses } = await a.receive(
      { instances: 2 },
      {
        change: (each) => {
          if (!each.fileName.includes('1')) return each
          const dataSet = spoil(each.bytes.subarray(each.dataSetOffset))
          return { ...each, bytes: Buffer.concat([each.bytes.subarray(0, each.dataSetOffset), dataSet]) }
        },
      },
    )
    expect(statuses.filter((status) => status !== 0).every((status) => status === 0xc000)).toBe(true)
    expect((await a.receive({ seed: 'next' })).statuses).toEqual([0, 0, 0])
  })

  it('whose identifier is here with other content is kept aside and answered so', async () => {
    const { a } = net
    const { instances } = await a.receive({ instances: 1, seed: 's' })
    const [first] = instances
    const again = await a.receive({ instances: 1, seed: 's', description: 'CT anders' })
    expect(again.statuses).toEqual([0x0111])
    await a.receive({ instances: 1, seed: 's', description: 'CT anders' })
    expect(await a.exchange.worklist.list(9)).toMatchObject([
      { kind: 'INSTANCE_CONFLICT', state: 'notice', differences: [], incoming: { name: patient.name } },
    ])
    await eventually(async () => (await a.audit('study-stored')).length === 3)
    expect((await a.audit('study-stored')).filter(({ outcome }) => outcome === 'refused')).toMatchObject([
      { reason: 'INSTANCE_CONFLICT', objects: { count: 1 } },
      { reason: 'INSTANCE_CONFLICT', objects: { count: 1 } },
    ])
    expect((await a.receive({ instances: 1, seed: 's' })).statuses).toEqual([0])
    expect((await a.ground.studies.instanceByUid(first?.sopInstanceUid ?? ''))?.size).toBe(
      (first?.bytes.length ?? 0) - (first?.dataSetOffset ?? 0),
    )
  })

  it('with a number that looks like a BSN but is too short is stored all the same', async () => {
    const { a } = net
    // 001000007 would pass the eleven test.
    const { statuses, studyInstanceUid } = await a.receive({
      patient: { ...patient, bsn: '1000007' },
      instances: 1,
    })
    expect(statuses).toEqual([0])
    expect((await a.ground.studies.studyByUid(studyInstanceUid))?.patient.citizenNumbers).toEqual(['1000007'])
  })
})

describe('an instance for another hospital', () => {
  it('is on its way as soon as it was answered with Success, whatever becomes of the association', async () => {
    const { a, b } = net
    // The process ends before the association does.
    a.exchange.routes.ended = async () => {}
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    expect(await a.transfers()).toEqual([])
    await a.restart()
    await a.transferIn('delivered')
    expect(b.archive.stored).toHaveLength(3)
  })

  it('is sent once, however often its association is handed over', async () => {
    const { a } = net
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    const send = await a.transferIn('delivered')
    await a.exchange.sends.route({
      associationId: send.id,
      destination: { aeTitle: 'ELSEWHERE', ura: '90000002', urgency: 'routine' },
      callingAe: 'CT1',
      studyInstanceUids: send.kind === 'send' ? send.studyInstanceUids : [],
    })
    expect(await a.transfers()).toHaveLength(1)
  })
})

describe('a stranger', () => {
  it('on the port that says no DICOM is let go, and the others are served', async () => {
    const { a } = net
    const { port } = a.exchange.dimse.address()
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).resume()
    socket.end('GET / HTTP/1.1\r\n\r\n'.repeat(100))
    await eventually(() => socket.destroyed)
    expect((await a.receive()).statuses).toEqual([0, 0, 0])
  })

  it('with an AE title that nobody gave is not let in', async () => {
    const { a } = net
    await expect(a.receive({}, { calledAe: 'UNKNOWN' })).rejects.toThrow('ASSOCIATION_REJECTED')
  })
})
