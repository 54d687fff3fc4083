import { protocolIds } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import { TestPackages, digestsOf, orderOf, picturesIn } from '../testing/test-packages.ts'

const bsn = patient.bsn as never
type Net = Awaited<ReturnType<typeof twoHospitals>>
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const consent = ({ a }: Net, decision: 'permit' | 'deny') =>
  a.index.consents.record(bsn, { scope: { kind: 'all' }, decision, by: 'op' })

/** A made a study, and B's radiologist found it. */
async function found(options: Parameters<typeof twoHospitals>[0] = {}) {
  const net = await twoHospitals(options)
  closing.push(() => net[Symbol.asyncDispose]())
  const { a, b } = net
  const study = await a.receive()
  await consent(net, 'permit')
  await eventually(async () => (await a.audit('publish')).length > 0)
  await eventually(() => a.index.publisher.status().pending === 0)
  const { searches } = b.exchange
  const purpose = { basis: 'treatment', reason: 'polikliniek' } as const
  const searchId = await searches.begin({ bsn: patient.bsn, purpose }, radiologist)
  await eventually(() => isComplete(searches.find(searchId, radiologist) as never))
  const packages = await TestPackages.of(b)
  closing.push(() => packages[Symbol.asyncDispose]())
  return { ...{ net, a, b, study, packages }, order: orderOf([study.studyInstanceUid], { searchId }) }
}

describe('a study of another hospital', () => {
  it('is brought to be shared, and is in the package as its holder has it', async () => {
    const { a, b, study, packages, order } = await found()
    const chosen = await packages.packages.choose(order, radiologist)
    expect(chosen).toMatchObject({ bsn: patient.bsn, name: 'Anna Jansen' })
    expect(chosen.studies).toMatchObject([{ hospital: 'A', holder: '90000001', local: false, instances: 3 }])
    expect(await b.transfers()).toEqual([])
    const { manifest, onDisc } = await packages.make(order)
    expect((await onDisc()).digests).toEqual(digestsOf(study.instances))
    expect(picturesIn(manifest)).toHaveLength(3)
    expect(manifest).toMatchObject({ hospital: 'B', studies: [{ hospital: 'A' }] })
    expect(await b.transfers()).toMatchObject([{ use: 'share', destination: 'viewer', state: 'delivered' }])
    expect(await a.audit('study-released')).toMatchObject([{ protocol: 'spec 25 §7: for sharing' }])
  })

  it('goes together with a study made here, of the same person only', async () => {
    const { b, order, packages } = await found()
    const own = await b.receive({ seed: 'own', patient: { ...patient, id: 'B-1' } })
    const studies = [...order.studies, { studyInstanceUid: own.studyInstanceUid }]
    const { manifest } = await packages.make({ ...order, studies })
    expect(manifest.studies.map(({ hospital }) => hospital)).toEqual(['A', 'B'])
    const other = await b.receive({ seed: 'x', patient: { ...patient, id: 'B-2', bsn: '999991772' } })
    const mixed = [...order.studies, { studyInstanceUid: other.studyInstanceUid }]
    await expect(packages.make({ ...order, studies: mixed })).rejects.toThrow('IDENTITY_MISMATCH')
  })

  it.each([
    [
      'the holder lets nobody hand on',
      { ofA: { onwardSharing: 'refuse' as const } },
      undefined,
      'SHARING_NOT_PERMITTED',
    ],
    ['consent was withdrawn since', {}, (net: Net) => consent(net, 'deny'), 'CONSENT_MISSING'],
    [
      'the holder cannot be told what for',
      {},
      async ({ a, network }: Net) => network.wire.host(a.key.peerId).unlearn(protocolIds.transferToShare),
      'SHARING_NOT_SUPPORTED',
    ],
  ])('is not shared when %s, and nothing is left', async (_what, options, change, reason) => {
    const { net, order, packages } = await found(options)
    await change?.(net)
    await expect(packages.make(order)).rejects.toThrow(reason)
    expect(await packages.left()).toEqual([])
  })

  it('of which only this person fetched a copy to look at is asked for anew', async () => {
    const { net, b, order, packages } = await found()
    const { searchId = '', studies } = order
    const [{ studyInstanceUid } = { studyInstanceUid: '' }] = studies
    const look = { searchId, studyInstanceUid, holder: '90000001', destination: 'viewer' as const }
    const id = await b.exchange.retrievals.request(look, radiologist)
    await eventually(async () => (await b.exchange.book.get(id))?.state === 'delivered')
    await consent(net, 'deny')
    await expect(packages.make(order)).rejects.toThrow('CONSENT_MISSING')
  })

  it('that is given up on its way is not brought any more', async () => {
    const { a, b, order, packages } = await found()
    a.online = false
    const stop = new AbortController()
    const making = packages.make(order, { signal: stop.signal })
    await eventually(async () => (await b.transfers()).length === 1)
    stop.abort(new TwiinError('SHARE_OVER'))
    await expect(making).rejects.toThrow('SHARE_OVER')
    expect(await b.transfers()).toMatchObject([{ state: 'cancelled', reason: 'CANCELLED' }])
    expect(await packages.left()).toEqual([])
  })

  it('is nobody else’s to share who did not find it', async () => {
    const { order, packages } = await found()
    const other = { ...radiologist, id: 'another' }
    await expect(packages.make(order, { person: other })).rejects.toThrow('STUDY_UNKNOWN')
  })
})
