import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '@twiin/runtime'
import {
  CertificateAuthority,
  NodeKey,
  holdCeremony,
  openSigner,
  pemOf,
  type Ceremony,
  type NodeSubject,
  type RevocationReason,
} from './index.ts'

const trustDomain = 'twiin.example'
const passphrases = { root: 'kept in a safe', issuing: 'known to two' }
const day = 24 * 60 * 60 * 1000
const key = NodeKey.generate()
const subject: NodeSubject = {
  organisation: 'Sint Antonius Zürich & Zn.',
  ura: '90000001',
  agb: '01234567',
  declaredPatients: 12_000,
  role: 'keeper',
  publicKey: key.publicKey,
}
let directory: string
let ceremony: Ceremony
let authority: CertificateAuthority

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'twiin-identity-'))
  ceremony = await holdCeremony({
    trustDomain,
    organisation: 'Twiin',
    at: new Date(),
    passphrases,
    rootKeyBits: 2048,
    issuingKeyBits: 2048,
  })
  const signer = openSigner(ceremony.issuingKey, passphrases.issuing)
  authority = new CertificateAuthority({ trustDomain }, { signer, clock: systemClock, ...ceremony })
  write('root.pem', ceremony.rootCertificate)
  write('issuing.pem', ceremony.issuingCertificate)
  write('issuing.key', ceremony.issuingKey)
})
afterAll(() => rmSync(directory, { recursive: true }))

const write = (file: string, content: string) => writeFileSync(join(directory, file), content)
const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' })
const verifyStrictly = (file: string, ...options: string[]) =>
  openssl('verify', '-x509_strict', ...options, '-CAfile', 'root.pem', '-untrusted', 'issuing.pem', file)

describe('the key ceremony', () => {
  it('leaves keys that only their passphrase opens, for us and for OpenSSL', () => {
    const open = (passphrase: string) =>
      openssl('pkey', '-in', 'issuing.key', '-passin', `pass:${passphrase}`, '-noout')
    expect(() => open(passphrases.issuing)).not.toThrow()
    expect(() => open(passphrases.root)).toThrow()
    expect(() => openSigner(ceremony.issuingKey, passphrases.root)).toThrow('KEY_NOT_OPENED')
    const naked = openssl('pkey', '-in', 'issuing.key', '-passin', `pass:${passphrases.issuing}`)
    expect(() => openSigner(naked, passphrases.issuing)).toThrow('not encrypted')
    expect(openssl('asn1parse', '-in', 'issuing.key')).toContain(':0927C0') // 600,000 iterations
  })

  it('refuses a passphrase that is too short, and a trust domain that is none', async () => {
    const options = {
      trustDomain,
      organisation: 'Twiin',
      at: new Date(),
      passphrases,
      rootKeyBits: 1024,
      issuingKeyBits: 1024,
    }
    await expect(holdCeremony({ ...options, passphrases: { root: '', issuing: '' } })).rejects.toThrow(
      'PASSPHRASE_TOO_SHORT',
    )
    await expect(holdCeremony({ ...options, trustDomain: 'x' })).rejects.toThrow('SUBJECT_INVALID')
  })

  it('gives root and issuing CA the path lengths, lifetimes and constraints of the spec', () => {
    const root = openssl('x509', '-in', 'root.pem', '-noout', '-text')
    const issuing = openssl('x509', '-in', 'issuing.pem', '-noout', '-text')
    expect(root).toContain('CA:TRUE, pathlen:1')
    expect(issuing).toContain('CA:TRUE, pathlen:0')
    expect(issuing).toMatch(/Name Constraints: critical\s+Permitted:\s+URI:twiin.example\s+DNS:twiin.example/)
    expect(verifyStrictly('issuing.pem')).toContain('OK')
  })
})

describe('a node certificate', () => {
  it('is accepted by OpenSSL in its strictest mode, as client and as server', async () => {
    const { der } = await authority.issueNodeCertificate(subject)
    write('node.pem', pemOf('CERTIFICATE', der))
    expect(verifyStrictly('node.pem', '-purpose', 'sslclient')).toContain('OK')
    expect(
      verifyStrictly('node.pem', '-purpose', 'sslserver', '-verify_hostname', '90000001.twiin.example'),
    ).toContain('OK')
    const text = openssl(
      'x509',
      '-in',
      'node.pem',
      '-noout',
      '-text',
      '-nameopt',
      'utf8,sep_comma_plus_space',
    )
    expect(text).toContain('ED25519')
    expect(text).toContain('organizationIdentifier=URA:90000001')
    expect(text).toContain(`URI:spiffe://twiin.example/ura/90000001/peer/${key.peerId}`)
    expect(text).toContain('2.25.101100395047081913553659489628617382455.1')
  })

  it('is not issued for a subject that breaks the profile', async () => {
    const wrong: Partial<NodeSubject>[] = [
      { organisation: 'two\nlines' },
      { organisation: 'x'.repeat(65) },
      { ura: '9000001' },
      { agb: 'abc' },
      { declaredPatients: -1 },
      { publicKey: new Uint8Array(33) },
      { dnsNames: ['elsewhere.example'] },
      { dnsNames: ['eviltwiin.example'] },
    ]
    for (const change of wrong) {
      await expect(authority.issueNodeCertificate({ ...subject, ...change })).rejects.toThrow(
        'SUBJECT_INVALID',
      )
    }
  })

  it('does not leave when the lint refuses it: a signer with another key', async () => {
    const other = { sign: async () => new Uint8Array(256) }
    const broken = new CertificateAuthority(
      { trustDomain },
      { signer: other, clock: systemClock, ...ceremony },
    )
    await expect(broken.issueNodeCertificate(subject)).rejects.toThrow('CERT_CHAIN')
  })

  it('never outlives its issuer', async () => {
    const late = { now: () => Date.now() + 3 * 365 * day - 5 * day }
    const signer = openSigner(ceremony.issuingKey, passphrases.issuing)
    const old = new CertificateAuthority({ trustDomain }, { signer, clock: late, ...ceremony })
    const { der, notAfter } = await old.issueNodeCertificate(subject)
    write('late.pem', pemOf('CERTIFICATE', der))
    const endOf = (file: string) => openssl('x509', '-in', file, '-noout', '-enddate')
    expect(endOf('late.pem')).toBe(endOf('issuing.pem'))
    const validity = { notBefore: new Date(late.now()), notAfter: new Date(late.now() + 30 * day) }
    expect((await old.issueNodeCertificate(subject, validity)).notAfter).toBe(notAfter)
  })
})

describe('a revocation list', () => {
  it('is verified by OpenSSL, and makes OpenSSL refuse exactly the revoked certificate', async () => {
    const good = await authority.issueNodeCertificate(subject)
    const stolen = await authority.issueNodeCertificate({
      ...subject,
      publicKey: NodeKey.generate().publicKey,
    })
    const list = await authority.createRevocationList({
      revoked: [{ serial: stolen.serial, at: new Date(), reason: 'keyCompromise' }],
      number: 4711,
      nextUpdate: new Date(Date.now() + 30 * day),
    })
    write('list.pem', pemOf('X509 CRL', list))
    write('good.pem', pemOf('CERTIFICATE', good.der))
    write('stolen.pem', pemOf('CERTIFICATE', stolen.der))
    write('chain.pem', ceremony.rootCertificate + ceremony.issuingCertificate)
    const text = execFileSync(
      'sh',
      ['-c', 'openssl crl -in list.pem -CAfile chain.pem -verify -noout -text 2>&1'],
      { cwd: directory, encoding: 'utf8' },
    )
    expect(text).toContain('verify OK')
    expect(text).toContain('Key Compromise')
    expect(text).toMatch(/CRL Number:\s+4711/)
    const check = (file: string) => verifyStrictly(file, '-crl_check', '-CRLfile', 'list.pem')
    expect(check('good.pem')).toContain('OK')
    expect(() => check('stolen.pem')).toThrow(/certificate revoked/)
  })

  it('says of each certificate why, in the words OpenSSL knows; nothing where there is nothing to say', async () => {
    const reasons = {
      unspecified: undefined,
      keyCompromise: 'Key Compromise',
      affiliationChanged: 'Affiliation Changed',
      superseded: 'Superseded',
      cessationOfOperation: 'Cessation Of Operation',
      certificateHold: 'Certificate Hold',
      privilegeWithdrawn: 'Privilege Withdrawn',
    } satisfies Record<RevocationReason, string | undefined>
    const names = Object.keys(reasons) as RevocationReason[]
    const list = await authority.createRevocationList({
      revoked: names.map((reason, i) => ({ serial: `0a0${i + 1}`, at: new Date(), reason })),
      number: 1,
      nextUpdate: new Date(Date.now() + 30 * day),
    })
    write('reasons.pem', pemOf('X509 CRL', list))
    const entries = openssl('crl', '-in', 'reasons.pem', '-noout', '-text').split('Serial Number: ').slice(1)
    const shown = entries.map((entry) => /Reason Code:\s+(.+)/.exec(entry)?.[1]?.trim())
    expect(shown).toEqual(names.map((reason) => reasons[reason]))
  })

  it('may be empty', async () => {
    const nextUpdate = new Date(Date.now() + 30 * day)
    const list = await authority.createRevocationList({ revoked: [], number: 0, nextUpdate })
    write('empty.pem', pemOf('X509 CRL', list))
    expect(openssl('crl', '-in', 'empty.pem', '-noout', '-text')).toContain('No Revoked Certificates')
  })
})
