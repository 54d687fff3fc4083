import { createHash } from 'node:crypto'
import { ManualClock, codeOf, isTwiinError } from '@twiin/runtime'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { NodeKey, credentialOf, derOf, maxCredentialBytes, type CertificateVerifier } from './index.ts'
import { splitCredential } from './credential.ts'
import { signerOf } from './signer.ts'
import { badCredentials, takenOver, testAuthority, type TestAuthority } from './testing.ts'

const minute = 60_000
const day = 24 * 60 * minute
const clock = new ManualClock()
const key = NodeKey.generate()
let test: TestAuthority
let credential: Uint8Array

beforeAll(async () => {
  test = await testAuthority({ clock })
  credential = await test.certify(key, { agb: '01234567' })
})

const refusalOf = (verifier: CertificateVerifier, presented: Uint8Array) =>
  verifier.verify(presented).then(
    () => 'accepted',
    (error: unknown) => codeOf(error),
  )

describe('a good certificate', () => {
  it('says who the peer is', async () => {
    const { leaf } = splitCredential(credential)
    expect(await test.verifier.verify(credential)).toEqual({
      serial: expect.stringMatching(/^[0-9a-f]{30,32}$/) as string,
      ura: '90000001',
      organisation: 'Ziekenhuis De Proef',
      agb: '01234567',
      role: 'member',
      declaredPatients: 100_000,
      peerId: key.peerId,
      publicKey: key.publicKey,
      notBefore: clock.now() - 5 * minute,
      notAfter: clock.now() + 30 * day,
      fingerprint: createHash('sha256').update(leaf).digest('hex'),
      der: leaf,
    })
  })

  it('is believed five minutes before and after its time, not longer, also when it was accepted before', async () => {
    const own = new ManualClock()
    const moving = await testAuthority({ clock: own })
    const start = own.now()
    const presented = await moving.certify(
      NodeKey.generate(),
      {},
      { notBefore: new Date(start), notAfter: new Date(start + day) },
    )
    const at = async (time: number) => {
      const fresh = await testAuthority({ clock: { now: () => time } })
      return refusalOf(fresh.verifier, presented)
    }
    expect(await at(start - 5 * minute - 1)).toBe('CERT_NOT_YET_VALID')
    expect(await at(start - 5 * minute)).toBe('accepted')
    expect(await at(start + day + 5 * minute)).toBe('accepted')
    expect(await refusalOf(moving.verifier, presented)).toBe('accepted')
    await own.advance(day + 5 * minute + 1)
    expect(await refusalOf(moving.verifier, presented)).toBe('CERT_EXPIRED')
  })

  it('costs 25 ms of processor time at most, and next to none the second time', async () => {
    const fresh = await Promise.all(Array.from({ length: 20 }, () => test.certify(NodeKey.generate())))
    const cold = await timed(fresh)
    const warm = await timed(fresh)
    expect(cold / fresh.length).toBeLessThan(25)
    expect(warm).toBeLessThan(cold / 5)
  })

  async function timed(credentials: Uint8Array[]): Promise<number> {
    const start = process.cpuUsage()
    for (const presented of credentials) await test.verifier.verify(presented)
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  }
})

describe('a bad certificate', () => {
  it('is refused, each with its own code', async () => {
    const bad = await badCredentials(key, { clock })
    const refusals = await Promise.all(
      bad.map(async ({ name, credential }) => `${name}: ${await refusalOf(test.verifier, credential)}`),
    )
    expect(refusals).toEqual(bad.map(({ name, code }) => `${name}: ${code}`))
    expect(bad.length).toBeGreaterThanOrEqual(12)
  })

  it('is refused by its length before anything is read', async () => {
    const padded = Buffer.concat([credential, new Uint8Array(maxCredentialBytes)])
    await expect(test.verifier.verify(padded)).rejects.toThrow('too long')
    const { leaf, issuing } = splitCredential(credential)
    expect(await refusalOf(test.verifier, credentialOf(issuing, leaf))).toBe('CERT_CHAIN')
  })

  it('is no more than an error, however it was mangled on the way', async () => {
    await fc.assert(
      fc.asyncProperty(mutation(credential), async (mangled) => {
        // What stands behind the certificates is evidence, at which this does not look.
        if (Buffer.compare(mangled.subarray(0, credential.length), credential) === 0) return
        const error: unknown = await test.verifier.verify(mangled).catch((thrown: unknown) => thrown)
        expect(isTwiinError(error)).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  it('is no more than an error when our own CA signed the nonsense', async () => {
    const issuer = await takenOver(test)
    const { leaf } = splitCredential(credential)
    const tbsLength = 4 + leaf[6]! * 256 + leaf[7]!
    const tbs = leaf.subarray(4, 4 + tbsLength)
    const algorithm = leaf.subarray(4 + tbsLength, leaf.length - 261)
    await fc.assert(
      fc.asyncProperty(mutation(tbs), async (mangled) => {
        const bitString = [Buffer.from('0382010100', 'hex'), await signerOf(issuer.issuingKey).sign(mangled)]
        const body = Buffer.concat([mangled, algorithm, ...bitString])
        const header = Buffer.of(0x30, 0x82, body.length >> 8, body.length & 0xff)
        const start = performance.now()
        const result: unknown = await test.verifier
          .verify(
            credentialOf(Buffer.concat([header, body]), derOf('CERTIFICATE', issuer.issuingCertificate)),
          )
          .catch((thrown: unknown) => thrown)
        if (result instanceof Error) expect(isTwiinError(result)).toBe(true)
        else expect(result).toMatchObject({ peerId: key.peerId, ura: '90000001' }) // only what binds nothing can change
        expect(performance.now() - start).toBeLessThan(5000)
      }),
      { numRuns: 1000 },
    )
  })

  /** A few bytes changed, a piece cut out, or a piece put in. */
  function mutation(original: Uint8Array): fc.Arbitrary<Uint8Array> {
    const place = fc.nat({ max: original.length - 1 })
    const changed = fc
      .array(fc.tuple(place, fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
      .map((changes) =>
        changes.reduce((bytes, [at, value]) => bytes.with(at, value), Uint8Array.from(original)),
      )
    const cut = fc
      .tuple(place, fc.integer({ min: 1, max: 40 }))
      .map(([at, length]) => Buffer.concat([original.subarray(0, at), original.subarray(at + length)]))
    const inserted = fc
      .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 40 }))
      .map(([at, piece]) => Buffer.concat([original.subarray(0, at), piece, original.subarray(at)]))
    return fc.oneof(changed, cut, inserted)
  }
})
