/** J8: a certificate is revoked, and every live node has cut that peer; with the registry, and without it. Among ten hospitals. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CertificateAuthority, decodeSignedDocument, encodeSignedDocument, openSigner } from '@twiin/identity'
import { bundle, bundleContentBytes, gossipAnswer, gossipRequest, limits, protocolIds } from '@twiin/protocol'
import { witnessedBundle } from '@twiin/protocol'
import { systemClock } from '@twiin/runtime'
import { MerkleTree, signCheckpoint } from '@twiin/transparency'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { trustDomain } from '../../scripts/demo-network/start-registry.ts'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { readArrivals } from '../support/pacs-dir.ts'
import { cutOff } from '../support/registry-people.ts'
import { impersonate, stealNode, stealRegistry } from '../support/stolen-keys.ts'

const hospitals = 10
let demo: Demo
beforeAll(async () => {
  demo = await startDemo({ hospitals, empty: true })
}, 300_000)
afterAll(() => demo[Symbol.asyncDispose]())

/** Connected with every other node, as the peer that is about to be cut off. */
async function connectedAs(index: number) {
  const others = demo.network.hospitals.filter((_, i) => i !== index)
  const host = await impersonate(await stealNode(demo.hospital(index)), others)
  const connected = async ({ node }: (typeof others)[number]) =>
    host.connect(node.peerId, AbortSignal.timeout(20_000))
  await Promise.all(others.map(connected))
  return { host, others: others.map(({ node }) => node.peerId) }
}

test('every node has cut a revoked peer within ten seconds, and what it was fetching does not count as a study', async () => {
  const victim = hospitals - 1
  const [bsn] = unusedBsns
  const study = newStudy({ seed: 'revoked meanwhile', bsn, instances: 60, size: 1024 })
  const holder = new NodeApi(demo.hospital(0))
  const fetching = new NodeApi(demo.hospital(victim))
  await holder.consent(bsn)
  const { dicom } = demo.hospital(0)
  await storeInstances({ ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }, study)
  const search = await until(
    async () => {
      const search = await fetching.search(bsn)
      return search.studies.some((row) => row.studyInstanceUid === studyUidOf(study)) && search
    },
    { timeoutMs: 20_000, what: 'study is findable' },
  )
  const { host, others } = await connectedAs(victim)
  await using _host = host
  // The registry may have called it too.
  expect(host.connectedPeers()).toEqual(expect.arrayContaining(others))

  const wanted = { holder: demo.hospital(0).ura, studyInstanceUid: studyUidOf(study) }
  const id = await fetching.retrieve(search.id, wanted)
  const done = async () => (await fetching.retrieval(id)).bytes.done
  await until(async () => (await done()) > 0, { timeoutMs: 20_000, what: 'the first bytes are here' })

  const began = performance.now()
  await cutOff(demo.network, demo.hospital(victim).node.peerId, 'revocation', 'keyCompromise')
  await until(() => host.connectedPeers().length === 0, { timeoutMs: 10_000, what: 'all have cut it' })
  console.log(`cut by ${others.length} nodes within ${Math.round(performance.now() - began)} ms`)

  const transfer = await fetching.retrieval(id)
  expect(transfer.state).not.toBe('delivered')
  expect(transfer.instances.done).toBeLessThan(60)
  expect((await fetching.studies()).map(({ studyInstanceUid }) => studyInstanceUid)).not.toContain(
    studyUidOf(study),
  )
  expect(await readArrivals(demo.hospital(victim).pacs.dir)).toEqual([])
  // And it does not get in again.
  for (const peerId of others.slice(0, 3))
    await expect(host.connect(peerId, AbortSignal.timeout(5_000))).rejects.toThrow()
})

test('with the registry killed right after one node was told, all others know within a minute', async () => {
  const victim = hospitals - 2
  const { host, others } = await connectedAs(victim)
  await using _host = host
  // The carrier takes the place of a member: beside a live one, what it tells would be asked of that one.
  const member = await stealNode(demo.hospital(1))
  await demo.kill(1)
  const carrier = await impersonate(member, demo.network.hospitals)
  await using _carrier = carrier

  await demo.kill('registry')
  const { version, document } = await lastWord(demo.hospital(victim).node.peerId)
  carrier.answer(protocolIds.bundle, gossipLimits, async () =>
    gossipAnswer.encode({ kind: 'newer', bundle: document }),
  )
  const told = await carrier.ask(
    demo.hospital(0).node.peerId,
    protocolIds.bundle,
    gossipRequest.encode({ kind: 'tell', version, isWhole: false, checkpoint: checkpointIn(document) }),
    { maxAnswerBytes: limits.gossipAnswerBytes, timeoutMs: 10_000 },
  )
  expect(gossipAnswer.decode(told).kind).toBe('noted')
  const began = performance.now()
  // The peer that was revoked before has cut all of them, too; the carrier's own node is down.
  const gone = [demo.hospital(hospitals - 1), demo.hospital(1)].map(({ node }) => node.peerId)
  const live = others.filter((peerId) => !gone.includes(peerId))
  await until(() => !host.connectedPeers().some((peerId) => live.includes(peerId)), {
    timeoutMs: 60_000,
    what: 'all have cut it',
  })
  console.log(
    `cut by ${live.length} nodes within ${Math.round(performance.now() - began)} ms, without the registry`,
  )
})

const gossipLimits = {
  maxRequestBytes: limits.gossipBytes,
  maxAnswerBytes: limits.gossipAnswerBytes,
  timeoutMs: 10_000,
}
const checkpointIn = (document: Uint8Array) => witnessedBundle.decode(document).evidence.checkpoint

/** The last bundle the registry made before it was killed: signed, logged, and not yet seen by any witness. */
async function lastWord(peerId: string): Promise<{ version: number; document: Uint8Array }> {
  const { dataDir } = demo.hospital(0)
  const held = witnessedBundle.decode(await readFile(join(dataDir, 'identity/bundle.cbor')))
  const before = bundle.decode(decodeSignedDocument(held.document).payload)
  const issuedAt = Date.now()
  const revocation = {
    peerId,
    serial: 'ab',
    state: 'revoked' as const,
    at: issuedAt,
    reason: 'keyCompromise',
  }
  const next = { ...before, version: before.version + 1, issuedAt, revoked: [...before.revoked, revocation] }

  const tree = new MerkleTree()
  const ledger = (await readFile(join(demo.network.registry.dataDir, 'ledger.jsonl'), 'utf8')).trimEnd()
  const lines = ledger.split('\n')
  for (const line of lines) tree.append(Buffer.from(line))
  const prev = createHash('sha256')
    .update(lines.at(-1) ?? '')
    .digest('hex')
  const digest = createHash('sha256').update(bundleContentBytes(next)).digest('hex')
  const act = { act: 'published', version: next.version, digest }
  const leaf = Buffer.from(JSON.stringify({ seq: lines.length + 1, prev, at: issuedAt, ...act }))
  tree.append(leaf)

  const { log } = await stealRegistry(demo.dir)
  const head = { origin: `${trustDomain}/log`, size: tree.size, root: tree.root() }
  const checkpoint = signCheckpoint(head, { publicKey: log.publicKey, sign: (text) => log.signNote(text) })
  const path = tree.inclusionProof(lines.length, tree.size)
  const evidence = { leaf, index: lines.length, path, checkpoint }
  const document = encodeSignedDocument(await (await authority()).signDocument(bundle.encode(next)))
  return { version: next.version, document: witnessedBundle.encode({ document, evidence }) }
}

async function authority(): Promise<CertificateAuthority> {
  const read = (file: string) => readFile(join(demo.dir, 'registry', file), 'utf8')
  const passphrase = (await read('issuing-passphrase')).trim()
  return new CertificateAuthority(
    { trustDomain },
    {
      signer: openSigner(await read('authority/issuing-key.pem'), passphrase),
      rootCertificate: await read('authority/root.pem'),
      issuingCertificate: await read('authority/issuing.pem'),
      clock: systemClock,
    },
  )
}
