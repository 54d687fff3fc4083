import { TwiinError } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { twoHospitals } from '../testing/test-hospital.ts'

const never = new AbortController().signal
const sealBroken = () => Promise.reject(new TwiinError('SEAL_BROKEN'))
let net: Awaited<ReturnType<typeof twoHospitals>>
let instances: InstanceRecord[]

beforeEach(async () => {
  net = await twoHospitals()
  const { studyInstanceUid } = await net.a.receive({ instances: 5 })
  const { studies } = net.a.ground
  instances = []
  const handle = (await studies.studyByUid(studyInstanceUid))?.handle ?? ''
  for await (const instance of studies.instances(handle)) instances.push(instance)
})
afterEach(() => net[Symbol.asyncDispose]())

const deliver = (signal = never, transferId = '0a') => {
  const progress: number[] = []
  const work = {
    transferId,
    instances,
    overlay: undefined,
    onDelivered: (done: number) => progress.push(done),
  }
  return net.a.exchange.delivery.deliver(work, signal).then(() => progress)
}
const uidAt = (at: number) => instances[at]?.sopInstanceUid ?? ''
const storedUids = () => net.a.archive.stored.map(({ sopInstanceUid }) => sopInstanceUid)

describe('delivery', () => {
  it('is over when the PACS took everything, and then sends nothing any more', async () => {
    expect(await deliver()).toEqual([0, 1, 2, 3, 4, 5])
    expect(await deliver()).toEqual([5])
    expect(storedUids().sort()).toEqual(instances.map(({ sopInstanceUid }) => sopInstanceUid).sort())
  })

  it('goes on behind the last answer after it was broken off', async () => {
    const { archive } = net.a
    const ours = new AbortController()
    archive.judge = (uid) => {
      if (uid === uidAt(2)) ours.abort(new Error('stopping'))
      return 0
    }
    await expect(deliver(ours.signal)).rejects.toThrow()
    archive.judge = () => 0
    await deliver()
    // At most the one in doubt was sent again, with the same bytes.
    expect(archive.offered.filter((uid) => uid !== uidAt(2))).toHaveLength(4)
    for (const { sopInstanceUid, sha256 } of archive.stored)
      expect(sha256).toBe(
        Buffer.from(instances.find((each) => each.sopInstanceUid === sopInstanceUid)?.sha256 ?? []).toString(
          'hex',
        ),
      )
  })

  it('of an object that breaks the association every time is refused; the others are there', async () => {
    const { archive } = net.a
    archive.judge = (uid) => (uid === uidAt(1) ? 'break' : 0)
    await expect(deliver()).rejects.toThrow('PACS_REFUSED')
    expect(new Set(storedUids())).toEqual(new Set([0, 2, 3, 4].map(uidAt)))
    expect(archive.offered.filter((uid) => uid === uidAt(1))).toHaveLength(3)
  })

  it('of an object that breaks the association once succeeds, each being in the PACS once', async () => {
    let broken = 0
    net.a.archive.judge = (uid) => (uid === uidAt(0) && broken++ === 0 ? 'break' : 0)
    expect((await deliver()).at(-1)).toBe(5)
    expect(storedUids()).toHaveLength(5)
  })

  it.each([
    [0xa700, 'PACS_BUSY'],
    [0x0110, 'PACS_REFUSED'],
  ])('of which the PACS answers %i to one says so after all the others', async (status, code) => {
    net.a.archive.judge = (uid) => (uid === uidAt(0) ? status : 0)
    await expect(deliver()).rejects.toThrow(code)
    expect(storedUids()).toHaveLength(4)
  })

  it('of an instance that cannot be read any more says so after all the others', async () => {
    const { studies } = net.a.ground
    const read = studies.readDataSet.bind(studies)
    studies.readDataSet = (instance, range) => {
      if (instance.blob !== instances[1]?.blob) return read(instance, range)
      return (async function* () {
        yield Buffer.alloc(8)
        await sealBroken()
      })()
    }
    await expect(deliver()).rejects.toThrow('SEAL_BROKEN')
    expect(storedUids()).toHaveLength(4)
  })

  it('to a PACS that is away says so at once and loses nothing', async () => {
    await net.a.archive[Symbol.asyncDispose]()
    await expect(deliver()).rejects.toThrow(/CONNECTION_FAILED|ASSOCIATION_LOST/)
    expect(await net.a.exchange.delivery.isReachable(never)).toBe(false)
  })
})
