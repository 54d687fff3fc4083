import { codeOf, isTwiinError } from '@twiin/runtime'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { NodeKey, createCertificateRequest, readCertificateRequest } from './index.ts'

const key = NodeKey.generate()
const facts = { organisation: 'Kliniek Één', ura: '90000002', token: 'dGhlIHRva2VuIG9mIDE2OGJpdHM' }
let request: Uint8Array

beforeAll(async () => {
  request = await createCertificateRequest(key, facts)
})

const refusalOf = (der: Uint8Array) => readCertificateRequest(der).then(() => 'read', codeOf)

describe('a certificate request', () => {
  it('carries the key, the claims and the token', async () => {
    expect(await readCertificateRequest(request)).toEqual({
      publicKey: key.publicKey,
      peerId: key.peerId,
      ...facts,
    })
  })

  it('for a renewal carries no token', async () => {
    const renewal = await createCertificateRequest(key, { organisation: facts.organisation, ura: facts.ura })
    expect(await readCertificateRequest(renewal)).not.toHaveProperty('token')
    await expect(createCertificateRequest(key, { ...facts, token: 'two words' })).rejects.toThrow(
      'SUBJECT_INVALID',
    )
  })

  it('proves possession: every byte changed is noticed', async () => {
    const verdicts = new Set<string>()
    for (let at = 0; at < request.length; at++)
      verdicts.add(await refusalOf(request.with(at, request[at]! ^ 1)))
    expect(verdicts).not.toContain('read')
    expect(verdicts).toContain('CSR_SIGNATURE')
    expect(verdicts).not.toContain('UNEXPECTED')
  })

  it("with somebody else's key in it is refused", async () => {
    const at = Buffer.from(request).indexOf(key.publicKey)
    const borrowed = Uint8Array.from(request)
    borrowed.set(NodeKey.generate().publicKey, at)
    expect(await refusalOf(borrowed)).toBe('CSR_SIGNATURE')
  })

  it('is refused when it is too long, followed by something, or text', async () => {
    expect(await refusalOf(new Uint8Array(16 * 1024 + 1))).toBe('CSR_UNREADABLE')
    expect(await refusalOf(Buffer.concat([request, Buffer.of(0)]))).toBe('CSR_UNREADABLE')
    expect(await refusalOf(Buffer.from(Buffer.from(request).toString('base64')))).toBe('CSR_UNREADABLE')
    expect(await refusalOf(new Uint8Array())).toBe('CSR_UNREADABLE')
  })

  it('is no more than an error, however it was mangled', async () => {
    const place = fc.nat({ max: request.length - 1 })
    const piece = fc.uint8Array({ minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(place, fc.nat({ max: 30 }), piece, async (at, cut, put) => {
        const mangled = Buffer.concat([request.subarray(0, at), put, request.subarray(at + cut)])
        if (mangled.equals(request)) return
        const error: unknown = await readCertificateRequest(mangled).catch((thrown: unknown) => thrown)
        expect(isTwiinError(error)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})
