import { describe, expect, it } from 'vitest'
import { eventually, radiologist, twoHospitals } from '../testing/test-hospital.ts'

const order = { recipient: { ura: '90000002' }, reason: 'second opinion', startAfterSeconds: 10 }

describe('a send that may be undone', () => {
  it('leaves nothing at the recipient when it is undone in time, and cannot begin afterwards', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    const { studyInstanceUid } = await a.receive()
    const id = await a.exchange.sends.request(
      { ...order, studyInstanceUids: [studyInstanceUid] },
      radiologist,
    )
    await a.exchange.transferDesk.undo(id, radiologist)
    network.clock.moveOn(60_000)
    await a.restart()
    expect(await a.exchange.book.get(id)).toMatchObject({ state: 'cancelled', reason: 'UNDONE', attempts: 0 })
    expect(await b.transfers()).toEqual([])
    expect(await a.audit('send')).toMatchObject([
      { outcome: 'success', requestId: id },
      { outcome: 'failed', reason: 'UNDONE', requestId: id },
    ])
  })

  it('goes by itself after its time, also when the node was restarted meanwhile', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    const { studyInstanceUid } = await a.receive()
    const id = await a.exchange.sends.request(
      { ...order, studyInstanceUids: [studyInstanceUid] },
      radiologist,
    )
    expect(await b.transfers()).toEqual([])
    await a.restart()
    expect(await a.exchange.book.get(id)).toMatchObject({ state: 'queued', attempts: 0 })
    network.clock.moveOn(10_000)
    await a.restart()
    await eventually(async () => (await a.exchange.book.get(id))?.state === 'delivered')
    await expect(a.exchange.transferDesk.undo(id, radiologist)).rejects.toThrow('STATE_CONFLICT')
  })

  it('is undone by who sent it or an operator, by nobody else', async () => {
    await using net = await twoHospitals()
    const { a } = net
    const { studyInstanceUid } = await a.receive()
    const id = await a.exchange.sends.request(
      { ...order, studyInstanceUids: [studyInstanceUid] },
      radiologist,
    )
    const other = { ...radiologist, id: 'somebody else' }
    await expect(a.exchange.transferDesk.undo(id, other)).rejects.toThrow('ROLE_NOT_PERMITTED')
  })
})
