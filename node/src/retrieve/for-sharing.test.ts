import { protocolIds } from '@twiin/protocol'
import { describe, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'

const bsn = patient.bsn as never
type Net = Awaited<ReturnType<typeof twoHospitals>>

/** B's radiologist found the study that A made, and has it brought to be shared. */
async function order({ a, b }: Net) {
  const { studyInstanceUid } = await a.receive()
  await a.index.consents.record(bsn, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })
  await eventually(async () => (await a.audit('publish')).length > 0)
  await eventually(() => a.index.publisher.status().pending === 0)
  const { searches, retrievals } = b.exchange
  const purpose = { basis: 'treatment', reason: 'polikliniek' } as const
  const searchId = await searches.begin({ bsn: patient.bsn, purpose }, radiologist)
  await eventually(() => isComplete(searches.find(searchId, radiologist) as never))
  const wanted = { searchId, studyInstanceUid, holder: '90000001', destination: 'viewer' as const }
  return (use?: 'share') => retrievals.request({ ...wanted, ...(use && { use }) }, radiologist)
}
const ended = ({ b }: Net, id: string) =>
  eventually(async () => {
    const record = await b.exchange.book.get(id)
    return record !== undefined && !['queued', 'running'].includes(record.state) && record
  })

describe('a retrieval for sharing', () => {
  it('says so to the holder, over the protocol that can, and is on record as such at both ends', async () => {
    await using net = await twoHospitals()
    const id = await (await order(net))('share')
    expect(await ended(net, id)).toMatchObject({ state: 'delivered', use: 'share' })
    const { a, b, network } = net
    const opened = network.wire.host(b.key.peerId).asked.filter(({ protocol }) => /transfer/.test(protocol))
    expect(opened.map(({ protocol }) => protocol)).toEqual([protocolIds.transferToShare])
    const protocol = 'spec 25 §7: for sharing'
    await eventually(async () => (await a.audit('study-served')).length === 1)
    for (const event of ['study-released', 'study-served'] as const)
      expect(await a.audit(event)).toMatchObject([{ protocol, requestId: id }])
    for (const event of ['retrieve-requested', 'study-received'] as const)
      expect(await b.audit(event)).toMatchObject([{ protocol, requestId: id }])
  })

  it('fails where the holder lets nobody hand on what it made, and to look at it is another matter', async () => {
    await using net = await twoHospitals({ ofA: { onwardSharing: 'refuse' } })
    const ask = await order(net)
    const refused = { state: 'failed', reason: 'SHARING_NOT_PERMITTED' }
    expect(await ended(net, await ask('share'))).toMatchObject(refused)
    expect(await net.a.audit('refused')).toMatchObject([
      { reason: 'SHARING_NOT_PERMITTED', protocol: 'spec 25 §7: for sharing' },
    ])
    expect(await net.b.audit('study-received')).toMatchObject([
      { outcome: 'refused', ...{ reason: refused.reason } },
    ])
    expect(await ended(net, await ask())).toMatchObject({ state: 'delivered' })
    expect(await ended(net, await ask('share'))).toMatchObject(refused)
  })

  it('fails when consent was withdrawn, though the study is here to look at', async () => {
    await using net = await twoHospitals()
    const ask = await order(net)
    expect(await ended(net, await ask())).toMatchObject({ state: 'delivered' })
    await net.a.index.consents.record(bsn, { scope: { kind: 'all' }, decision: 'deny', by: 'op' })
    expect(await ended(net, await ask('share'))).toMatchObject({ state: 'failed', reason: 'CONSENT_MISSING' })
  })

  it('is not asked of a holder that cannot be told', async () => {
    await using net = await twoHospitals()
    const ask = await order(net)
    net.network.wire.host(net.a.key.peerId).unlearn(protocolIds.transferToShare)
    expect(await ended(net, await ask('share'))).toMatchObject({
      state: 'failed',
      reason: 'SHARING_NOT_SUPPORTED',
    })
    expect(await net.a.audit('study-released')).toEqual([])
    expect(await ended(net, await ask())).toMatchObject({ state: 'delivered' })
  })
})
