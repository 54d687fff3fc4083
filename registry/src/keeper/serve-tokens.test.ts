import {
  CertificateAuthority,
  CertificateVerifier,
  NodeKey,
  credentialOf,
  derOf,
  pemOf,
} from '@twiin/identity'
import { PeerHost } from '@twiin/network'
import { KeeperKey, TokenClient, parseBsn } from '@twiin/patient-token'
import type { EvaluationRequest } from '@twiin/patient-token'
import { limits, protocolIds, tokenAnswer, tokenRequest } from '@twiin/protocol'
import type { TokenAnswer } from '@twiin/protocol'
import { TwiinError, silentLogger } from '@twiin/runtime'
import { expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'

/** A clinic's node as far as tokens need one. */
class TestPeer implements AsyncDisposable {
  readonly #host: PeerHost
  readonly #keeper: string

  private constructor(host: PeerHost, keeper: string) {
    this.#host = host
    this.#keeper = keeper
  }

  static async start(registry: TestRegistry, { key, pem }: { key: NodeKey; pem: string }): Promise<TestPeer> {
    const [leaf = '', issuing = ''] =
      pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    const credential = credentialOf(derOf('CERTIFICATE', leaf), derOf('CERTIFICATE', issuing))
    const rootCertificate = await registry.read('authority/root.pem')
    const verifier = new CertificateVerifier(
      { trustDomain: 'twiin.example', rootCertificate },
      { clock: registry.clock },
    )
    const { peerId, multiaddrs } = registry.runtime
    const host = new PeerHost(
      { listen: ['/ip4/127.0.0.1/tcp/0'], dialLoopback: true },
      {
        seed: key.seed,
        admission: {
          credential: () => credential,
          verify: async (presented, remote) =>
            expect(await verifier.verify(presented)).toMatchObject({ peerId: remote, role: 'keeper' }),
          stillAdmitted: () => true,
        },
        addresses: { addressesOf: () => multiaddrs },
        log: silentLogger,
      },
    )
    await host.start()
    return new TestPeer(host, peerId)
  }

  async evaluate(request: Partial<EvaluationRequest>): Promise<TokenAnswer> {
    const blinded = [...(request.blinded ?? [KeeperKey.generate().publicKey])]
    const bytes = tokenRequest.encode({ kind: 'evaluate', epoch: 1, purpose: 'publish', ...request, blinded })
    const granted = { maxAnswerBytes: limits.tokenAnswerBytes, timeoutMs: 10_000 }
    return tokenAnswer.decode(await this.#host.ask(this.#keeper, protocolIds.token, bytes, granted))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host.stop()
  }
}

const outcome = (answer: TokenAnswer) => (answer.kind === 'refused' ? answer.reason : answer.kind)

test('two clinics get the same token for the same patient, with proofs under the key in the bundle', async () => {
  await using registry = await TestRegistry.create()
  await using a = await TestPeer.start(registry, await registry.member('10000001'))
  await using b = await TestPeer.start(registry, await registry.member('10000002'))
  const { tokens } = (await registry.call('GET', '/api/v1/bundle')).json<{ tokens: { publicKey: string } }>()
  const publicKey = Buffer.from(tokens.publicKey, 'hex')
  const clientOf = (peer: TestPeer) =>
    new TokenClient(
      {},
      {
        keepers: () => ({
          epoch: 1,
          threshold: 1,
          publicKey,
          keepers: [
            {
              index: 1,
              publicKey,
              evaluate: async (request) => {
                const answer = await peer.evaluate(request)
                if (answer.kind === 'refused') throw new TwiinError(answer.reason)
                return answer
              },
            },
          ],
        }),
      },
    )
  const bsn = parseBsn('999900006')
  const [published] = await clientOf(a).tokens([bsn], 'publish')
  const [lookedUp] = await clientOf(b).tokens([bsn], 'lookup', 'radiologist-1')
  expect(lookedUp).toEqual(published)

  const records = (await registry.read(`data/evaluations-${month(registry)}.jsonl`)).trim().split('\n')
  expect(records.map((line) => JSON.parse(line) as object)).toMatchObject([
    { ura: '10000001', purpose: 'publish', count: 1, outcome: 'granted' },
    { ura: '10000002', purpose: 'lookup', count: 1, user: 'radiologist-1', outcome: 'granted' },
  ])
})

test('the quota is exact under parallel requests, survives a restart, and starts anew the next day', async () => {
  await using registry = await TestRegistry.create({
    settings: {
      http: { port: 0 },
      peer: { listen: ['/ip4/127.0.0.1/tcp/0'], dialLoopback: true },
      quotas: { node: 50, user: 10 },
    },
  })
  const member = await registry.member('10000001')
  const ask = async (requests: Partial<EvaluationRequest>[]) => {
    await using peer = await TestPeer.start(registry, member)
    // Up to 16 requests of one peer are served at a time.
    const outcomes: string[] = []
    for (let i = 0; i < requests.length; i += 16)
      outcomes.push(
        ...(await Promise.all(
          requests.slice(i, i + 16).map(async (one) => outcome(await peer.evaluate(one))),
        )),
      )
    return outcomes.filter((one) => one === 'evaluated').length
  }
  const blinded = Array.from({ length: 3 }, () => KeeperKey.generate().publicKey)
  const publish = { purpose: 'publish', blinded } as const
  const lookup = { purpose: 'lookup', user: 'u1' } as const
  expect(await ask(Array.from({ length: 16 }, () => lookup))).toBe(10)
  // 40 left for the node: 13 requests of three, and no request in part.
  expect(await ask(Array.from({ length: 32 }, () => publish))).toBe(13)
  await registry.stop()
  await registry.start()
  expect(await ask([publish, lookup])).toBe(0)
  expect(await ask([{ purpose: 'publish' }, { purpose: 'publish' }])).toBe(1)
  await registry.stop()
  await registry.clock.advance(24 * 3_600_000)
  await registry.start()
  expect(await ask([publish, lookup])).toBe(2)
  const records = await registry.read(`data/evaluations-${month(registry)}.jsonl`).catch(() => '')
  expect(records).not.toContain(Buffer.from(blinded[0] ?? []).toString('hex'))
  expect(records).not.toContain(Buffer.from(blinded[0] ?? []).toString('base64'))
})

test('a revoked clinic gets no token, not over the connection it has and not over a new one', async () => {
  await using registry = await TestRegistry.create()
  const member = await registry.member('10000001')
  await using peer = await TestPeer.start(registry, member)
  expect(outcome(await peer.evaluate({}))).toBe('evaluated')
  const [{ serial } = { serial: '' }] = await registry.certificates()
  for (const as of ['administrator', 'approver'] as const)
    await registry.call('POST', `/api/v1/certificates/${serial}/revocation`, { as, json: { reason: 'test' } })
  await expect(peer.evaluate({})).rejects.toThrow(/^PEER_/)
  await using later = await TestPeer.start(registry, member)
  await expect(later.evaluate({})).rejects.toThrow(/^PEER_/)
})

test('a suspended clinic gets no token until it is resumed', async () => {
  await using registry = await TestRegistry.create()
  const member = await registry.member('10000001')
  const [{ serial } = { serial: '' }] = await registry.certificates()
  const act = async (what: string) => {
    for (const as of ['administrator', 'approver'] as const)
      await registry.call('POST', `/api/v1/certificates/${serial}/${what}`, {
        ...{ as, json: { reason: 'certificateHold' } },
      })
  }
  await using peer = await TestPeer.start(registry, member)
  expect(outcome(await peer.evaluate({}))).toBe('evaluated')
  await act('suspension')
  await expect(peer.evaluate({})).rejects.toThrow(/^PEER_/)
  await using later = await TestPeer.start(registry, member)
  await expect(later.evaluate({})).rejects.toThrow(/^PEER_/)
  await act('resumption')
  await using again = await TestPeer.start(registry, member)
  expect(outcome(await again.evaluate({}))).toBe('evaluated')
})

test('a number of tokens that two people set counts from the next request on, and is a line of the ledger', async () => {
  await using registry = await TestRegistry.create()
  await using peer = await TestPeer.start(registry, await registry.member('10000001'))
  const setQuota = async (tokensPerDay: number | null) => {
    for (const as of ['administrator', 'approver'] as const)
      await registry.call('POST', '/api/v1/organisations/10000001/quota', {
        ...{ as, json: { tokensPerDay, reason: 'unusualUse' } },
      })
  }
  const publish = { purpose: 'publish' } as const
  await setQuota(2)
  const outcomes = []
  for (let i = 0; i < 3; i++) outcomes.push(outcome(await peer.evaluate(publish)))
  expect(outcomes).toEqual(['evaluated', 'evaluated', 'TOKEN_QUOTA_EXCEEDED'])
  await setQuota(null)
  expect(outcome(await peer.evaluate(publish))).toBe('evaluated')
  const lines = (await registry.read('data/ledger.jsonl')).split('\n')
  expect(lines.filter((line) => line.includes('"act":"quota-set"'))).toHaveLength(2)
})

test('a certificate that is signed by the issuing key but stands in no ledger is worth nothing', async () => {
  await using registry = await TestRegistry.create()
  const key = NodeKey.generate()
  const authority = new CertificateAuthority(
    { trustDomain: 'twiin.example' },
    {
      signer: await registry.signer(),
      rootCertificate: await registry.read('authority/root.pem'),
      issuingCertificate: await registry.read('authority/issuing.pem'),
      clock: registry.clock,
    },
  )
  const { der } = await authority.issueNodeCertificate({
    organisation: 'Rogue',
    ura: '10000009',
    declaredPatients: 1,
    role: 'member',
    publicKey: key.publicKey,
  })
  const pem = pemOf('CERTIFICATE', der) + (await registry.read('authority/issuing.pem'))
  await using rogue = await TestPeer.start(registry, { key, pem })
  await expect(rogue.evaluate({})).rejects.toThrow(/^PEER_/)
})

test('a malformed request is refused with a code, and the keeper goes on', async () => {
  await using registry = await TestRegistry.create()
  await using peer = await TestPeer.start(registry, await registry.member('10000001'))
  const notAPoint = new Uint8Array(32).fill(0xff)
  expect(outcome(await peer.evaluate({ blinded: [notAPoint] }))).toBe('TOKEN_REQUEST_INVALID')
  expect(outcome(await peer.evaluate({ blinded: [new Uint8Array(32)] }))).toBe('TOKEN_REQUEST_INVALID')
  expect(outcome(await peer.evaluate({ epoch: 2 }))).toBe('TOKEN_EPOCH_UNKNOWN')
  await expect(peer.evaluate({ blinded: [new Uint8Array(31)] })).rejects.toThrow(/^PEER_/)
  expect(outcome(await peer.evaluate({}))).toBe('evaluated')
})

function month(registry: TestRegistry): string {
  return new Date(registry.clock.now()).toISOString().slice(0, 7)
}
