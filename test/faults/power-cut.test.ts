/**
 * The power fails while a node receives, answers and fetches: what it has acknowledged is there afterwards. A killed
 * process cannot show this, for the system still writes out what it had taken; here the disk loses all that was not
 * flushed (ext4's shutdown ioctl). Only what was acknowledged before the cut counts: an fsync that is under way at that
 * moment may still return success, which a machine without power cannot.
 *
 * One cut each by default; TWIIN_POWER_CUTS=100 for so many (about eight seconds a cut).
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SampleInstance } from '@twiin/dicom/testing'
import { openAssociation } from '@twiin/dimse'
import { silentLogger } from '@twiin/runtime'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'
import type { AuditEvent } from '../support/node-api.ts'
import { readArrivals, readPacs } from '../support/pacs-dir.ts'
import { NodeOnOwnDisk } from './node-on-own-disk.ts'
import { privateDiskMissing } from './private-disk.ts'

const cuts = Number(process.env['TWIIN_POWER_CUTS'] ?? 1)
/** After so many cuts a disk is replaced, so that reading it all stays quick. */
const cutsPerDisk = 10
const timeout = 60_000 + cuts * 40_000

let demo: Demo
beforeAll(async () => {
  if (privateDiskMissing === '') demo = await startDemo({ empty: true })
})
afterAll(async () => {
  if (privateDiskMissing === '') await demo[Symbol.asyncDispose]()
})

const digestOf = ({ bytes, dataSetOffset }: SampleInstance) =>
  createHash('sha256').update(bytes.subarray(dataSetOffset)).digest('hex')

/** What a node has promised, told the moment the promise came in. */
class Promises {
  /** SOP Instance UID → digest, each answered with Success. */
  instances = new Map<string, string>()
  /** Ids of sends that were answered with 202. */
  sends = new Set<string>()
  /** URA numbers to which a consent, answered with 200, extends. */
  consents = new Set<string>()

  keep(others: Promises): void {
    for (const [uid, digest] of others.instances) this.instances.set(uid, digest)
    for (const id of others.sends) this.sends.add(id)
    for (const ura of others.consents) this.consents.add(ura)
  }
}

const consentedBsn = unusedBsns[5]
let studiesMade = 0

/** Stores studies one after another until the node is gone; sends the first few on. */
async function useUntilGone(node: NodeApi, lane: number, promises: Promises): Promise<void> {
  const hospital = demo.hospital(2)
  for (let turn = 0; ; turn++) {
    const seed = `cut-${studiesMade++}`
    const size = [32, 160, 300][turn % 3] ?? 32
    const study = newStudy({
      seed,
      bsn: unusedBsns[lane] ?? '',
      instances: 6,
      size,
      patient: { id: `L${lane}` },
    })
    await using association = await openAssociation(
      {
        ...hospital.dicom,
        calledAe: hospital.dicom.aeTitle,
        callingAe: 'STORESCU',
        contexts: study.slice(0, 1).map(({ sopClassUid, transferSyntaxUid }) => ({
          abstractSyntax: sopClassUid,
          transferSyntaxes: [transferSyntaxUid],
        })),
      },
      { log: silentLogger },
    )
    for (const instance of study) {
      const dataSet = async function* () {
        yield instance.bytes.subarray(instance.dataSetOffset)
      }
      const { status } = await association.store({ ...instance, dataSet })
      if (status !== 0) throw new Error(`status ${status.toString(16)}`)
      promises.instances.set(instance.sopInstanceUid, digestOf(instance))
    }
    await association.release()

    const ura = String(91_000_000 + studiesMade)
    const consent = { bsn: consentedBsn, decision: 'permit', scope: { kind: 'organisation', ura } }
    await node.as('operator').call('PUT', '/api/v1/consents', consent)
    promises.consents.add(ura)
    if (turn >= 1) continue
    const recipient = { ura: demo.hospital(0).ura }
    promises.sends.add(
      await node.send({ studyInstanceUids: [studyUidOf(study)], recipient, reason: 'proef' }),
    )
  }
}

/** Uses the node from four sides, and cuts the power at some moment. Resolves to what was promised before that. */
async function useUntilPowerCut(machine: NodeOnOwnDisk): Promise<Promises> {
  const seen = new Promises()
  const before = new Promises()
  const node = new NodeApi(demo.hospital(2))
  const users = [0, 1, 2, 3].map((lane) => useUntilGone(node, lane, seen))
  const ends = Promise.allSettled(users)
  await Promise.race([
    until(() => seen.sends.size > 0, { timeoutMs: 20_000, what: 'first study is sent on' }),
    ...users,
  ])
  await sleep(Math.random() * 2_000)
  before.keep(seen)
  await machine.powerCut()
  await ends
  return before
}

async function auditEvents(node: NodeApi): Promise<{ events: AuditEvent[]; intact: boolean }> {
  const events: AuditEvent[] = []
  for (let after = 0; ;) {
    const page = await node
      .as('auditor')
      .call<{ events: AuditEvent[]; next?: number; chain: { ok: boolean } }>(
        'GET',
        `/api/v1/audit-events?limit=1000&after=${after}`,
      )
    events.push(...page.events)
    if (page.next === undefined) return { events, intact: page.chain.ok }
    after = page.next
  }
}

/** Of the running node, over its API. */
async function expectWorkKept(node: NodeApi, promised: Promises): Promise<void> {
  const { events, intact } = await auditEvents(node)
  expect(intact).toBe(true)
  for (const id of promised.sends) {
    expect(await node.sending(id)).toMatchObject({ id })
    expect(events.filter(({ event, requestId }) => event === 'send' && requestId === id)).toHaveLength(1)
  }
  const { records } = await node
    .as('operator')
    .call<{ records: { scope: { ura?: string } }[] }>('POST', '/api/v1/consents/lookups', {
      bsn: consentedBsn,
    })
  const kept = new Set(records.map(({ scope }) => scope.ura))
  expect([...promised.consents].filter((ura) => !kept.has(ura))).toEqual([])
  const onRecord = events.filter(({ event }) => event === 'consent-recorded').length
  expect(onRecord).toBeGreaterThanOrEqual(promised.consents.size)
}

/** Of the stopped node, from its disk. */
async function expectInstancesKept(machine: NodeOnOwnDisk, promised: Promises): Promise<void> {
  const holdings = await machine.holdings()
  const held = new Map(holdings.map(({ sopInstanceUid, sha256 }) => [sopInstanceUid, sha256]))
  const lost = [...promised.instances].filter(([uid, digest]) => held.get(uid) !== digest)
  expect(lost).toEqual([])
  expect(held.size).toBe(holdings.length)
  expect(await machine.remnants(held.size)).toEqual([])
}

describe.skipIf(privateDiskMissing !== '')(`when the power is cut${privateDiskMissing}`, () => {
  test(
    'during intake: what was answered with Success, 202 or 200 is there, and the node starts by itself',
    { timeout },
    async () => {
      const node = new NodeApi(demo.hospital(2))
      for (let left = cuts; left > 0; left -= cutsPerDisk) {
        await using machine = await NodeOnOwnDisk.move(demo, 2, { mebibytes: 2048 })
        const promised = new Promises()
        for (let cut = 0; cut < Math.min(left, cutsPerDisk); cut++) {
          await machine.start()
          promised.keep(await useUntilPowerCut(machine))
          await machine.start()
          await expectWorkKept(node, promised)
          await machine.stop()
          await expectInstancesKept(machine, promised)
        }
        await machine.start()
        for (const id of promised.sends) expect(await node.sent(id)).toMatchObject({ state: 'delivered' })
      }
    },
  )

  test(
    'during a retrieval: it goes on by itself, and the PACS gets each instance once, but for the one in doubt',
    { timeout },
    async () => {
      const bsn = unusedBsns[4]
      const [holder, pacsDir] = [demo.hospital(0), demo.hospital(1).pacs.dir]
      const [there, here] = [new NodeApi(holder), new NodeApi(demo.hospital(1))]
      await there.consent(bsn)
      await using machine = await NodeOnOwnDisk.move(demo, 1, { mebibytes: 2048 })
      await machine.start()
      for (let cut = 0; cut < cuts; cut++) {
        const study = newStudy({
          seed: `fetched-${cut}`,
          bsn,
          instances: 16,
          size: 400,
          patient: { id: 'FETCHED' },
        })
        const to = { ...holder.dicom, calledAe: holder.dicom.aeTitle, callingAe: 'BARSCU' }
        for (const { status } of await storeInstances(to, study)) expect(status).toBe(0)
        const studyInstanceUid = studyUidOf(study)
        const search = await until(
          async () => {
            const found = await here.search(bsn)
            return found.studies.some((row) => row.studyInstanceUid === studyInstanceUid) && found
          },
          { timeoutMs: 20_000, what: 'study is found' },
        )
        const id = await here.retrieve(search.id, { holder: holder.ura, studyInstanceUid })
        await sleep(Math.random() * 600)
        await machine.powerCut()
        await machine.start()
        expect(await here.retrieved(id)).toMatchObject({
          state: 'delivered',
          instances: { done: 16, total: 16 },
        })
        await expectArrivedOnce(pacsDir, study)
      }
      await machine.stop()
      const held = await machine.holdings()
      expect(held).toHaveLength(cuts * 16)
      expect(await machine.remnants(held.length)).toEqual([])
    },
  )
})

async function expectArrivedOnce(pacsDir: string, study: readonly SampleInstance[]): Promise<void> {
  const archive = await readPacs(pacsDir)
  const arrivals = Map.groupBy(await readArrivals(pacsDir), ({ sopInstanceUid }) => sopInstanceUid)
  expect(study.filter(({ sopInstanceUid }) => !archive.has(sopInstanceUid))).toEqual([])
  const again = study.flatMap(({ sopInstanceUid }) => {
    const times = arrivals.get(sopInstanceUid) ?? []
    return times.length === 1 ? [] : [times.map(({ sha256 }) => sha256)]
  })
  expect(again.length).toBeLessThanOrEqual(1)
  for (const digests of again) expect([digests.length, new Set(digests).size]).toEqual([2, 1])
}
