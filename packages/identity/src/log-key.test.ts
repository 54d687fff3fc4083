import { createPublicKey, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LogKey, NodeKey, createCertificateRequest, verifySignature } from './index.ts'
import { ed25519Spki, type SignatureDomain } from './node-key.ts'

const fits = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => {
  const key = createPublicKey({ key: ed25519Spki(publicKey), format: 'der', type: 'spki' })
  return verify(null, message, key, signature)
}
const note = Buffer.from(`twiin.example/log\n4711\n${Buffer.alloc(32, 7).toString('base64')}\n`)
const cosigned = Buffer.concat([Buffer.from('cosignature/v1\ntime 1790000000\n'), note])
/** All there are: the type says so. */
const domains = Object.keys({
  'twiin/entry/v1': true,
  'twiin/request/v1': true,
  'twiin/manifest/v1': true,
  'twiin/offer/v1': true,
  'twiin/receipt/v1': true,
  'twiin/answer/v1': true,
  'twiin/announcement/v1': true,
  'twiin/report/v1': true,
  'twiin/anchor/v1': true,
} satisfies Record<SignatureDomain, true>) as SignatureDomain[]
/** What the libp2p noise handshake has the node key sign: libp2p noise specification, "The libp2p Handshake Payload". */
const handshake = Buffer.concat([Buffer.from('noise-libp2p-static-key:'), Buffer.alloc(32, 1)])
/** What a node key signs in a certificate request: everything but header, algorithm and signature. */
const requested = async (key: NodeKey) => {
  const request = await createCertificateRequest(key, { organisation: 'Kliniek', ura: '90000001' })
  return Buffer.from(request.subarray(request.length < 258 ? 3 : 4, -74))
}

describe('the key of the log', () => {
  it('signs the bare text of a note, with the key of its seed', () => {
    const key = LogKey.generate()
    const signature = key.signNote(note)
    expect(signature).toHaveLength(64)
    expect(fits(key.publicKey, note, signature)).toBe(true)
    expect(LogKey.fromSeed(key.seed).signNote(note)).toEqual(signature)
    expect(LogKey.fromSeed(key.seed).publicKey).toEqual(key.publicKey)
    expect(JSON.stringify(key)).not.toContain('seed')
    expect(() => LogKey.fromSeed(new Uint8Array(33))).toThrow('SEED_INVALID')
  })

  it('signs nothing that a node signs', async () => {
    const key = LogKey.generate()
    const refused = [
      new Uint8Array(),
      cosigned,
      ...domains.map((domain) => Buffer.concat([Buffer.from(`${domain}\0`), note])),
      await requested(NodeKey.generate()),
      Buffer.from('twiin/anything'),
      Buffer.concat([note, Buffer.of(0)]),
    ]
    for (const bytes of refused) expect(() => key.signNote(bytes)).toThrow('NOT_A_NOTE')
  })
})

describe('a cosignature', () => {
  it('is made with the node key over the bare message, and is worthless as any other signature', () => {
    const key = NodeKey.generate()
    const signature = key.cosign(cosigned)
    expect(signature).toHaveLength(64)
    expect(fits(key.publicKey, cosigned, signature)).toBe(true)
    for (const domain of domains) {
      expect(verifySignature(key.publicKey, domain, cosigned, signature)).toBe(false)
      expect(verifySignature(key.publicKey, domain, note, signature)).toBe(false)
      expect(fits(key.publicKey, cosigned, key.sign(domain, cosigned))).toBe(false)
    }
  })

  it('is not made over anything else the node key signs, nor over what only looks like it', async () => {
    const key = NodeKey.generate()
    const refused = [
      new Uint8Array(),
      note,
      handshake,
      await requested(key),
      ...domains.map((domain) => Buffer.concat([Buffer.from(`${domain}\0`), cosigned])),
      ...[
        'cosignature/v1',
        'cosignature/v1\ntime ',
        'cosignature/v1\ntime \n',
        'cosignature/v1\ntime 1',
        'cosignature/v1\ntime -1\n',
        'cosignature/v1\ntime 01\n',
        'cosignature/v1\ntime 1e9\n',
        'cosignature/v1\ntime 1234567890123456\n',
        'cosignature/v2\ntime 1\n',
        ' cosignature/v1\ntime 1\n',
        'x\ncosignature/v1\ntime 1\n',
      ].map((text) => Buffer.from(text)),
    ]
    for (const bytes of refused) expect(() => key.cosign(bytes)).toThrow('NOT_A_COSIGNATURE')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => key.cosign(bytes)).toThrow('NOT_A_COSIGNATURE')
      }),
    )
  })
})
