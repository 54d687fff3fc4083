import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { witnessedBundle } from '@twiin/protocol'
import type { Bundle } from '@twiin/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestLog } from '../testing/test-log.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { contentsDigest } from './log-leaf.ts'
import type { NetworkBundle } from './network-bundle.ts'

const day = 86_400_000
let network: TestNetwork
const [one, two, three, stranger] = [1, 2, 3, 4].map(() => NodeKey.generate()) as [
  NodeKey,
  NodeKey,
  NodeKey,
  NodeKey,
]
const { peerId } = NodeKey.generate()

beforeEach(async () => {
  network = await TestNetwork.open()
})
afterEach(() => network[Symbol.asyncDispose]())

const open = (more?: { dir: string }) => network.view(more)
async function reopened(): Promise<NetworkBundle> {
  const view = open()
  await view.load()
  return view.bundle
}
/** Cosignatures are required, by the first three. */
function witnessed(witnesses = [one, two, three]): void {
  network.witnessing = {
    ...network.witnessing,
    phase: 'required',
    witnesses: witnesses.map((witness) => witness.peerId),
  }
  network.cosigners = [one, two]
}
const revoked = (state: 'revoked' | 'suspended' = 'revoked', serial = 'abcd', whose = peerId) => [
  { peerId: whose, serial, state, at: 1, reason: 'keyCompromise' },
]

describe('the network bundle', () => {
  it('survives a restart', async () => {
    expect(await open().bundle.accept(await network.document())).toBe('whole')
    expect((await reopened()).version).toBe(1)
  })

  it('is never replaced by an older one, however they come in', async () => {
    const [older, newer] = [await network.document(), await network.document()]
    const { bundle } = open()
    expect(await Promise.all([bundle.accept(newer), bundle.accept(older)])).toEqual(['whole', 'nothing'])
    const restarted = await reopened()
    expect(await restarted.accept(older)).toBe('nothing')
    expect(restarted.version).toBe(2)
  })

  it('that was tampered with is refused, from the line and from disk, and the one in force stays', async () => {
    const { bundle } = open()
    await bundle.accept(await network.document())
    const { document, evidence } = witnessedBundle.decode(await network.document())
    for (const at of [0, 20, document.length / 2, document.length - 1].map(Math.floor)) {
      const tampered = Buffer.from(document)
      tampered.writeUInt8(tampered.readUInt8(at) ^ 1, at)
      await expect(bundle.accept(witnessedBundle.encode({ document: tampered, evidence }))).rejects.toThrow()
    }
    await expect(bundle.accept(document)).rejects.toThrow('MESSAGE_INVALID')
    expect(bundle.held).toEqual({ version: 1, isWhole: true })
    const file = join(network.dir, 'bundle.cbor')
    await writeFile(file, (await readFile(file)).subarray(1))
    expect((await reopened()).version).toBe(0)
  })

  it('of another trust domain is refused', async () => {
    const document = await network.document({ trustDomain: 'elsewhere.example' })
    await expect(open().bundle.accept(document)).rejects.toThrow('TRUST_DOMAIN_OTHER')
  })

  it('puts a revocation in force also when the disk cannot take it', async () => {
    const { bundle } = open({ dir: join(network.dir, 'not', 'there') })
    expect(await bundle.accept(await network.document({ revoked: revoked() }))).toBe('whole')
    expect([bundle.cutOf('', 'abcd'), bundle.cutOf(peerId)]).toEqual(['revoked', 'revoked'])
  })

  it('is on disk before anybody is told', async () => {
    const { bundle } = open()
    const onDisk: Promise<Buffer>[] = []
    bundle.onChange(() => onDisk.push(readFile(join(network.dir, 'bundle.cbor'))))
    const document = await network.document()
    await bundle.accept(document)
    expect(await Promise.all(onDisk)).toEqual([Buffer.from(document)])
  })
})

describe('a first bundle', () => {
  it('is taken on its own word: with its own witnesses, or without any while the network is founded', async () => {
    expect(await open().bundle.accept(await network.document())).toBe('whole')
    witnessed()
    const elsewhere = open({ dir: join(network.dir, 'elsewhere') })
    network.cosigners = [one]
    await expect(elsewhere.bundle.accept(await network.document())).rejects.toThrow('BUNDLE_UNCOSIGNED')
    network.cosigners = [one, three]
    expect(await elsewhere.bundle.accept(await network.document())).toBe('whole')
  })

  it('pins the log: another one is refused, whoever signed, and after a restart too', async () => {
    await open().bundle.accept(await network.document())
    const other = new TestLog(network.authority)
    const change = { log: other.identity, revoked: revoked() }
    const document = await network.document(change, (content) => other.published(content))
    const bundle = await reopened()
    await expect(bundle.accept(document)).rejects.toThrow('LOG_KEY_CHANGED')
    expect(bundle.cutOf(peerId)).toBeUndefined()
  })
})

describe('a later bundle', () => {
  let bundle: NetworkBundle
  beforeEach(async () => {
    witnessed()
    bundle = open().bundle
    await bundle.accept(await network.document())
  })
  const changed = { index: { epoch: 2, bits: 0, replicas: 3 } }
  const next = (change: Partial<Bundle> = {}) =>
    network.document({ ...changed, revoked: revoked(), ...change })

  it('with two cosignatures is taken whole', async () => {
    expect(await bundle.accept(await next())).toBe('whole')
    expect(bundle.current.index.epoch).toBe(2)
  })

  it.each<[string, () => Promise<Uint8Array>]>([
    ['one cosignature', () => ((network.cosigners = [one]), next())],
    ['one of a stranger', () => ((network.cosigners = [one, stranger]), next())],
    [
      'those of its own new witnesses alone',
      () => (witnessed([one, stranger, three]), (network.cosigners = [one, stranger]), next()),
    ],
    [
      'the line of another version',
      () =>
        network.document({ ...changed, revoked: revoked() }, (bundle) =>
          network.log.published({ ...bundle, version: bundle.version + 1 }, [one, two]),
        ),
    ],
    [
      'the line of another day',
      () =>
        network.document({ ...changed, revoked: revoked() }, (bundle) =>
          network.log.published({ ...bundle, issuedAt: bundle.issuedAt + 1 }, [one, two]),
        ),
    ],
    [
      'the line of other contents',
      () =>
        network.document({ ...changed, revoked: revoked() }, (bundle) =>
          network.log.published({ ...bundle, members: [], revoked: [] }, [one, two]),
        ),
    ],
    [
      'a line of another kind',
      () =>
        network.document({ ...changed, revoked: revoked() }, (bundle) => {
          const { version, issuedAt: at } = bundle
          const line = { act: 'proposed', version, at, digest: contentsDigest(bundle) }
          return network.log.evidence(network.log.append(line), [one, two])
        }),
    ],
    [
      'a path that leads elsewhere',
      () =>
        network.document({ ...changed, revoked: revoked() }, (bundle) => ({
          ...network.log.published(bundle, [one, two]),
          index: 0,
        })),
    ],
    [
      'a checkpoint of another log',
      () =>
        network.document({ ...changed, revoked: revoked() }, (bundle) =>
          new TestLog(network.authority).published(bundle, [one, two]),
        ),
    ],
    ['founding again', () => next({ witnessing: { ...network.witnessing, phase: 'founding' } })],
  ])('with %s restricts: its revocations are in force, nothing else of it is', async (_what, make) => {
    expect(await bundle.accept(await make())).toBe('restricting')
    expect([bundle.cutOf(peerId), bundle.current.index.epoch, bundle.version]).toEqual(['revoked', 1, 1])
    expect(bundle.held).toEqual({ version: 2, isWhole: false })
    const restarted = await reopened()
    expect([restarted.cutOf(peerId), restarted.version, restarted.held]).toEqual([
      'revoked',
      1,
      { version: 2, isWhole: false },
    ])
  })

  it('is whole after all when its cosignatures come', async () => {
    let content: Bundle | undefined
    const bare = await network.document({ ...changed, revoked: revoked() }, (of) => {
      content = of
      return network.log.published(of, [])
    })
    expect(await bundle.accept(bare)).toBe('restricting')
    expect(await bundle.accept(bare)).toBe('nothing')
    const index = network.log.size - 1
    const { document } = witnessedBundle.decode(bare)
    const cosigned = { document, evidence: network.log.evidence(index, [two, three]) }
    expect(content?.version).toBe(2)
    expect(await bundle.accept(witnessedBundle.encode(cosigned))).toBe('whole')
    expect(bundle.held).toEqual({ version: 2, isWhole: true })
  })

  it('that only restricts gives nobody back what an earlier one took, and none shuts the next one up', async () => {
    network.cosigners = []
    await bundle.accept(await next())
    expect(await bundle.accept(await next({ revoked: [], version: Number.MAX_SAFE_INTEGER }))).toBe(
      'restricting',
    )
    expect(bundle.cutOf(peerId)).toBe('revoked')
    const other = NodeKey.generate().peerId
    const later = await network.document({ revoked: revoked('suspended', 'ef', other) })
    expect(await bundle.accept(later)).toBe('restricting')
    expect([bundle.cutOf(peerId), bundle.cutOf(other, 'ef')]).toEqual(['revoked', 'suspended'])
  })

  it('cannot crowd out the revocation of a member by inventing others', async () => {
    await network.join({ ura: '90000001', name: 'A', peerId })
    await bundle.accept(await network.document())
    network.cosigners = []
    await bundle.accept(await next())
    // Base 8 without its zero: every number is a name of its own in the alphabet of peer IDs.
    const invented = (i: number) =>
      `${stranger.peerId.slice(0, -6)}${i.toString(8).replaceAll('0', '8').padStart(6, '8')}`
    const crowd = Array.from({ length: 20_000 }, (_, i) => revoked('revoked', 'ab', invented(i))).flat()
    expect(await bundle.accept(await next({ revoked: crowd }))).toBe('restricting')
    expect(bundle.cutOf(peerId)).toBe('revoked')
  })

  it('that is taken whole ends the restrictions it knows better, however high their number', async () => {
    network.cosigners = []
    const version = Number.MAX_SAFE_INTEGER - 1
    await bundle.accept(await next({ version, issuedAt: network.clock.now() + 3650 * day }))
    expect(bundle.cutOf(peerId)).toBe('revoked')
    network.clock.moveOn(1000)
    network.cosigners = [one, two]
    expect(await bundle.accept(await network.document())).toBe('whole')
    expect([bundle.cutOf(peerId), bundle.held.isWhole]).toEqual([undefined, true])
    expect((await reopened()).cutOf(peerId)).toBeUndefined()
  })

  it('of an earlier day leaves the restrictions of a later one in force', async () => {
    const earlier = await network.document()
    network.clock.moveOn(1000)
    network.cosigners = []
    await bundle.accept(await next())
    expect(await bundle.accept(earlier)).toBe('whole')
    expect([bundle.version, bundle.cutOf(peerId), bundle.held]).toEqual([
      2,
      'revoked',
      { version: 3, isWhole: false },
    ])
  })

  it('is not witnessed by who is cut off, also when only a restriction says so', async () => {
    network.cosigners = []
    await bundle.accept(await network.document({ revoked: revoked('suspended', 'ab', one.peerId) }))
    network.cosigners = [one, two]
    expect(await bundle.accept(await network.document({ ...changed, issuedAt: 1 }))).toBe('restricting')
    network.cosigners = [two, three]
    expect(await bundle.accept(await network.document(changed))).toBe('whole')
  })

  it('tells of a restriction, and is told apart by what somebody else holds', async () => {
    let told = 0
    bundle.onChange(() => told++)
    const first = bundle.newerThan({ version: 0, isWhole: true })
    network.cosigners = []
    const restricting = await next()
    await bundle.accept(restricting)
    expect(told).toBe(1)
    expect(first).toBeDefined()
    expect(bundle.newerThan({ version: 0, isWhole: true })).toEqual(first)
    expect(bundle.newerThan({ version: 1, isWhole: true })).toEqual(restricting)
    expect(bundle.newerThan({ version: 2, isWhole: false })).toBeUndefined()
    expect(bundle.newerThan({ version: 2, isWhole: true })).toBeUndefined()
  })
})

describe('founding', () => {
  it('ends on its day, whatever the bundle says, and a bundle cannot put that day off', async () => {
    const { bundle } = open()
    await bundle.accept(await network.document())
    const { witnessing } = network
    const later = { ...witnessing, endsAt: witnessing.endsAt + day }
    expect(await bundle.accept(await network.document({ witnessing: later }))).toBe('restricting')
    expect(bundle.trustedLog().quorum).toBe(0)
    network.clock.moveOn(31 * day)
    expect(bundle.trustedLog().quorum).toBe(2)
    expect(await bundle.accept(await network.document())).toBe('restricting')
  })
})
