import { protocolIds } from '@twiin/protocol'
import { describe, expect, it } from 'vitest'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'

describe('a send', () => {
  it('to an AE title that stands for another hospital is in its PACS by itself, and ends with a receipt', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const { instances } = await a.receive({}, { calledAe: 'ELSEWHERE' })
    const send = await a.transferIn('delivered')
    expect(b.archive.stored.map(({ sopInstanceUid }) => sopInstanceUid).sort()).toEqual(
      instances.map(({ sopInstanceUid }) => sopInstanceUid).sort(),
    )
    expect(send).toMatchObject({ kind: 'send', instances: { done: 3, total: 3 } })
    expect(send).toHaveProperty('receipt')
    for (const event of ['send', 'receipt'] as const)
      expect(await a.audit(event)).toMatchObject([{ peer: { ura: '90000002' }, requestId: send.id }])
    expect(await b.audit('study-received')).toMatchObject([
      { patient: { citizenNumber: patient.bsn }, peer: { ura: '90000001' }, requestId: send.id },
    ])
  })

  it('waits for a recipient that is away, and arrives when it is back', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    b.online = false
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    await eventually(async () => (await a.transfers()).find(({ attempts }) => attempts > 1))
    b.online = true
    await a.transferIn('delivered')
    expect(b.archive.stored).toHaveLength(3)
  })

  it('survives a restart of either side, and each instance is in the PACS once', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    b.online = false
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    await a.restart()
    b.archive.judge = () => 0xa700
    b.online = true
    await eventually(async () => (await b.transfers()).find(({ reason }) => reason === 'PACS_BUSY'))
    await b.restart()
    b.archive.judge = () => 0
    await a.transferIn('delivered')
    expect(b.archive.stored).toHaveLength(3)
  })

  it('routed to a hospital that is in no directory is kept for a person, not lost', async () => {
    await using net = await twoHospitals()
    const { a, network } = net
    await network.publish({ members: [] })
    expect((await a.receive({}, { calledAe: 'ELSEWHERE' })).statuses).toEqual([0, 0, 0])
    expect(await a.transferIn('failed')).toMatchObject({ reason: 'RECIPIENT_UNKNOWN' })
  })

  it('whose receipt was lost gets it again when it is offered again', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    const { id } = await a.transferIn('delivered')
    await eventually(() => b.exchange.book.active().length === 0)
    // As after a restore of a backup from before the receipt came in.
    await a.exchange.book.change(id, { state: 'queued', nextTryAt: 0 })
    await a.transferIn('delivered')
    expect(b.archive.stored).toHaveLength(3)
  })

  it('that the recipient’s PACS refuses for good is told to the sender', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    b.archive.judge = () => 0x0110
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    expect(await a.transferIn('held')).toMatchObject({ reason: 'PACS_REFUSED' })
    b.archive.judge = () => 0
    const { id } = await b.transferIn('failed')
    await b.exchange.book.change(id, { state: 'queued', nextTryAt: 0 })
    await a.transferIn('delivered')
  })

  it('is not kept back by a study of the same association that was never stored', async () => {
    await using net = await twoHospitals()
    const { a } = net
    const { studyInstanceUid } = await a.receive()
    await a.exchange.sends.route({
      associationId: 'a1b2',
      destination: { aeTitle: 'ELSEWHERE', ura: '90000002', urgency: 'routine' },
      callingAe: 'CT1',
      studyInstanceUids: ['1.2.3', studyInstanceUid],
    })
    expect(await a.transfers()).toMatchObject([{ studyInstanceUids: [studyInstanceUid] }])
  })
})

describe('an offer', () => {
  it('that comes twice is one arrival', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const { studyInstanceUid } = await a.receive()
    const order = {
      studyInstanceUids: [studyInstanceUid],
      recipient: { ura: '90000002' },
      reason: 'verwijzing',
    }
    await a.exchange.sends.request(order, radiologist)
    await a.transferIn('delivered')
    const arrival = await b.transferIn('delivered')
    if (arrival.kind !== 'arrival') throw new Error(arrival.kind)
    await b.exchange.arrivals.noteOffer(arrival.offer, a.key.peerId)
    expect(await b.transfers()).toHaveLength(1)
    expect(await b.audit('send-received')).toMatchObject([{ user: { id: radiologist.id } }])
  })

  it('of a member in testing is refused, waits at the sender, and arrives once that exchanges', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    const state = (peerId: string) => (peerId === a.key.peerId ? 'testing' : 'exchanging')
    await network.publish({
      members: network.members.map((member) => ({ ...member, state: state(member.peerId) })),
    })
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    await eventually(async () => (await a.transfers()).find(({ reason }) => reason === 'MEMBER_TESTING'))
    expect(await b.transfers()).toEqual([])
    await network.publish()
    await a.transferIn('delivered')
    expect(b.archive.stored).toHaveLength(3)
  })

  it('may be collected by nobody but its recipient, and no more once it was delivered', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    b.online = false
    const { studyInstanceUid } = await a.receive({}, { calledAe: 'ELSEWHERE' })
    const [send] = await eventually(async () =>
      (await a.transfers()).length > 0 ? a.transfers() : undefined,
    )
    const id = Buffer.from(send?.id ?? '', 'hex')
    const { sends } = a.exchange
    expect(await sends.isOffered(id, studyInstanceUid, b.key.peerId)).toBe(true)
    expect(await sends.isOffered(id, studyInstanceUid, network.keeper.peerId)).toBe(false)
    expect(await sends.isOffered(id, '1.2.3', b.key.peerId)).toBe(false)
    b.online = true
    await a.transferIn('delivered')
    expect(await sends.isOffered(id, studyInstanceUid, b.key.peerId)).toBe(false)
  })
})

describe('a receipt', () => {
  it('from somebody else than the recipient counts for nothing', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    const send = await a.transferIn('delivered')
    const signed = send.kind === 'send' ? (send.receipt ?? Buffer.of()) : Buffer.of()
    await expect(a.exchange.sends.noteReceipt(signed, network.keeper.peerId)).rejects.toThrow(
      'SIGNATURE_INVALID',
    )
    await expect(b.exchange.sends.noteReceipt(signed, b.key.peerId)).rejects.toThrow('PACKAGE_UNKNOWN')
  })

  it('is asked for over the send protocol only as long as it is due', async () => {
    await using net = await twoHospitals()
    const { a, b, network } = net
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    await a.transferIn('delivered')
    await eventually(() => b.exchange.book.active().length === 0)
    const told = network.wire.host(b.key.peerId).asked.filter(({ protocol }) => protocol === protocolIds.send)
    expect(told).toHaveLength(1)
  })
})
