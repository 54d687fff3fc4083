import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { NodeKey, decodeSignedDocument, publicKeyOf, splitCredential } from '@twiin/identity'
import { PeerHost } from '@twiin/network'
import { bundle, bundleContentBytes, evidence, protocolIds, witnessedBundle } from '@twiin/protocol'
import { TwiinError, silentLogger } from '@twiin/runtime'
import {
  MerkleTree,
  judgeEvidence,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from '@twiin/transparency'
import { expect, test } from 'vitest'
import { Books } from '../ledger/books.ts'
import { TestRegistry, provenApplicationOf } from '../testing.ts'
import type { Answer } from '../testing.ts'
import { TestWitness, passSelfTest } from './testing.ts'

const accept = { accept: 'application/cbor' }
const settings = {
  bundle: { gatherMs: 0 },
  log: { gatherMs: 0, foundingGraceSeconds: 0, openMs: 60_000 },
  peer: { listen: ['/ip4/127.0.0.1/tcp/0'], announce: ['/ip4/192.0.2.9/tcp/4001'] },
}

interface Shown {
  size: number
  checkpoint: string
  consistency: string[]
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'))
const get = (registry: TestRegistry, path: string, headers = {}) =>
  registry.call('GET', `/api/v1${path}`, { headers })

/** Who trusts what the first line of the log says. */
async function identityOf(registry: TestRegistry) {
  const { entries } = (await get(registry, '/log/entries?start=0&count=1')).json<{
    entries: { line: string }[]
  }>()
  const { logKey } = JSON.parse(entries[0]?.line ?? '') as { logKey: string }
  return { origin: 'twiin.example/log', publicKey: Uint8Array.from(Buffer.from(logKey, 'hex')) }
}

/** Members whose self-test, which another one led, is on record. */
async function exchanging(registry: TestRegistry, uras: readonly string[]): Promise<TestWitness[]> {
  const witnesses: TestWitness[] = []
  for (const ura of uras) witnesses.push(new TestWitness((await registry.member(ura)).key))
  await registry.stop()
  const file = join(registry.dir, 'data/ledger.jsonl')
  const books = await Books.open({ file }, registry)
  for (const { peerId } of witnesses) {
    await registry.clock.advance(1)
    await passSelfTest(books, peerId)
  }
  await books.close()
  await registry.start()
  return witnesses
}

/** As a witness does: asks for what is newer, and posts its line. */
async function cosign(registry: TestRegistry, witness: TestWitness): Promise<Answer | undefined> {
  const { size = 0 } = witness.last ?? {}
  const answer = await get(registry, `/log/checkpoint?after=${size}&from=${size}`)
  if (answer.status === 204) return undefined
  const { checkpoint, consistency } = answer.json<Shown>()
  verifyCheckpoint(checkpoint, await identityOf(registry))
  const json = witness.sign(checkpoint, consistency.map(bytes), registry.clock.now())
  return registry.call('POST', '/api/v1/log/cosignatures', { json })
}

/** Until nobody has anything new to sign. */
async function cosignAll(registry: TestRegistry, witnesses: readonly TestWitness[]): Promise<void> {
  for (let quiet = 0; quiet < 2;) {
    const answers = []
    for (const witness of witnesses) answers.push(await cosign(registry, witness))
    await registry.clock.advance(60_000)
    quiet = answers.some((answer) => answer !== undefined) ? 0 : quiet + 1
  }
}

const known = (witnesses: readonly TestWitness[]) =>
  witnesses.map(({ peerId }) => ({ name: peerId, publicKey: publicKeyOf(peerId) }))

async function fetchBundle(registry: TestRegistry, headers = {}) {
  const answer = await get(registry, '/bundle', { ...accept, ...headers })
  const witnessed = witnessedBundle.decode(answer.body)
  const says = bundle.decode(decodeSignedDocument(witnessed.document).payload)
  return { etag: String(answer.headers.etag), ...witnessed, says }
}

test('everybody can check the log: its lines are its root, and every proof leads there', async () => {
  await using registry = await TestRegistry.create({ settings })
  await registry.member('10000001')
  const identity = await identityOf(registry)
  const { size, checkpoint } = (await get(registry, '/log/checkpoint')).json<Shown>()
  const head = verifyCheckpoint(checkpoint, identity)
  expect(head.size).toBe(size)
  const tree = new MerkleTree()
  for (let start = 0; start < size; start = tree.size) {
    const { entries } = (await get(registry, `/log/entries?start=${start}&count=4`)).json<{
      entries: { index: number; line: string }[]
    }>()
    for (const { index, line } of entries) {
      expect(index).toBe(tree.size)
      if (index < size) tree.append(Buffer.from(line))
    }
  }
  expect(tree.root()).toEqual(head.root)

  const inclusion = (await get(registry, `/log/inclusion?index=3&size=${size}`)).json<{
    leaf: string
    path: string[]
  }>()
  const claim = { leafHash: Uint8Array.from(Buffer.from(inclusion.leaf, 'hex')), index: 3, size }
  expect(verifyInclusion({ ...claim, root: head.root }, inclusion.path.map(bytes))).toBe(true)
  const { path } = (await get(registry, `/log/consistency?first=2&second=${size}`)).json<{ path: string[] }>()
  const first = { size: 2, root: tree.root(2) }
  expect(verifyConsistency({ first, second: head }, path.map(bytes))).toBe(true)

  const note = await get(registry, '/log/checkpoint', { accept: 'text/plain' })
  expect([note.headers['content-type'], note.body.toString()]).toEqual([
    expect.stringContaining('text/plain'),
    checkpoint,
  ])
  for (const bad of [
    '/log/inclusion?index=9999&size=10000',
    '/log/consistency?first=5&second=2',
    '/log/entries?start=-1',
    '/log/entries?start=0&count=501',
    '/log/checkpoint?wait=26',
  ])
    expect([bad, (await get(registry, bad)).status]).toEqual([bad, 400])
  const beyond = await get(registry, '/log/entries?start=9999')
  expect(beyond.json()).toMatchObject({ entries: [] })
})

test('three witnesses cosign, founding ends, and certificates and bundles are believed by their word', async () => {
  await using registry = await TestRegistry.create({ settings })
  const witnesses = await exchanging(registry, ['10000001', '10000002', '10000003'])
  const identity = await identityOf(registry)
  const before = await fetchBundle(registry)
  expect(before.says.witnessing).toMatchObject({
    phase: 'founding',
    quorum: 2,
    witnesses: witnesses.map(({ peerId }) => peerId),
  })
  expect(before.says.log).toEqual(identity)
  expect(before.says.members.map(({ state }) => state)).toEqual(['exchanging', 'exchanging', 'exchanging'])
  await cosignAll(registry, witnesses)

  const after = await fetchBundle(registry)
  expect(after.says.witnessing.phase).toBe('required')
  expect(after.etag).toBe(`"${after.says.version}w"`)
  const trusted = { log: identity, witnesses: known(witnesses), quorum: 2 }
  expect(judgeEvidence(after.evidence, trusted).cosigners.length).toBeGreaterThanOrEqual(2)
  const published = JSON.parse(Buffer.from(after.evidence.leaf).toString()) as Record<string, unknown>
  expect(published).toMatchObject({
    act: 'published',
    version: after.says.version,
    at: after.says.issuedAt,
    digest: createHash('sha256').update(bundleContentBytes(after.says)).digest('hex'),
  })

  for (const { serial } of await registry.certificates()) {
    const proof = evidence.decode((await get(registry, `/log/evidence/${serial}`)).body)
    expect(judgeEvidence(proof, trusted).cosigners.length).toBeGreaterThanOrEqual(2)
    expect(Buffer.from(proof.leaf).toString()).toContain(`"serial":"${serial}"`)
  }
  const state = (await get(registry, '/log/state')).json<Record<string, unknown>>()
  expect(state).toMatchObject({ phase: 'required', quorum: 2 })
  expect(state.witnesses).toMatchObject(
    witnesses.map(({ peerId, last }) => ({
      peerId,
      lastSize: last?.size,
      name: expect.stringMatching(/^Clinic /) as string,
    })),
  )

  // A new member is not believed before the witnesses saw its line; a restart forgets nobody's word.
  await registry.member('10000004')
  const newcomer = (await registry.certificates()).at(-1)?.serial
  const early = await get(registry, `/log/evidence/${newcomer}`)
  expect([early.status, early.json().code, early.headers['retry-after']]).toEqual([
    503,
    'LOG_NOT_COSIGNED',
    '2',
  ])
  expect((await get(registry, '/log/evidence/00ff')).status).toBe(404)
  const uncosigned = await fetchBundle(registry)
  expect(uncosigned.etag).toBe(`"${uncosigned.says.version}"`)
  expect(judgeEvidence(uncosigned.evidence, { ...trusted, quorum: 0 }).size).toBeGreaterThan(0)
  await registry.stop()
  await registry.start()
  expect((await get(registry, `/log/evidence/${newcomer}`)).json().code).toBe('LOG_NOT_COSIGNED')
  await cosignAll(registry, witnesses)
  expect((await get(registry, `/log/evidence/${newcomer}`)).status).toBe(200)
  expect((await fetchBundle(registry)).etag).toMatch(/w"$/)
  await registry.stop()
  await registry.start()
  expect((await get(registry, `/log/evidence/${newcomer}`)).status).toBe(200)
  expect((await fetchBundle(registry)).etag).toMatch(/w"$/)
}, 60_000)

test('cosignatures of strangers, of other trees, and noise are refused with a code', async () => {
  await using registry = await TestRegistry.create({ settings })
  const { size, checkpoint } = (await get(registry, '/log/checkpoint')).json<Shown>()
  const post = async (json: object) => {
    const answer = await registry.call('POST', '/api/v1/log/cosignatures', { json })
    return [answer.status, answer.json().code]
  }
  const stranger = new TestWitness()
  const said = stranger.sign(checkpoint, [], registry.clock.now())
  expect(await post(said)).toEqual([403, 'PEER_UNKNOWN'])
  expect(await post({ ...said, size: size + 1 })).toEqual([409, 'CHECKPOINT_OTHER'])
  expect(await post({ size, line: 'x' })).toEqual([403, 'PEER_UNKNOWN'])
  expect(await post({ size, line: 'x'.repeat(401) })).toEqual([400, 'VALIDATION'])
  expect(await post({ size })).toEqual([400, 'VALIDATION'])
  const witnessed = (note: string) =>
    registry.call('POST', '/api/v1/log/witnessed', { json: { checkpoint: note } })
  expect((await witnessed('noise')).json().code).toBe('CHECKPOINT_INVALID')
  expect((await witnessed(checkpoint)).status).toBe(204)
  expect((await registry.call('GET', '/healthz')).status).toBe(200)
})

test('a revocation is answered once the bundle with it is served, to two hundred that wait for it', async () => {
  await using registry = await TestRegistry.create({ settings })
  const { key } = await registry.member('10000001')
  const [{ serial } = { serial: '' }] = await registry.certificates()
  const { etag } = await fetchBundle(registry)
  const held = Array.from({ length: 200 }, () =>
    get(registry, '/bundle?wait=25', { ...accept, 'if-none-match': etag }),
  )
  const { size } = (await get(registry, '/log/checkpoint')).json<Shown>()
  const witness = get(registry, `/log/checkpoint?after=${size}&from=${size}&wait=25`)
  const idle = get(registry, '/bundle?wait=25', { ...accept, 'if-none-match': etag })
  const revoke = (as: 'administrator' | 'approver') =>
    registry.call('POST', `/api/v1/certificates/${serial}/revocation`, {
      as,
      json: { reason: 'keyCompromise' },
    })
  expect((await revoke('administrator')).status).toBe(202)
  expect((await revoke('approver')).status).toBe(200)
  const { says } = await fetchBundle(registry)
  expect(says.revoked).toMatchObject([{ peerId: key.peerId, serial, state: 'revoked' }])
  for (const answer of await Promise.all([...held, idle])) {
    expect(answer.status).toBe(200)
    const { document } = witnessedBundle.decode(answer.body)
    expect(bundle.decode(decodeSignedDocument(document).payload).revoked).toHaveLength(1)
  }
  const shown = (await witness).json<Shown>()
  expect(shown.size).toBeGreaterThan(size)
  expect(shown.consistency.length).toBeGreaterThan(0)
}, 60_000)

test('a request that waits in vain ends with nothing new, and one that nobody reads any more is forgotten', async () => {
  await using registry = await TestRegistry.create({ settings })
  const { etag } = await fetchBundle(registry)
  const { size } = (await get(registry, '/log/checkpoint')).json<Shown>()
  const held = [
    get(registry, `/log/checkpoint?after=${size}&wait=5`),
    get(registry, '/bundle?wait=5', { ...accept, 'if-none-match': etag }),
  ]
  const waiters = async () => {
    const text = (await registry.call('GET', '/metrics')).body.toString()
    return Number(/^twiin_registry_log\{what="waiting"\} (\d+)$/m.exec(text)?.[1])
  }
  while ((await waiters()) < 2) await new Promise((resolve) => setImmediate(resolve))
  await registry.clock.advance(5_000)
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([204, 304])
  expect(await waiters()).toBe(0)
})

test('a witness that has seen more gets an answer at once, and its word halts the registry, also after a restart', async () => {
  await using registry = await TestRegistry.create({ settings })
  await registry.stop()
  const disk = ['ledger.jsonl', 'signed.json', 'checkpoint-open.txt'].map((name) => `data/${name}`)
  const older = await Promise.all(disk.map((file) => registry.read(file)))
  await registry.start()
  await registry.member('10000001')
  const { size, checkpoint } = (await get(registry, '/log/checkpoint')).json<Shown>()
  await registry.stop()
  // A copy of the machine's disk from before: nothing in it says that there was more.
  for (const [i, file] of disk.entries()) await registry.write(file, older[i] ?? '')
  await registry.start()
  const answer = await get(registry, `/log/checkpoint?after=${size}&from=${size}&wait=25`)
  expect(answer.json<Shown>().size).toBeLessThan(size)
  const told = await registry.call('POST', '/api/v1/log/witnessed', { json: { checkpoint } })
  expect(told.status).toBe(204)
  const isHalted = async () => {
    const health = await registry.call('GET', '/healthz')
    expect([health.status, health.json().code]).toEqual([503, 'LEDGER_BEHIND'])
    expect((await get(registry, '/log/state')).json()).toMatchObject({ ledgerBehind: true })
    const json = await provenApplicationOf('10000008')
    const applied = await registry.call('POST', '/api/v1/applications', { as: 'administrator', json })
    const { id, digest } = applied.json<{ id: string; digest: string }>()
    const approvals = `/api/v1/applications/${id}/approvals`
    const approved = await registry.call('POST', approvals, { as: 'approver', json: { digest } })
    expect([approved.status, approved.json().code]).toEqual([503, 'LEDGER_BEHIND'])
  }
  await isHalted()
  await registry.stop()
  await registry.start()
  await isHalted()
}, 60_000)

test('a peer that dials the registry gets the evidence of its certificate, also right after a restart', async () => {
  await using registry = await TestRegistry.create({ settings: { ...settings, peer: dialled } })
  const witnesses = await exchanging(registry, ['10000001', '10000002', '10000003'])
  await cosignAll(registry, witnesses)
  const trusted = { log: await identityOf(registry), witnesses: known(witnesses), quorum: 2 }
  for (let start = 0; start < 2; start++) {
    const presented = splitCredential(await credentialShown(registry, witnesses[0]?.key))
    const proof = evidence.decode(presented.evidence ?? new Uint8Array())
    expect(judgeEvidence(proof, trusted).cosigners.length).toBeGreaterThanOrEqual(2)
    const { certificate } = JSON.parse(Buffer.from(proof.leaf).toString()) as { certificate: string }
    expect(Buffer.from(certificate, 'base64')).toEqual(Buffer.from(presented.leaf))
    await registry.stop()
    await registry.start()
  }
}, 60_000)

const dialled = { listen: ['/ip4/127.0.0.1/tcp/0'], dialLoopback: true }

/** What the registry presents to a peer, which then goes away. */
async function credentialShown(registry: TestRegistry, key = NodeKey.generate()): Promise<Uint8Array> {
  let shown: Uint8Array | undefined
  const { multiaddrs, peerId } = registry.runtime
  const host = new PeerHost(dialled, {
    seed: key.seed,
    admission: {
      credential: () => new Uint8Array(1),
      verify: async (presented) => {
        shown = presented
        throw new TwiinError('SEEN')
      },
      stillAdmitted: () => false,
    },
    addresses: { addressesOf: () => multiaddrs },
    log: silentLogger,
  })
  await host.start()
  const granted = { maxAnswerBytes: 1024, timeoutMs: 10_000 }
  await host.ask(peerId, protocolIds.token, new Uint8Array(1), granted).catch(() => {})
  await host.stop()
  if (shown === undefined) throw new Error('nothing was presented')
  return shown
}
