import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DocumentVerifier, NodeKey, decodeSignedDocument } from '@twiin/identity'
import { announcement, bundle, witnessedBundle } from '@twiin/protocol'
import { ManualClock } from '@twiin/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { Books } from '../ledger/books.ts'
import { TestRegistry } from '../testing.ts'
import { Announcements } from './announcements.ts'
import { prefixBits } from './bundle-contents.ts'

const accept = { accept: 'application/cbor' }
/** With a free port, a restart alone would change the bundle. */
const fixedAddress = {
  http: { port: 0 },
  peer: { listen: ['/ip4/127.0.0.1/tcp/0'], announce: ['/ip4/192.0.2.9/tcp/4001'] },
}

async function signedBundle(registry: TestRegistry) {
  const answer = await registry.call('GET', '/api/v1/bundle', { headers: accept })
  expect(answer.status).toBe(200)
  const rootCertificate = await registry.read('authority/root.pem')
  const verifier = new DocumentVerifier({ rootCertificate }, { clock: registry.clock })
  const { document } = witnessedBundle.decode(answer.body)
  return bundle.decode(await verifier.verify(decodeSignedDocument(document)))
}

async function announce(registry: TestRegistry, key: NodeKey, port: number, change: object = {}) {
  const message = {
    kind: 'announcement' as const,
    peerId: key.peerId,
    issuedAt: registry.clock.now(),
    addresses: [`/ip4/192.0.2.1/tcp/${port}`],
    mailboxes: ['emergency'],
    ...change,
  }
  const body = announcement.sign(message, key).bytes
  return registry.call('POST', '/api/v1/announcements', {
    body,
    headers: { 'content-type': 'application/cbor' },
  })
}

test('every change makes a higher version, signed by the issuing CA', async () => {
  await using registry = await TestRegistry.create()
  const first = await signedBundle(registry)
  const { key } = await registry.member('10000002', 60_000)
  const second = await signedBundle(registry)
  expect(second.version).toBeGreaterThan(first.version)
  expect(second.members).toEqual([
    {
      ura: '10000002',
      name: 'Clinic 10000002',
      peerId: key.peerId,
      addresses: [],
      declaredPatients: 60_000,
      mailboxes: ['radiology'],
      category: 'clinic',
      level: 3,
      state: 'testing',
    },
  ])
  expect(second.index).toEqual({ epoch: 1, bits: 10, replicas: 7 })
  const [keeper] = second.tokens.keepers
  expect(keeper?.peerId).toBe(registry.runtime.peerId)
  expect(keeper?.addresses).toEqual(registry.runtime.multiaddrs)
  await registry.member('10000001', 60_000)
  const third = await signedBundle(registry)
  expect(third.version).toBeGreaterThan(second.version)
  expect(third.members.map(({ ura }) => ura)).toEqual(['10000001', '10000002'])
})

test('a node that has the version gets 304, people get JSON that says the same', async () => {
  await using registry = await TestRegistry.create()
  await registry.member('10000001')
  const { version, members } = await signedBundle(registry)
  const readable = await registry.call('GET', '/api/v1/bundle')
  expect(readable.headers.etag).toBe(`"${version}"`)
  expect(readable.json()).toMatchObject({ version, members })
  const same = { headers: { ...accept, 'if-none-match': `"${version}"` } }
  expect((await registry.call('GET', '/api/v1/bundle', same)).status).toBe(304)
})

test('an announcement counts when a certified key signed it, it is fresh, and newer than the last', async () => {
  await using registry = await TestRegistry.create()
  const { key } = await registry.member('10000001')
  const addresses = async () => (await signedBundle(registry)).members[0]?.addresses
  expect((await announce(registry, key, 1)).status).toBe(204)
  expect(await addresses()).toEqual(['/ip4/192.0.2.1/tcp/1'])
  expect((await signedBundle(registry)).members[0]?.mailboxes).toEqual(['emergency'])

  const stranger = await announce(registry, NodeKey.generate(), 2)
  expect([stranger.status, stranger.json().code]).toEqual([403, 'PEER_UNKNOWN'])
  const forged = await announce(registry, NodeKey.generate(), 3, { peerId: key.peerId })
  expect([forged.status, forged.json().code]).toEqual([401, 'SIGNATURE_INVALID'])
  const past = await announce(registry, key, 4, { issuedAt: registry.clock.now() - 6 * 60_000 })
  expect([past.status, past.json().code]).toEqual([422, 'ANNOUNCEMENT_STALE'])
  expect((await announce(registry, key, 5, { issuedAt: registry.clock.now() - 1_000 })).status).toBe(204)
  expect(await addresses()).toEqual(['/ip4/192.0.2.1/tcp/1'])

  const { version } = await signedBundle(registry)
  const lines = (await registry.read('data/ledger.jsonl')).length
  expect((await announce(registry, key, 1, { issuedAt: registry.clock.now() + 1_000 })).status).toBe(204)
  expect((await signedBundle(registry)).version).toBe(version)
  expect((await registry.read('data/ledger.jsonl')).length).toBe(lines)
  const noise = { body: 'noise', headers: { 'content-type': 'application/cbor' } }
  expect((await registry.call('POST', '/api/v1/announcements', noise)).json().code).toBe('MESSAGE_INVALID')
})

test('no announcement keeps the registry from starting again', async () => {
  await using registry = await TestRegistry.create({ settings: fixedAddress })
  const { key } = await registry.member('10000001')
  const empty = await announce(registry, key, 1, { mailboxes: [''] })
  expect([empty.status, empty.json().code]).toEqual([400, 'MESSAGE_INVALID'])
  // Nor does any name or address bring a control or invisible character into the ledger, a bundle or a terminal.
  for (const unclean of [
    '\u2028',
    'a\r',
    'a\u001b[2Jb',
    '\u0085',
    '\u202eygoloidar',
    ' radiology',
    'radiology\u00a0',
  ]) {
    const refused = await announce(registry, key, 1, { mailboxes: [unclean] })
    expect([unclean, refused.json().code]).toEqual([unclean, 'MESSAGE_INVALID'])
  }
  for (const address of ['', '/dns4/\u001b[2J/tcp/1', '/dns4/é.example/tcp/1']) {
    const refused = await announce(registry, key, 1, { addresses: [address] })
    expect([address, refused.json().code]).toEqual([address, 'MESSAGE_INVALID'])
  }
  const odd = 'Röntgen "1" \\ 放射線科'
  expect((await announce(registry, key, 1, { mailboxes: [odd] })).status).toBe(204)
  await registry.stop()
  await registry.start()
  expect((await signedBundle(registry)).members[0]?.mailboxes).toEqual([odd])
})

test('what a node says anew counts once a minute; the same again makes no line and no version', async () => {
  await using registry = await TestRegistry.create({ settings: fixedAddress })
  const { key } = await registry.member('10000001')
  const { key: other } = await registry.member('10000002')
  const state = async () => [
    (await signedBundle(registry)).version,
    (await registry.read('data/ledger.jsonl')).length,
  ]
  expect((await announce(registry, key, 1)).status).toBe(204)
  const first = await state()
  for (let port = 1; port < 50; port++) {
    const answer = await announce(registry, key, port, { issuedAt: registry.clock.now() + port })
    expect([port, answer.status]).toEqual([port, port === 1 ? 204 : 429])
    if (port > 1) expect(answer.headers['retry-after']).toBe('60')
  }
  expect(await state()).toEqual(first)
  expect((await announce(registry, other, 1)).status).toBe(204)
  await registry.stop()
  await registry.clock.advance(59_000)
  await registry.start()
  const early = await announce(registry, key, 2)
  expect([early.status, early.headers['retry-after'], early.json().code]).toEqual([
    429,
    '1',
    'TOO_MANY_ATTEMPTS',
  ])
  await registry.clock.advance(1_000)
  expect((await announce(registry, key, 2)).status).toBe(204)
})

test('what a node says anew counts fifty times a day, and then it is told when it may speak again', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-announcements-'))
  const clock = new ManualClock(Date.now())
  const books = await Books.open({ file: join(dir, 'ledger.jsonl') }, { clock })
  onTestFinished(async () => {
    await books.close()
    await rm(dir, { recursive: true })
  })
  const keys = [NodeKey.generate(), NodeKey.generate()] as const
  for (const [i, { peerId }] of keys.entries()) {
    const life = { notBefore: 0, notAfter: clock.now() + 30 * 86_400_000 }
    const subject = { peerId, ura: `1000000${i}`, role: 'member' as const, ...life }
    await books.record(() => ({ act: 'certifying', ...subject }))
    await books.record(() => ({ act: 'issued', serial: `0${i}`, name: 'x', certificate: 'AA', ...subject }))
  }
  const announcements = new Announcements({}, { books })
  const say = (key: NodeKey, port: number) =>
    announcements.take(
      announcement.sign(
        {
          ...{ kind: 'announcement', peerId: key.peerId, issuedAt: clock.now(), mailboxes: [] },
          addresses: [`/ip4/192.0.2.1/tcp/${port}`],
        },
        key,
      ).bytes,
    )
  for (let port = 1; port <= 50; port++) {
    expect(await say(keys[0], port)).toBe(true)
    await clock.advance(60_000)
  }
  const lines = books.tree.size
  await expect(say(keys[0], 51)).rejects.toMatchObject({
    ...{ code: 'TOO_MANY_ATTEMPTS', facts: { retryAfterSeconds: 86_400 - 50 * 60 } },
  })
  expect([await say(keys[0], 50), books.tree.size]).toEqual([false, lines])
  expect(await say(keys[1], 1)).toBe(true)
  await clock.advance(86_400_000 - 50 * 60_000)
  expect(await say(keys[0], 51)).toBe(true)
  await clock.advance(59_000)
  await expect(say(keys[0], 52)).rejects.toMatchObject({ facts: { retryAfterSeconds: 1 } })
})

test('a restart serves the same bundle, byte for byte, and knows the token that was used', async () => {
  await using registry = await TestRegistry.create({ settings: fixedAddress })
  const { token, key } = await registry.addClinic('10000001')
  await registry.enrol(key, '10000001', token)
  await announce(registry, key, 7)
  const get = async () =>
    witnessedBundle.decode((await registry.call('GET', '/api/v1/bundle', { headers: accept })).body).document
  const before = await get()
  await registry.stop()
  await registry.clock.advance(60_000)
  await registry.start()
  expect(await get()).toEqual(before)
  expect((await registry.enrol(key, '10000001', token)).status).toBe(401)
})

test('an unchanged bundle is issued anew after an hour, so that its date says how fresh it is', async () => {
  await using registry = await TestRegistry.create({ settings: fixedAddress })
  const before = await signedBundle(registry)
  await registry.stop()
  await registry.clock.advance(3_599_000)
  await registry.start()
  expect(await signedBundle(registry)).toEqual(before)
  await registry.stop()
  await registry.clock.advance(1_000)
  await registry.start()
  const after = await signedBundle(registry)
  expect(after.version).toBeGreaterThan(before.version)
  expect(after.issuedAt - before.issuedAt).toBeGreaterThanOrEqual(3_600_000)
})

test('the prefix is the longest with fifty declared patients in a bucket', () => {
  const examples = [0, 49, 50, 99, 100, 199, 200, 17_000_000, 50 * 2 ** 24, 50 * 2 ** 30].map(prefixBits)
  expect(examples).toEqual([0, 0, 0, 0, 1, 1, 2, 18, 24, 24])
})
