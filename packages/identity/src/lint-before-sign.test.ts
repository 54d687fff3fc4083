import { X509Certificate, randomBytes } from 'node:crypto'
import { ManualClock, codeOf } from '@twiin/runtime'
import { beforeAll, describe, expect, it } from 'vitest'
import { nodeContent, type NodeSubject } from './certificate-authority.ts'
import { oids } from './certificate-profile.ts'
import { subjectNameOf } from './chain.ts'
import { embedded, toBytes } from './der.ts'
import { CertificateAuthority, NodeKey, derOf, type Signer } from './index.ts'
import { generateRsaKey, writeAuthorities } from './key-ceremony.ts'
import { LintBeforeSign } from './lint-before-sign.ts'
import { signerOf } from './signer.ts'
import { takenOver, testAuthority, type TestAuthority } from './testing.ts'
import * as write from './write-certificate.ts'

const day = 24 * 60 * 60 * 1000
const clock = new ManualClock()
const key = NodeKey.generate()
const subject: NodeSubject = {
  organisation: 'Ziekenhuis De Proef',
  ura: '90000001',
  declaredPatients: 100_000,
  role: 'member',
  publicKey: key.publicKey,
}
let test: TestAuthority
let issuing: X509Certificate
let real: Signer

beforeAll(async () => {
  test = await testAuthority({ clock })
  issuing = new X509Certificate(derOf('CERTIFICATE', test.issuingCertificate))
  real = signerOf((await takenOver(test)).issuingKey)
})

/** The real key, and everything it was asked to sign. */
function countingSigner(signer: Signer = real): Signer & { asked: Uint8Array[] } {
  const asked: Uint8Array[] = []
  return { asked, sign: (tbs) => (asked.push(tbs), signer.sign(tbs)) }
}

const contentOf = (changes: Partial<NodeSubject> = {}, trustDomain = test.trustDomain) => ({
  serial: randomBytes(16),
  issuer: embedded(subjectNameOf(issuing.raw)),
  notBefore: new Date(clock.now()),
  notAfter: new Date(clock.now() + 30 * day),
  ...nodeContent({ ...subject, ...changes }, trustDomain, issuing),
})

describe('before signing', () => {
  it('the verifier refuses what is wrong, and the key of the authority is never asked', async () => {
    const good = contentOf()
    const replaced = (index: number, value: write.CertificateContent['extensions'][number]) => ({
      ...good,
      extensions: good.extensions.with(index, value),
    })
    const [basicConstraints, keyUsage, extendedKeyUsage] = [0, 1, 2]
    const end = issuing.validToDate.getTime()
    const refused: Record<string, [write.CertificateContent, string]> = {
      'a DNS name outside': [contentOf({ dnsNames: ['elsewhere.example'] }), 'CERT_CONSTRAINT'],
      'another trust domain': [contentOf({}, 'elsewhere.example'), 'CERT_CONSTRAINT'],
      'a URA of three digits': [contentOf({ ura: '123' }), 'CERT_SUBJECT'],
      'an organisation of two lines': [contentOf({ organisation: 'two\nlines' }), 'CERT_SUBJECT'],
      'an AGB of letters': [contentOf({ agb: 'abc' }), 'CERT_SUBJECT'],
      'more patients than people': [contentOf({ declaredPatients: 20_000_001 }), 'CERT_SUBJECT'],
      'an unknown role': [contentOf({ role: 'registry' as never }), 'CERT_SUBJECT'],
      "somebody else's key": [
        { ...good, spki: contentOf({ publicKey: NodeKey.generate().publicKey }).spki },
        'CERT_PEER_MISMATCH',
      ],
      'a CA': [replaced(basicConstraints, write.basicConstraints({ pathLength: 0 })), 'CERT_USAGE'],
      'key usage': [replaced(keyUsage, write.keyUsage('keyCertSign')), 'CERT_USAGE'],
      'extended key usage': [
        replaced(extendedKeyUsage, write.extendedKeyUsage(oids.serverAuth)),
        'CERT_USAGE',
      ],
      'an extension twice': [
        { ...good, extensions: [...good.extensions, good.extensions.at(-1)!] },
        'CERT_USAGE',
      ],
      'another issuer name': [{ ...good, issuer: write.name([oids.commonName, 'another']) }, 'CERT_CHAIN'],
      'a second longer than its issuer': [{ ...good, notAfter: new Date(end + 1000) }, 'CERT_EXPIRED'],
      'before its issuer': [{ ...good, notBefore: new Date(0) }, 'CERT_NOT_YET_VALID'],
      'ends before it begins': [{ ...good, notAfter: new Date(clock.now() - day) }, 'CERT_EXPIRED'],
    }
    const signer = countingSigner()
    const lint = new LintBeforeSign(test, { signer })
    for (const [what, [content, code]] of Object.entries(refused))
      expect([what, await lint.issue(content).then(() => 'issued', codeOf)]).toEqual([what, code])
    expect(signer.asked).toEqual([])

    const { der } = await lint.issue(good)
    expect(signer.asked).toHaveLength(1)
    // What was judged is what was signed, byte for byte.
    expect(Buffer.from(der).includes(Buffer.from(signer.asked[0]!))).toBe(true)
    await lint.issue({ ...good, notAfter: new Date(end) })
    expect(signer.asked).toHaveLength(2)
  })

  it('the authority refuses what only the verifier sees', async () => {
    const signer = countingSigner()
    const authority = new CertificateAuthority({ trustDomain: test.trustDomain }, { ...test, signer, clock })
    const refusal = (...args: Parameters<CertificateAuthority['issueNodeCertificate']>) =>
      authority.issueNodeCertificate(...args).then(() => 'issued', codeOf)
    const early = { notBefore: new Date(0), notAfter: new Date(clock.now() + day) }
    const late = { notBefore: new Date(issuing.validToDate.getTime() + day), notAfter: new Date(2 ** 42) }
    expect(await refusal({ ...subject, role: 'registry' as never })).toBe('CERT_SUBJECT')
    expect(await refusal(subject, early)).toBe('CERT_NOT_YET_VALID')
    expect(await refusal(subject, late)).toBe('CERT_EXPIRED')
    expect(signer.asked).toEqual([])
    expect(await refusal(subject)).toBe('issued')
  })

  it('a hierarchy that does not hold together is seen', async () => {
    const names = { trustDomain: test.trustDomain, organisation: 'Test authority', at: new Date(clock.now()) }
    const [root, other] = await Promise.all([generateRsaKey(2048), generateRsaKey(2048)])
    const strange = await writeAuthorities(names, root, other)
    const signer = countingSigner()
    const { issuingCertificate } = test
    const lint = new LintBeforeSign({ ...test, ...strange, issuingCertificate }, { signer })
    await expect(lint.issue(contentOf())).rejects.toThrow('not a CA of the root')
    expect(signer.asked).toEqual([])
  })

  it('the stand-in has the names and constraints of the real hierarchy: only keys differ', () => {
    for (const pem of [test.rootCertificate, test.issuingCertificate]) {
      const der = derOf('CERTIFICATE', pem)
      const own = new X509Certificate(der).publicKey.export({ format: 'der', type: 'spki' })
      const another = contentOf().spki
      const signedPart = (spki: Uint8Array) => Buffer.from(toBytes(write.withOtherKey(der, spki)))
      expect(signedPart(own)).toEqual(Buffer.from(der).subarray(4, 4 + signedPart(own).length))
      expect(signedPart(another).includes(another)).toBe(true)
      expect(signedPart(another)).toHaveLength(signedPart(own).length - own.length + another.length)
    }
  })
})

describe('after signing', () => {
  it('nothing leaves that does not verify', async () => {
    const { trustDomain } = test
    const other = await generateRsaKey(2048)
    const broken: Record<string, Signer> = {
      'another key': signerOf(other),
      'a bit flipped': {
        sign: async (tbs) => (await real.sign(tbs)).map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
      },
      'something else signed': { sign: (tbs) => real.sign(tbs.subarray(1)) },
      'no bytes': { sign: async () => new Uint8Array() },
      'a node key': { sign: async (tbs) => key.sign('twiin/entry/v1', tbs) },
    }
    for (const [what, signer] of Object.entries(broken)) {
      const counting = countingSigner(signer)
      const authority = new CertificateAuthority({ trustDomain }, { ...test, signer: counting, clock })
      const answer = await authority.issueNodeCertificate(subject).then(() => 'issued', codeOf)
      expect([what, answer, counting.asked.length]).toEqual([what, 'CERT_CHAIN', 1])
    }
  })

  it('an issuing certificate that does not belong to the key lets nothing out', async () => {
    const [rootKey, otherKey] = await Promise.all([generateRsaKey(2048), generateRsaKey(2048)])
    const names = { trustDomain: test.trustDomain, organisation: 'Test authority', at: new Date(clock.now()) }
    const elsewhere = await writeAuthorities(names, rootKey, otherKey)
    const signer = countingSigner()
    const authority = new CertificateAuthority(names, { ...elsewhere, signer, clock })
    await expect(authority.issueNodeCertificate(subject)).rejects.toThrow('CERT_CHAIN')
    expect(signer.asked).toHaveLength(1)
  })
})
