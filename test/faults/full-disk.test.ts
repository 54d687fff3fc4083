/** The disk of a hospital's node fills up, and is full when it starts. Nothing that was acknowledged is lost. */
import { createHash } from 'node:crypto'
import { open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newStudy } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { NodeOnOwnDisk } from './node-on-own-disk.ts'
import { privateDiskMissing } from './private-disk.ts'

const mebibyte = 1024 * 1024
/** What the demo's nodes keep free (scripts/demo-network/start-hospital.ts), and their ballast. */
const [reserve, ballast] = [64 * mebibyte, 64 * mebibyte]
const outOfResources = 0xa700

let demo: Demo
let machine: NodeOnOwnDisk
let studies = 0
const acknowledged = new Map<string, string>()

beforeAll(async () => {
  if (privateDiskMissing !== '') return
  demo = await startDemo({ hospitals: 1, empty: true })
  machine = await NodeOnOwnDisk.move(demo, 0, { mebibytes: 320 })
  await machine.start()
})
afterAll(async () => {
  if (privateDiskMissing !== '') return
  await machine[Symbol.asyncDispose]()
  await demo[Symbol.asyncDispose]()
})

/** Stores a study of two megabytes; the statuses that came back. */
async function store(): Promise<number[]> {
  const { dicom } = demo.hospital(0)
  const study = newStudy({ seed: `full-${studies++}`, instances: 4, size: 512 })
  const outcomes = await storeInstances({ ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }, study)
  for (const [index, { sopInstanceUid, bytes, dataSetOffset }] of study.entries()) {
    const digest = createHash('sha256').update(bytes.subarray(dataSetOffset)).digest('hex')
    if (outcomes[index]?.status === 0) acknowledged.set(sopInstanceUid, digest)
  }
  return outcomes.map(({ status }) => status)
}

async function free(): Promise<number> {
  const { bavail, bsize } = await statfs(machine.disk.root)
  return bavail * bsize
}

/** Somebody else on this disk takes all but `left` bytes. */
async function fill(left: number): Promise<void> {
  const filler = await open(join(machine.disk.root, 'filler'), 'a')
  const piece = Buffer.alloc(mebibyte, 1)
  try {
    for (let room = await free(); room > left; room = await free())
      await filler.appendFile(piece.subarray(0, Math.min(piece.length, room - left)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    await filler.close()
  }
}
const makeRoom = () => rm(join(machine.disk.root, 'filler'))

describe.skipIf(privateDiskMissing !== '')(`when the disk fills up${privateDiskMissing}`, () => {
  test('C-STORE answers A700 while there is still room, and /readyz says DISK_FULL', async () => {
    expect(await store()).toEqual([0, 0, 0, 0])
    await fill(reserve + 24 * mebibyte)
    const statuses: number[] = []
    while (!statuses.includes(outOfResources)) {
      statuses.push(...(await store()))
      expect(statuses.length).toBeLessThan(100)
    }
    expect(statuses.slice(0, 4)).toEqual([0, 0, 0, 0])
    expect(new Set(statuses)).toEqual(new Set([0, outOfResources]))
    expect(await free()).toBeGreaterThan(reserve)

    // The alarm is about the reserve itself.
    await fill(reserve / 2)
    expect(await machine.readiness()).toMatchObject({ status: 503, body: { problems: ['DISK_FULL'] } })
  })

  test('with room again intake works, without a restart', async () => {
    await makeRoom()
    expect(await store()).toEqual([0, 0, 0, 0])
    expect(await machine.readiness()).toMatchObject({ status: 200, body: { problems: [] } })
  })

  test('on a disk without a byte left the node refuses, answers questions, and recovers by itself', async () => {
    await fill(0)
    expect(await store()).toEqual(Array(4).fill(outOfResources))
    const node = new NodeApi(demo.hospital(0))
    const held = (await node.studies()).reduce((sum, { instances }) => sum + instances, 0)
    expect(held).toBe(acknowledged.size)
    await makeRoom()
    await until(async () => (await machine.readiness()).status === 200, {
      timeoutMs: 10_000,
      what: 'node is ready again',
    })
    expect(await store()).toEqual([0, 0, 0, 0])
  })

  test('a node that finds the disk full when it starts gives up its ballast, says so, and recovers by itself', async () => {
    await machine.stop()
    await fill(0)
    await machine.start({ status: 503 })
    expect((await machine.readiness()).body.problems).toEqual(['DISK_FULL'])
    expect(await store()).toEqual(Array(4).fill(outOfResources))

    await makeRoom()
    await until(async () => (await machine.readiness()).status === 200, {
      timeoutMs: 10_000,
      what: 'node is ready again',
    })
    expect((await stat(join(machine.disk.root, 'ballast'))).size).toBe(ballast)
    expect(await store()).toEqual([0, 0, 0, 0])
  })

  test('without even its ballast it says why it cannot start, and starts when there is room', async () => {
    await machine.stop()
    await rm(join(machine.disk.root, 'ballast'))
    await fill(0)
    await expect(machine.start()).rejects.toThrow('OUT_OF_RESOURCES')
    await makeRoom()
    await machine.start()
    expect(await store()).toEqual([0, 0, 0, 0])
  })

  test('everything acknowledged is there, identical, and nothing else', async () => {
    await machine.stop()
    const held = await machine.holdings()
    expect(new Map(held.map(({ sopInstanceUid, sha256 }) => [sopInstanceUid, sha256]))).toEqual(acknowledged)
    expect(await machine.remnants(held.length)).toEqual([])
  })
})
