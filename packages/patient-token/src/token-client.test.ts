import { TwiinError } from '@twiin/runtime'
import { ristretto255_oprf } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { parseBsn } from './bsn.ts'
import type { Bsn } from './bsn.ts'
import type { EvaluationAnswer, EvaluationRequest, TokenKeeperPeer, TokenKeepers } from './evaluation.ts'
import { KeeperKey } from './keeper-key.ts'
import { CachedTokens } from './known-tokens.ts'
import { privateInput } from './patient-token.ts'
import type { PatientToken } from './patient-token.ts'
import { scalars } from './ristretto255.ts'
import { TokenClient } from './token-client.ts'
import { evaluate } from './voprf.ts'

const reference = ristretto255_oprf.voprf
const bsns = ['999990019', '999990020', '999990032'].map(parseBsn)
const [own, ownToo, stranger] = bsns as [Bsn, Bsn, Bsn]
const group = KeeperKey.generate()

/** The token by an independent implementation that knows the whole key. */
function expected(bsn: Bsn): Uint8Array {
  const input = privateInput(bsn)
  const { blind, blinded } = reference.blind(input)
  const { evaluated, proof } = reference.blindEvaluate(group.bytes, group.publicKey, blinded)
  return reference.finalize(input, blind, evaluated, blinded, group.publicKey, proof)
}
const tokens = bsns.map(expected)
const hex = (tokens: readonly Uint8Array[]) => tokens.map((token) => Buffer.from(token).toString('hex'))

type Behaviour = (request: EvaluationRequest) => Promise<EvaluationAnswer>

class Peer implements TokenKeeperPeer {
  readonly asked: EvaluationRequest[] = []
  readonly publicKey: Uint8Array
  readonly index: number
  behave: Behaviour

  constructor(index: number, key: KeeperKey) {
    this.index = index
    this.publicKey = key.publicKey
    this.behave = this.#honest(key)
  }

  evaluate(request: EvaluationRequest): Promise<EvaluationAnswer> {
    this.asked.push(request)
    return this.behave(request)
  }

  /** Answers with another key than the published one, proof and all. */
  cheat(key = KeeperKey.generate()): void {
    this.behave = this.#honest(key)
  }

  refuse(code: string): void {
    this.behave = () => Promise.reject(new TwiinError(code))
  }

  #honest(key: KeeperKey): Behaviour {
    const share = { secret: key.bytes, publicKey: key.publicKey }
    return async ({ blinded }) => ({ keeper: this.index, ...(await evaluate(share, blinded)) })
  }
}

function oneKeeper() {
  const peer = new Peer(1, group)
  const keepers: TokenKeepers = { epoch: 1, threshold: 1, publicKey: group.publicKey, keepers: [peer] }
  return { peer, keepers, client: new TokenClient({}, { keepers: () => keepers }) }
}

/** The group key split by a polynomial of degree two: three of five shares are enough, two say nothing. */
function threeOfFive(cheated?: (keeper: number) => void) {
  const coefficients = [group.bytes, KeeperKey.generate().bytes, KeeperKey.generate().bytes]
  const share = (index: number) =>
    coefficients.reduceRight((sum, coefficient) =>
      scalars.plus(scalars.times(sum, scalars.of(index)), coefficient),
    )
  const peers = [1, 2, 3, 4, 5].map((index) => new Peer(index, KeeperKey.fromBytes(share(index))))
  const only = (...indices: number[]) => peers.filter(({ index }) => indices.includes(index))
  const keepers: TokenKeepers = { epoch: 1, threshold: 3, publicKey: group.publicKey, keepers: peers }
  const client = (set = peers) =>
    new TokenClient({}, { keepers: () => ({ ...keepers, keepers: set }), ...(cheated ? { cheated } : {}) })
  return { peers, only, client }
}

describe('one keeper', () => {
  it('gives every hospital the same 64-byte token for the same patient, and sees neither BSN nor token', async () => {
    const { client, peer } = oneKeeper()
    const [first, again] = [await client.tokens(bsns, 'publish'), await client.tokens(bsns, 'lookup', 'u1')]
    expect(hex(first)).toEqual(hex(tokens))
    expect(hex(again)).toEqual(hex(first))
    expect(new Set(hex(first)).size).toBe(bsns.length)
    const [one, two] = peer.asked.map((request) => hex(request.blinded))
    expect(one?.filter((point) => two?.includes(point))).toEqual([])
  })

  it('is asked once for a patient who is named twice, in batches of at most the limit', async () => {
    const { keepers, peer } = oneKeeper()
    const client = new TokenClient({ batch: 2 }, { keepers: () => keepers })
    const many = [...bsns, ...bsns]
    expect(hex(await client.tokens(many, 'publish'))).toEqual(hex([...tokens, ...tokens]))
    expect(peer.asked.map(({ blinded }) => blinded.length)).toEqual([2, 1])
    expect(await client.tokens([], 'publish')).toEqual([])
  })

  it('that answers with another key, a wrong count or another name is named as cheating, and no token comes out', async () => {
    const { client, peer } = oneKeeper()
    const honest = peer.behave
    peer.cheat()
    await expect(client.tokens(bsns, 'publish')).rejects.toMatchObject({
      code: 'TOKEN_KEEPER_CHEATED',
      facts: { keeper: 1 },
    })
    peer.behave = async (request) => ({ ...(await honest(request)), evaluated: [] })
    await expect(client.tokens(bsns, 'publish')).rejects.toMatchObject({ code: 'TOKEN_KEEPER_CHEATED' })
    peer.behave = async (request) => ({ ...(await honest(request)), keeper: 2 })
    await expect(client.tokens(bsns, 'publish')).rejects.toMatchObject({ code: 'TOKEN_KEEPER_CHEATED' })
  })

  it('that is down or refuses makes a clear error', async () => {
    const { client, peer } = oneKeeper()
    peer.refuse('PEER_UNREACHABLE')
    await expect(client.tokens(bsns, 'lookup')).rejects.toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
      facts: { reason: 'PEER_UNREACHABLE' },
    })
    peer.refuse('TOKEN_QUOTA_EXCEEDED')
    await expect(client.tokens(bsns, 'lookup')).rejects.toMatchObject({ code: 'TOKEN_QUOTA_EXCEEDED' })
  })

  it('with a share that does not make the published group key gives no token', async () => {
    const { keepers } = oneKeeper()
    const other = { ...keepers, publicKey: KeeperKey.generate().publicKey }
    const twice = { ...keepers, keepers: [...keepers.keepers, ...keepers.keepers] }
    for (const wrong of [other, twice, { ...keepers, threshold: 0 }]) {
      const client = new TokenClient({}, { keepers: () => wrong })
      await expect(client.tokens(bsns, 'publish')).rejects.toMatchObject({ code: 'TOKEN_KEEPERS_INVALID' })
    }
  })
})

describe('three of five keepers', () => {
  it('make the same token as one keeper, whichever three answer', async () => {
    const { client, only } = threeOfFive()
    for (let a = 1; a <= 3; a++)
      for (let b = a + 1; b <= 4; b++)
        for (let c = b + 1; c <= 5; c++)
          expect(hex(await client(only(a, b, c)).tokens(bsns, 'publish'))).toEqual(hex(tokens))
  })

  it('go on with two down; with three down the error says so', async () => {
    const { client, peers } = threeOfFive()
    peers.slice(0, 2).forEach((peer) => peer.refuse('PEER_UNREACHABLE'))
    expect(hex(await client().tokens(bsns, 'publish'))).toEqual(hex(tokens))
    peers[2]?.refuse('PEER_UNREACHABLE')
    await expect(client().tokens(bsns, 'publish')).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE' })
  })

  it('name the one that cheats and do without it', async () => {
    const named: number[] = []
    const { client, peers, only } = threeOfFive((keeper) => named.push(keeper))
    peers[3]?.cheat()
    for (let i = 0; i < 8; i++) {
      expect(hex(await client().tokens(bsns, 'publish'))).toEqual(hex(tokens))
    }
    expect(new Set(named).size).toBeLessThanOrEqual(1)
    await expect(client(only(1, 2, 4)).tokens(bsns, 'publish')).rejects.toMatchObject({
      code: 'TOKEN_KEEPER_CHEATED',
      facts: { keeper: 4 },
    })
    expect(named).toContain(4)
  })

  it('share the load: no three are asked every time', async () => {
    const { client, peers } = threeOfFive()
    for (let i = 0; i < 30; i++) await client().tokens(bsns.slice(0, 1), 'lookup')
    expect(peers.every(({ asked }) => asked.length > 0 && asked.length < 30)).toBe(true)
    expect(peers.reduce((sum, { asked }) => sum + asked.length, 0)).toBe(90)
  })
})

describe('known tokens', () => {
  const setUp = () => {
    const stored = new Map<string, PatientToken>()
    const known = {
      get: async (epoch: number, bsn: string) => stored.get(`${epoch} ${bsn}`),
      put: async (epoch: number, bsn: string, token: PatientToken) =>
        void stored.set(`${epoch} ${bsn}`, token),
    }
    const { client, peer } = oneKeeper()
    const now = { epoch: 1 }
    const cached = new CachedTokens({}, { known, source: client, epoch: () => now.epoch })
    return { stored, peer, cached, now }
  }

  it('keep own patients findable while no keeper answers; strangers get a clear error', async () => {
    const { cached, peer } = setUp()
    await cached.tokens([own, ownToo], 'publish')
    peer.refuse('PEER_UNREACHABLE')
    expect(hex(await cached.tokens([ownToo, own, own], 'lookup'))).toEqual(
      hex([ownToo, own, own].map(expected)),
    )
    await expect(cached.tokens([own, stranger], 'lookup')).rejects.toMatchObject({
      code: 'TOKEN_UNAVAILABLE',
    })
  })

  it('ask the keepers for the missing ones only, and do not remember who was merely looked up', async () => {
    const { cached, peer, stored } = setUp()
    await cached.tokens([own], 'publish')
    expect(hex(await cached.tokens([stranger, own], 'lookup'))).toEqual(hex([stranger, own].map(expected)))
    expect(peer.asked.map(({ blinded }) => blinded.length)).toEqual([1, 1])
    expect([...stored.keys()]).toEqual([`1 ${own}`])
  })

  it('of an earlier epoch are not used in the next', async () => {
    const { cached, peer, now } = setUp()
    await cached.tokens([own], 'publish')
    now.epoch = 2
    await cached.tokens([own], 'publish')
    expect(peer.asked).toHaveLength(2)
  })
})
