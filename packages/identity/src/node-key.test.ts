import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NodeKey, peerIdOf, publicKeyOf, verifySignature } from './index.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

describe('a peer ID', () => {
  // The Ed25519 key pair of libp2p's peer-ids specification, "Test vectors"; its peer ID as @libp2p/peer-id 6.0.15 gives it.
  const seed = hex('7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d')
  const publicKey = hex('1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e')

  it('is the one libp2p computes', () => {
    expect(NodeKey.fromSeed(seed).publicKey).toEqual(publicKey)
    expect(NodeKey.fromSeed(seed).peerId).toBe('12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq')
    expect(
      Buffer.from(publicKeyOf('12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA')).toString('hex'),
    ).toBe('2ffa35a99d3a3cfbb17bb7c1dc5561b18a8dcca4df38dc613ea859c37eb1336b')
  })

  it('gives back its key, whatever the key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(publicKeyOf(peerIdOf(key))).toEqual(key)
      }),
    )
  })

  it('is read in its one spelling only', () => {
    const peerId = peerIdOf(publicKey)
    const strange = [
      '',
      'Qm',
      `${peerId}1`,
      `1${peerId}`,
      peerId.slice(0, -1),
      peerId.toLowerCase(),
      ` ${peerId}`,
    ]
    const beyond = `12D3KooW${'z'.repeat(44)}`
    for (const text of [...strange, beyond]) expect(() => publicKeyOf(text)).toThrow('PEER_ID_INVALID')
    expect(() => peerIdOf(publicKey.subarray(1))).toThrow('PUBLIC_KEY_INVALID')
  })
})

describe('a node key', () => {
  it('comes back from its seed, and does not show the seed', () => {
    const key = NodeKey.generate()
    expect(NodeKey.fromSeed(key.seed).peerId).toBe(key.peerId)
    expect(JSON.stringify(key)).not.toContain('seed')
    expect(() => NodeKey.fromSeed(new Uint8Array(31))).toThrow('SEED_INVALID')
  })

  it('signs for one purpose: the signature is worthless for every other', () => {
    const key = NodeKey.generate()
    const message = Buffer.from('a message')
    const signature = key.sign('twiin/entry/v1', message)
    expect(verifySignature(key.publicKey, 'twiin/entry/v1', message, signature)).toBe(true)
    expect(verifySignature(key.publicKey, 'twiin/request/v1', message, signature)).toBe(false)
    expect(verifySignature(NodeKey.generate().publicKey, 'twiin/entry/v1', message, signature)).toBe(false)
    expect(verifySignature(key.publicKey, 'twiin/entry/v1', message.subarray(1), signature)).toBe(false)
  })

  it('is never mistaken about hostile signatures, and never throws over them', () => {
    const { publicKey } = NodeKey.generate()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 40 }), (signature, key) => {
        expect(verifySignature(publicKey, 'twiin/entry/v1', new Uint8Array(), signature)).toBe(false)
        expect(verifySignature(key, 'twiin/entry/v1', new Uint8Array(), signature)).toBe(false)
      }),
    )
  })
})
