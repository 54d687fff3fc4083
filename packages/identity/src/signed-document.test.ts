import { ManualClock, codeOf } from '@twiin/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  DocumentVerifier,
  NodeKey,
  decodeSignedDocument,
  encodeSignedDocument,
  type SignedDocument,
} from './index.ts'
import { splitCredential } from './credential.ts'
import { signerOf } from './signer.ts'
import { signedBytes } from './signed-document.ts'
import { takenOver, testAuthority, type TestAuthority } from './testing.ts'

const clock = new ManualClock()
const payload = Buffer.from('the network bundle')
let test: TestAuthority
let document: SignedDocument
let verifier: DocumentVerifier

beforeAll(async () => {
  test = await testAuthority({ clock })
  document = await test.authority.signDocument(payload)
  verifier = new DocumentVerifier(test, { clock })
})

const verdictOn = (changed: Partial<SignedDocument>) =>
  verifier.verify({ ...document, ...changed }).then(() => 'good', codeOf)

describe('a signed document', () => {
  it('is verified against the root alone', async () => {
    const carried = decodeSignedDocument(encodeSignedDocument(document))
    expect(Buffer.from(await verifier.verify(carried))).toEqual(payload)
  })

  it('is refused when anything of it was changed', async () => {
    expect(await verdictOn({ payload: Buffer.from('the network bundlf') })).toBe('DOCUMENT_SIGNATURE')
    expect(await verdictOn({ payload: new Uint8Array() })).toBe('DOCUMENT_SIGNATURE')
    expect(await verdictOn({ signature: document.signature.with(9, document.signature[9]! ^ 1) })).toBe(
      'DOCUMENT_SIGNATURE',
    )
    expect(await verdictOn({ signature: new Uint8Array() })).toBe('DOCUMENT_SIGNATURE')
    expect(await verdictOn({ issuer: document.issuer.with(300, document.issuer[300]! ^ 1) })).toBe(
      'DOCUMENT_ISSUER',
    )
    expect(await verdictOn({ issuer: new Uint8Array() })).toBe('DOCUMENT_ISSUER')
    expect(await verdictOn({ payload: new Uint8Array(8 * 1024 * 1024 + 1) })).toBe('DOCUMENT_UNREADABLE')
  })

  it('is refused when a node signed it', async () => {
    const key = NodeKey.generate()
    const { leaf } = splitCredential(await test.certify(key))
    const signature = key.sign('twiin/entry/v1', payload)
    expect(await verdictOn({ issuer: leaf, signature })).toBe('DOCUMENT_ISSUER')
  })

  it('is not what the issuing key signs elsewhere: without the prefix it is refused', async () => {
    const { issuingKey: key } = await takenOver(test)
    expect(await verdictOn({ signature: await signerOf(key).sign(signedBytes(payload)) })).toBe('good')
    expect(await verdictOn({ signature: await signerOf(key).sign(payload) })).toBe('DOCUMENT_SIGNATURE')
  })

  it('is refused once its issuer has expired', async () => {
    const later = { now: () => clock.now() + 60 * 365 * 24 * 60 * 60 * 1000 }
    await expect(new DocumentVerifier(test, { clock: later }).verify(document)).rejects.toThrow(
      'DOCUMENT_ISSUER',
    )
  })

  it('is read only when its lengths add up to the last byte', () => {
    const bytes = encodeSignedDocument(document)
    for (const broken of [
      new Uint8Array(),
      bytes.subarray(0, 11),
      bytes.subarray(1),
      bytes.slice(0, -1),
      Buffer.concat([bytes, Buffer.of(0)]),
    ]) {
      expect(() => decodeSignedDocument(broken)).toThrow('DOCUMENT_UNREADABLE')
    }
  })
})
