import { CertificateVerifier, NodeKey, credentialOf, splitCredential } from '@twiin/identity'
import { evidence as evidenceType } from '@twiin/protocol'
import type { Bundle, Evidence } from '@twiin/protocol'
import { codeOf, silentLogger } from '@twiin/runtime'
import type { Facts } from '@twiin/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestLog } from '../testing/test-log.ts'
import { TestNetwork } from '../testing/test-network.ts'
import type { NetworkView } from './network-view.ts'
import { Trust } from './trust.ts'

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
const witnesses = [NodeKey.generate(), NodeKey.generate(), NodeKey.generate()] as const
const [one, two, three] = witnesses
let network: TestNetwork
let view: NetworkView
let trust: Trust
let logged: Facts[]
let key: NodeKey
let leaf: Uint8Array
let issuing: Uint8Array
let serial: string

beforeEach(async () => {
  network = await TestNetwork.open()
  network.witnessing = {
    ...network.witnessing,
    ...{ phase: 'required', witnesses: witnesses.map(({ peerId }) => peerId) },
  }
  network.cosigners = [one, two]
  logged = []
  trust = await opened()
  key = NodeKey.generate()
  await network.join({ ura: '90000001', name: 'A', peerId: key.peerId })
  await publish()
  ;({ leaf, issuing, serial } = await certify(key))
})
afterEach(() => network[Symbol.asyncDispose]())

async function opened(): Promise<Trust> {
  const { rootCertificate, trustDomain } = network.authority
  const { clock } = network
  const log = { ...silentLogger, warn: (_event: string, facts?: Facts) => void logged.push(facts ?? {}) }
  view = network.view({}, { log })
  await view.load()
  const verifier = new CertificateVerifier({ trustDomain, rootCertificate }, { clock })
  return new Trust({ ...view, credential: () => new Uint8Array(), verifier, clock, log })
}
async function certify(of: NodeKey, notAfter = network.clock.now() + 30 * day) {
  const validity = { notBefore: new Date(network.clock.now() - minute), notAfter: new Date(notAfter) }
  const credential = await network.authority.certify(of, {}, validity)
  const { leaf, issuing } = splitCredential(credential)
  const { rootCertificate, trustDomain } = network.authority
  const verifier = new CertificateVerifier({ trustDomain, rootCertificate }, network)
  const { serial } = await verifier.verify(credential)
  return { leaf, issuing, serial }
}
const publish = async (change: Partial<Bundle> = {}) => view.bundle.accept(await network.document(change))
const present = (evidence?: Evidence) =>
  credentialOf(leaf, issuing, evidence === undefined ? undefined : evidenceType.encode(evidence))
/** What admission says: `admitted`, or the code. */
const judged = (evidence: Evidence | undefined, peerId = key.peerId) =>
  trust.verify(present(evidence), peerId).then(
    () => 'admitted',
    (error: unknown) => codeOf(error),
  )
const cut = (state: 'revoked' | 'suspended', peerId: string, serial = 'ab') => ({
  revoked: [{ peerId, serial, state, at: 1, reason: 'keyCompromise' }],
})

describe('a peer is admitted', () => {
  it('with a certificate that stands in the log under two cosignatures, and its requests are too', async () => {
    expect(trust.stillAdmitted(key.peerId)).toBe(false)
    expect(await judged(network.log.issued(leaf, [two, three]))).toBe('admitted')
    expect([trust.stillAdmitted(key.peerId), trust.certificateOf(key.peerId)?.serial]).toEqual([true, serial])
  })

  it.each<[string, string, () => Evidence | undefined]>([
    ['no evidence', 'CERT_UNLOGGED', () => undefined],
    ['evidence of another certificate', 'CERT_UNLOGGED', () => network.log.issued(issuing, [one, two])],
    [
      'the line that asks for it',
      'CERT_UNLOGGED',
      () => {
        const certificate = Buffer.from(leaf).toString('base64')
        return network.log.evidence(network.log.append({ act: 'certifying', certificate }), [one, two])
      },
    ],
    [
      'a path that leads elsewhere',
      'CERT_UNLOGGED',
      () => ({ ...network.log.issued(leaf, [one, two]), path: [new Uint8Array(32)] }),
    ],
    ['a log of another key', 'CERT_UNLOGGED', () => new TestLog(network.authority).issued(leaf, [one, two])],
    ['no cosignature', 'CERT_UNCOSIGNED', () => network.log.issued(leaf)],
    ['one cosignature', 'CERT_UNCOSIGNED', () => network.log.issued(leaf, [one])],
    [
      'a stranger as second witness',
      'CERT_UNCOSIGNED',
      () => network.log.issued(leaf, [one, NodeKey.generate()]),
    ],
  ])('not with %s (%#)', async (_what, code, evidence) => {
    expect(await judged(evidence())).toBe(code)
    expect(trust.stillAdmitted(key.peerId)).toBe(false)
    expect(logged).toEqual([expect.objectContaining({ code, peerId: key.peerId })])
  })

  it('not with bytes for evidence that are none, nor when it is somebody else', async () => {
    const noise = credentialOf(leaf, issuing, Buffer.alloc(12 * 1024, 0x30))
    await expect(trust.verify(noise, key.peerId)).rejects.toThrow('CERT_UNLOGGED')
    const other = NodeKey.generate().peerId
    expect(await judged(network.log.issued(leaf, [one, two]), other)).toBe('CERT_PEER_MISMATCH')
  })

  it('not when one of its two witnesses is cut off, also by a bundle that only restricts', async () => {
    const evidence = network.log.issued(leaf, [one, two])
    expect(await judged(evidence)).toBe('admitted')
    network.cosigners = []
    expect(await publish(cut('suspended', two.peerId))).toBe('restricting')
    expect(await judged(evidence)).toBe('CERT_UNCOSIGNED')
    expect(await judged(network.log.issued(leaf, [one, two, three]))).toBe('admitted')
  })

  it('not when it is cut off itself, which is then the reason, however old its evidence', async () => {
    await publish(cut('revoked', key.peerId))
    expect(await judged(network.log.issued(leaf, [one, two]))).toBe('CERT_REVOKED')
    expect(await judged(network.log.issued(leaf, [one]))).toBe('CERT_REVOKED')
    expect(await judged(undefined)).toBe('CERT_REVOKED')
  })

  it('without cosignatures while the network is founded, and no more from its last day on', async () => {
    await beginAnew()
    network.witnessing = { ...network.witnessing, phase: 'founding', witnesses: [] }
    trust = await opened()
    await publish()
    const evidence = network.log.issued(leaf)
    expect(await judged(evidence)).toBe('admitted')
    expect(await judged(undefined)).toBe('CERT_UNLOGGED')
    ;({ leaf, issuing } = await certify(key, network.clock.now() + 60 * day))
    network.clock.moveOn(30 * day + 1)
    expect(await judged(network.log.issued(leaf))).toBe('CERT_UNCOSIGNED')
  })
})

async function beginAnew(): Promise<void> {
  await network[Symbol.asyncDispose]()
  network = await TestNetwork.open()
}

describe('a peer that is cut off', () => {
  it.each([
    ['revoked', 'CERT_REVOKED'],
    ['suspended', 'CERT_SUSPENDED'],
  ] as const)(
    '(%s) is refused, and asked again on a connection it has: by key and by certificate',
    async (state, code) => {
      const evidence = network.log.issued(leaf, [one, two])
      expect(await judged(evidence)).toBe('admitted')
      await publish(cut(state, NodeKey.generate().peerId, serial))
      expect([trust.stillAdmitted(key.peerId), await judged(evidence)]).toEqual([false, code])
      await publish()
      expect([trust.stillAdmitted(key.peerId), await judged(evidence)]).toEqual([true, 'admitted'])
      network.cosigners = []
      await publish(cut(state, key.peerId))
      expect([trust.stillAdmitted(key.peerId), await judged(evidence)]).toEqual([false, code])
    },
  )

  it('because its certificate ran out is so on a connection it has, five minutes later at the latest', async () => {
    ;({ leaf, issuing } = await certify(key, network.clock.now() + 2 * hour))
    expect(await judged(network.log.issued(leaf, [one, two]))).toBe('admitted')
    network.clock.moveOn(2 * hour + 4 * minute)
    expect(trust.stillAdmitted(key.peerId)).toBe(true)
    network.clock.moveOn(2 * minute)
    expect(trust.stillAdmitted(key.peerId)).toBe(false)
  })
})

describe('with an old bundle', () => {
  const newcomer = NodeKey.generate()
  const newcomerJudged = async () => {
    ;({ leaf, issuing } = await certify(newcomer))
    return judged(network.log.issued(leaf, [one, two]), newcomer.peerId)
  }

  it('of a day nobody new is admitted, and who is new is cut; members and keepers go on', async () => {
    expect(await judged(network.log.issued(leaf, [one, two]))).toBe('admitted')
    expect(await newcomerJudged()).toBe('admitted')
    network.clock.moveOn(24 * hour + minute)
    expect(await newcomerJudged()).toBe('NEWCOMER_WHILE_STALE')
    expect([key, newcomer].map(({ peerId }) => trust.stillAdmitted(peerId))).toEqual([true, false])
    expect(view.bundle.lists(network.keeper.peerId)).toBe(true)
  })

  it('of fourteen days nobody is, and connections end', async () => {
    const evidence = network.log.issued(leaf, [one, two])
    expect(await judged(evidence)).toBe('admitted')
    network.clock.moveOn(14 * day - minute)
    expect([await judged(evidence), trust.stillAdmitted(key.peerId)]).toEqual(['admitted', true])
    network.clock.moveOn(2 * minute)
    expect([await judged(evidence), trust.stillAdmitted(key.peerId)]).toEqual(['BUNDLE_EXPIRED', false])
    await publish()
    expect([await judged(evidence), trust.stillAdmitted(key.peerId)]).toEqual(['admitted', true])
  })
})

describe('a log that showed two lists', () => {
  it('lets nobody new in, by the very credential that showed it; who was known goes on, after a restart too', async () => {
    const known = { leaf, issuing, evidence: network.log.issued(leaf, [one, two]) }
    expect(await judged(known.evidence)).toBe('admitted')
    const fork = network.log.fork()
    network.log.append({ act: 'one thing' })
    view.logView.note(network.log.checkpoint(), 'registry')
    ;({ leaf, issuing } = await certify(key))
    expect(await judged(fork.issued(leaf, [one, two]))).toBe('LOG_DISTRUSTED')
    expect(view.logView.distrust).toMatchObject({ from: `credential of ${key.peerId}` })
    expect(trust.stillAdmitted(key.peerId)).toBe(true)
    const renewed = network.log.issued(leaf, [one, two])
    expect(await judged(renewed)).toBe('LOG_DISTRUSTED')
    await view.stop()
    trust = await opened()
    expect(await judged(renewed)).toBe('LOG_DISTRUSTED')
    ;({ leaf, issuing } = known)
    expect(await judged(known.evidence)).toBe('admitted')
    expect(await publish(cut('revoked', key.peerId))).toBe('restricting')
    expect([await judged(known.evidence), trust.stillAdmitted(key.peerId)]).toEqual(['CERT_REVOKED', false])
  })
})
