/** spec 11 §7: a log that shows two lists is found out, shown, told on, and believed no more. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeSignedDocument } from '@twiin/identity'
import {
  bundle as bundleType,
  gossipAnswer,
  gossipRequest,
  limits,
  protocolIds,
  witnessedBundle,
} from '@twiin/protocol'
import { parseCheckpoint, signCheckpoint } from '@twiin/transparency'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newMember } from '../support/new-member.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { impersonate, stealRegistry } from '../support/stolen-keys.ts'
import type { StolenIdentity } from '../support/stolen-keys.ts'

let demo: Demo
/** A clinic in good standing, which tells. */
let member: StolenIdentity
beforeAll(async () => {
  demo = await startDemo()
  // What was shown while the network was being founded has no cosignatures, and convinces nobody afterwards.
  await until(async () => (await heldBy(0)).bundle.witnessing.phase === 'required', {
    timeoutMs: 60_000,
    what: 'network is founded',
  })
})
afterAll(() => demo[Symbol.asyncDispose]())

/** The bundle by which a node goes, and what proves it. */
async function heldBy(index: number) {
  const { dataDir } = demo.hospital(index)
  const held = await readFile(join(dataDir, 'identity/bundle.cbor'))
  const { document, evidence } = witnessedBundle.decode(held)
  return { bundle: bundleType.decode(decodeSignedDocument(document).payload), evidence }
}

const saysSo = async (index: number) => {
  const api = new NodeApi(demo.hospital(index)).as('operator')
  const { degraded } = await api.call<{ degraded: { code: string }[] }>('GET', '/api/v1/status')
  return degraded.some(({ code }) => code === 'LOG_EQUIVOCATION')
}

/** Tells a node, as a member in good standing, that the log looks like this. */
async function tell(index: number, checkpoint: string): Promise<void> {
  await using host = await impersonate(member, demo.network.hospitals)
  const request = gossipRequest.encode({ kind: 'tell', version: 1, isWhole: true, checkpoint })
  const options = { maxAnswerBytes: limits.gossipAnswerBytes, timeoutMs: 10_000 }
  const answer = await host.ask(demo.hospital(index).node.peerId, protocolIds.bundle, request, options)
  gossipAnswer.decode(answer)
}

/** The checkpoint that a node holds, with another root: signed with the log's real key. */
async function otherList(): Promise<string> {
  const { origin, size } = parseCheckpoint((await heldBy(0)).evidence.checkpoint)
  const { log } = await stealRegistry(demo.dir)
  const head = { origin, size, root: randomBytes(32) }
  return signCheckpoint(head, { publicKey: log.publicKey, sign: (text) => log.signNote(text) })
}

/** What became of a newcomer at a node, by that node's own log. */
async function joins(
  newcomer: StolenIdentity,
  index: number,
): Promise<{ admitted: boolean; reason: string }> {
  const hospital = demo.hospital(index)
  await using host = await impersonate(newcomer, demo.network.hospitals)
  const admitted = await host.connect(hospital.node.peerId, AbortSignal.timeout(20_000)).then(
    () => true,
    () => false,
  )
  const log = await readFile(join(demo.dir, `logs/node-${hospital.ura}.log`), 'utf8')
  return { admitted, reason: log.split('\n').findLast((line) => line.includes(newcomer.key.peerId)) ?? '' }
}

test('as long as the log shows one list, a clinic that joins is admitted', async () => {
  member = await newMember(demo, '90000071')
  expect(await joins(member, 0)).toMatchObject({ admitted: true })
})

test('a checkpoint that the log did not sign, or that says what is known, convinces nobody of anything', async () => {
  const note = await otherList()
  await tell(0, note.replace(/\n\d+\n/, '\n999999\n')).catch(() => {})
  await tell(0, (await heldBy(0)).evidence.checkpoint)
  expect(await saysSo(0)).toBe(false)
})

test('two roots of one size are noticed, kept on disk, shown, and told to everybody', async () => {
  await tell(0, await otherList())
  await until(() => saysSo(0), { timeoutMs: 10_000, what: 'node 0 says so' })
  for (const index of [1, 2])
    await until(() => saysSo(index), { timeoutMs: 60_000, what: `node ${index} says so` })
  const kept = await readFile(join(demo.hospital(2).dataDir, 'identity/equivocation.json'), 'utf8')
  expect(kept.match(/\/log\\n/g)?.length).toBeGreaterThanOrEqual(2)
})

test('from then on nobody new is admitted, however good the papers', async () => {
  const { admitted, reason } = await joins(await newMember(demo, '90000072'), 0)
  expect(admitted).toBe(false)
  expect(reason).toContain('LOG_DISTRUSTED')
})

test('who was known goes on with the certificates there are', async () => {
  const search = await new NodeApi(demo.hospital(1)).search('999990019')
  expect(search.holders.map(({ status }) => status)).toEqual(['answered', 'answered', 'answered'])
})
