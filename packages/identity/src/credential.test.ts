import { ManualClock } from '@twiin/runtime'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { NodeKey, credentialOf, maxCredentialBytes, maxEvidenceBytes, splitCredential } from './index.ts'
import { testAuthority, type TestAuthority } from './testing.ts'

let test: TestAuthority
let bare: Uint8Array
let leaf: Uint8Array
let issuing: Uint8Array

beforeAll(async () => {
  test = await testAuthority({ clock: new ManualClock() })
  bare = await test.certify(NodeKey.generate())
  ;({ leaf, issuing } = splitCredential(bare))
})

describe('a credential', () => {
  it('comes apart into what it was made of, whatever the evidence', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: maxEvidenceBytes }), (evidence) => {
        expect(splitCredential(credentialOf(leaf, issuing, evidence))).toEqual({ leaf, issuing, evidence })
      }),
    )
  })

  it('without evidence is two certificates and nothing more', () => {
    expect(splitCredential(bare)).toEqual({ leaf, issuing })
    expect(credentialOf(leaf, issuing, new Uint8Array())).toEqual(bare)
    expect(credentialOf(leaf, issuing)).toEqual(bare)
  })

  it('with more evidence, or more of everything, than fits is neither made nor read', () => {
    const most = new Uint8Array(maxEvidenceBytes)
    expect(splitCredential(credentialOf(leaf, issuing, most)).evidence).toHaveLength(maxEvidenceBytes)
    const evidence = new Uint8Array(maxEvidenceBytes + 1)
    expect(() => credentialOf(leaf, issuing, evidence)).toThrow('CREDENTIAL_TOO_LARGE')
    expect(() => splitCredential(Buffer.concat([bare, evidence]))).toThrow('evidence too long')
    const long = Buffer.concat([Buffer.of(0x30, 0x82, 0x0f, 0xfc), new Uint8Array(0x0ffc)]) // 4 KiB
    expect(() => credentialOf(long, Buffer.of(0x30, 0), most)).toThrow('CREDENTIAL_TOO_LARGE')
    expect(() => splitCredential(new Uint8Array(maxCredentialBytes + 1).fill(0x30))).toThrow('too long')
  })

  it('is judged by its certificates alone, and its evidence takes no room among the remembered', async () => {
    const known = await test.verifier.verify(await test.certify(NodeKey.generate()))
    const other = await test.certify(NodeKey.generate())
    const remembered = await test.verifier.verify(other)
    const accepted = await test.verifier.verify(bare)
    for (let i = 1; i <= 1100; i++) {
      const evidence = Buffer.alloc(8)
      evidence.writeUInt32BE(i, 4)
      // The very object: a second judgement would have made a second one.
      expect(await test.verifier.verify(credentialOf(leaf, issuing, evidence))).toBe(accepted)
    }
    expect(await test.verifier.verify(other)).toBe(remembered)
    expect(known).not.toHaveProperty('evidence')
    expect(accepted).not.toHaveProperty('evidence')
  })
})
