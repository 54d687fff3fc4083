import { parseBsn } from '@twiin/patient-token'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, patient } from '../testing/test-hospital.ts'
import { TestHospital } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'

const bsn = parseBsn(patient.bsn)
const otherBsn = parseBsn('999991772')
const other = { ...patient, id: '99', bsn: otherBsn, name: 'Bakker^Piet' }
let network: TestNetwork
let a: TestHospital

beforeEach(async () => {
  network = await TestNetwork.open()
  a = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
})
afterEach(async () => {
  await a[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
})

const consent = (decision: 'permit' | 'deny', of = bsn) =>
  a.index.consents.record(of, { scope: { kind: 'all' }, decision, by: 'op' })
const status = async (of = bsn) => a.index.publication.statusOf(of)
const isState = (state: string, of = bsn) => eventually(async () => (await status(of)).state === state)
/** How many studies the index shows of a patient; undefined when it shows nothing. */
async function shown(of = bsn): Promise<number | undefined> {
  const [token] = await a.index.tokens.tokens([of], 'lookup')
  const { publishers } = await a.index.reader.find(token ?? new Uint8Array())
  return publishers[0]?.entry.studies.length
}

describe('a patient', () => {
  it('without recorded consent is not in the index, and the list says why', async () => {
    await a.receive()
    expect(await status()).toEqual({ state: 'unpublished', reason: 'CONSENT_MISSING' })
    expect(await shown()).toBeUndefined()
    expect(await a.audit('publish')).toEqual([])
  })

  it('is in the index once consent stands, whichever came first', async () => {
    await consent('permit')
    await a.receive()
    await eventually(async () => (await shown()) === 1)
    await a.receive({ seed: 'second', studyDate: '2025-01-01' })
    await eventually(async () => (await shown()) === 2)
    await a.receive({ patient: other, seed: 'third' })
    await consent('permit', otherBsn)
    await eventually(async () => (await shown(otherBsn)) === 1)
  })

  it('is out of it after withdrawal, also while the keepers are away, and stays out', async () => {
    await a.receive()
    await consent('permit')
    await isState('published')
    network.keeper.isUp = false
    await consent('deny')
    await eventually(async () => (await shown()) === undefined)
    expect(await status()).toEqual({ state: 'unpublished', reason: 'CONSENT_DENIED' })
    await a.restart()
    expect(await a.audit('withdraw')).toHaveLength(1)
    expect(await shown()).toBeUndefined()
  })

  it('who objects while the token is fetched is never shown', async () => {
    const { ownTokens } = a.index
    const put = ownTokens.put.bind(ownTokens)
    const fetched = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    ownTokens.put = async (...token) => {
      fetched.resolve()
      await release.promise
      await put(...token)
    }
    await consent('permit')
    await a.receive()
    await fetched.promise
    await consent('deny')
    release.resolve()
    // Comes after: once this one is shown, the first has been dealt with.
    await a.receive({ patient: other, seed: 'other' })
    await consent('permit', otherBsn)
    await isState('published', otherBsn)
    expect(await a.audit('publish')).toMatchObject([{ patient: { citizenNumber: otherBsn } }])
    expect(await shown()).toBeUndefined()
  })

  it('who is known here does not wait for the keepers, and does not wait behind who is not', async () => {
    await a.receive()
    await eventually(async () => (await a.index.ownTokens.get(1, bsn)) !== undefined)
    network.keeper.isUp = false
    await a.receive({ patient: other, seed: 'unknown' })
    await consent('permit', otherBsn)
    await consent('permit')
    await isState('published')
    expect(await status(otherBsn)).toEqual({ state: 'pending' })
    network.keeper.isUp = true
    // Does not sit out the pause between two tries.
    a.index.publication.lookAtEverything()
    await isState('published', otherBsn)
  })

  it.each([
    ['whose BSN fails the eleven test', '999990018'],
    ['without BSN', ''],
  ])('%s is never asked for at the keepers', async (_what, number) => {
    await a.receive({ patient: { ...patient, bsn: number } })
    await consent('permit')
    await a.receive({ patient: other, seed: 'other' })
    await eventually(async () => (await a.index.ownTokens.get(1, otherBsn)) !== undefined)
    expect(await a.index.ownTokens.get(1, bsn)).toBeUndefined()
    expect(await a.audit('publish')).toEqual([])
  })

  it('leaves the index when it is in doubt whose the studies are, also when that came up right before a crash', async () => {
    await a.receive({ seed: 's' })
    await consent('permit')
    await isState('published')
    await a.index.publication.stop()
    await a.receive({ seed: 't', patient: { ...other, id: patient.id } })
    await a.restart()
    await eventually(async () => (await shown()) === undefined)
  })
})

describe('a patient whose BSN stands under two local numbers', () => {
  const birth = (birthDate: string) => ({ seed: 'second', patient: { ...patient, id: '99', birthDate } })

  it('with different birth dates leaves the index, and the list says why', async () => {
    await a.receive()
    await consent('permit')
    await isState('published')
    await a.receive(birth('1999-09-09'))
    await eventually(async () => (await shown()) === undefined)
    expect(await status()).toEqual({ state: 'unpublished', reason: 'IDENTITY_CONFLICT' })
    expect(await a.audit('withdraw')).toHaveLength(1)
  })

  it('with the same birth date is one patient, in the index with all studies', async () => {
    await a.receive()
    await a.receive(birth(patient.birthDate))
    await consent('permit')
    await eventually(async () => (await shown()) === 2)
  })
})

describe('a crash', () => {
  it('between asking the index and remembering it forgets no withdrawal', async () => {
    const { account } = a.ground
    const record = account.record.bind(account)
    account.record = (line) => (line.event === 'publish' ? Promise.reject(new Error('power')) : record(line))
    await a.receive()
    await consent('permit')
    await eventually(async () => (await shown()) === 1)
    await a.index.publication.stop()
    await consent('deny')
    await a.restart()
    await eventually(async () => (await shown()) === undefined)
    expect(await a.audit('withdraw')).toHaveLength(1)
  })

  it('before publishing is made good at the next start', async () => {
    network.keeper.isUp = false
    await a.receive()
    await consent('permit')
    await a.restart()
    network.keeper.isUp = true
    a.index.publication.lookAtEverything()
    await isState('published')
    expect(await a.audit('publish')).toHaveLength(1)
  })
})

describe('a new epoch', () => {
  it('moves every patient to the new location', async () => {
    await a.receive()
    await consent('permit')
    await isState('published')
    network.epoch = 2
    await network.publish()
    await eventually(async () => (await a.index.ownTokens.get(2, bsn)) !== undefined)
    await eventually(async () => (await shown()) === 1)
  })
})
