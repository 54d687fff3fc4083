import { X509Certificate, createPublicKey, randomBytes, type KeyObject } from 'node:crypto'
import type { Clock } from '@twiin/runtime'
import {
  CertificateAuthority,
  nodeContent,
  type NodeSubject,
  type Validity,
} from './certificate-authority.ts'
import { oids, privateExtensions, spiffeId } from './certificate-profile.ts'
import { CertificateVerifier } from './certificate-verifier.ts'
import { subjectNameOf } from './chain.ts'
import { credentialOf } from './credential.ts'
import { embedded, type Der } from './der.ts'
import { generateRsaKey, writeAuthorities, writeIssuing } from './key-ceremony.ts'
import type { CertificateRefusal } from './node-certificate.ts'
import { NodeKey, ed25519Spki } from './node-key.ts'
import { derOf } from './pem.ts'
import { signerOf } from './signer.ts'
import * as write from './write-certificate.ts'

/** A whole authority in a test: 2048-bit keys, made once per process. */
export interface TestAuthority {
  readonly trustDomain: string
  readonly rootCertificate: string
  readonly issuingCertificate: string
  readonly authority: CertificateAuthority
  readonly verifier: CertificateVerifier
  /** Issues for `key` and returns what its node presents. */
  certify(key: NodeKey, subject?: Partial<NodeSubject>, validity?: Validity): Promise<Uint8Array>
}

const trustDomain = 'twiin.example'
const day = 24 * 60 * 60 * 1000
let keys: Promise<[root: KeyObject, issuing: KeyObject]> | undefined
let certificates: ReturnType<typeof writeAuthorities> | undefined

/** One root in the whole process, valid from 2020 to 2080, so that tests may choose their clocks. */
export async function testAuthority(options: { clock?: Pick<Clock, 'now'> } = {}): Promise<TestAuthority> {
  const clock = options.clock ?? { now: () => Date.now() }
  const [root, issuing] = await testKeys()
  const names = { trustDomain, organisation: 'Test authority', at: new Date(Date.UTC(2020, 0, 1)) }
  certificates ??= writeAuthorities(names, root, issuing, { root: 60, issuing: 60 })
  const { rootCertificate, issuingCertificate } = await certificates
  const authority = new CertificateAuthority(
    { trustDomain },
    { signer: signerOf(issuing), clock, rootCertificate, issuingCertificate },
  )
  const issuingDer = derOf('CERTIFICATE', issuingCertificate)
  return {
    trustDomain,
    rootCertificate,
    issuingCertificate,
    authority,
    verifier: new CertificateVerifier({ trustDomain, rootCertificate }, { clock }),
    certify: async (key, subject, validity) => {
      const { der } = await authority.issueNodeCertificate({ ...subjectOf(key), ...subject }, validity)
      return credentialOf(der, issuingDer)
    },
  }
}

function testKeys(): Promise<[root: KeyObject, issuing: KeyObject]> {
  return (keys ??= Promise.all([generateRsaKey(2048), generateRsaKey(2048)]))
}

/** The issuing CA of `testAuthority`, for who wants to misuse it. */
export async function takenOver(authority: TestAuthority): Promise<Issuer> {
  const [, issuing] = await testKeys()
  return { key: issuing, der: derOf('CERTIFICATE', authority.issuingCertificate) }
}

interface Issuer {
  readonly key: KeyObject
  readonly der: Uint8Array
}

const subjectOf = (key: NodeKey): NodeSubject => ({
  organisation: 'Ziekenhuis De Proef',
  ura: '90000001',
  declaredPatients: 100_000,
  role: 'member',
  publicKey: key.publicKey,
})

interface Changes {
  readonly trustDomain?: string
  readonly subject?: Partial<NodeSubject>
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** Replaces the extension at this place of the profile, or is added at its end. */
  readonly extension?: { readonly index: number; readonly value: Der }
  /** The key that is certified, when it is not the one in the URI. */
  readonly spki?: Uint8Array
}

/** Issues whatever it is told to, as a CA that was taken over would. */
async function issueAnything(key: NodeKey, changes: Changes, issuer: Issuer, now: number) {
  const issuing = new X509Certificate(issuer.der)
  const subject = { ...subjectOf(key), ...changes.subject }
  const content = nodeContent(subject, changes.trustDomain ?? trustDomain, issuing)
  const { index, value } = changes.extension ?? {}
  const extensions = [...content.extensions]
  if (index !== undefined && value !== undefined) extensions[Math.min(index, extensions.length)] = value
  return write.writeCertificate(
    {
      ...content,
      spki: changes.spki ?? content.spki,
      extensions,
      serial: randomBytes(16),
      issuer: embedded(subjectNameOf(issuer.der)),
      notBefore: changes.notBefore ?? new Date(now - day),
      notAfter: changes.notAfter ?? new Date(now + day),
    },
    signerOf(issuer.key),
  )
}

interface BadCredential {
  readonly name: string
  readonly code: CertificateRefusal
  readonly credential: Uint8Array
}

/** Credentials for `key` that every verifier must refuse, each with the code it must be refused with. */
export async function badCredentials(
  key: NodeKey,
  options: { clock?: Pick<Clock, 'now'> } = {},
): Promise<BadCredential[]> {
  const authority = await testAuthority(options)
  const now = options.clock?.now() ?? Date.now()
  return [...(await badChains(key, authority, now)), ...(await badLeaves(key, authority, now))]
}

async function badChains(key: NodeKey, authority: TestAuthority, now: number): Promise<BadCredential[]> {
  const ours = await takenOver(authority)
  const [rootKey] = await testKeys()
  const root = { key: rootKey, der: derOf('CERTIFICATE', authority.rootCertificate) }
  const strangerKey = await generateRsaKey(2048)
  const names = { trustDomain, organisation: 'Test authority', at: new Date(now - day) }

  const strange = await writeAuthorities(names, strangerKey, ours.key)
  const theirs = { key: ours.key, der: derOf('CERTIFICATE', strange.issuingCertificate) }
  const elsewhere = { ...names, trustDomain: 'elsewhere.example' }
  const foreignDer = await writeIssuing(elsewhere, strangerKey, { ...root, certificate: root.der }, 3)
  const spki = createPublicKey(strangerKey).export({ format: 'der', type: 'spki' })
  const leafWithRsaKey = await issueAnything(key, { spki }, ours, now)

  const underOf = (issuer: Issuer) => issueAnything(key, {}, issuer, now)
  const under = async (issuer: Issuer) => credentialOf(await underOf(issuer), issuer.der)
  const chain = (name: string, credential: Uint8Array) => ({ name, code: 'CERT_CHAIN' as const, credential })
  return [
    { name: 'no certificate', code: 'CERT_UNREADABLE', credential: new Uint8Array() },
    { name: 'leaf alone', code: 'CERT_UNREADABLE', credential: await underOf(ours) },
    chain('leaf used as CA', await under({ key: strangerKey, der: leafWithRsaKey })),
    chain('issued by the root itself', await under(root)),
    chain('other root', await under(theirs)),
    chain('self-made in the name of our issuing CA', await under({ ...ours, key: strangerKey })),
    chain('issuing CA as leaf', credentialOf(ours.der, root.der)),
    {
      name: 'issued under our root by the CA of another trust domain',
      code: 'CERT_CONSTRAINT',
      credential: await under({ key: strangerKey, der: foreignDer }),
    },
    { name: 'RSA subject key', code: 'CERT_USAGE', credential: credentialOf(leafWithRsaKey, ours.der) },
  ]
}

async function badLeaves(key: NodeKey, authority: TestAuthority, now: number): Promise<BadCredential[]> {
  const ours = await takenOver(authority)
  const issue = async (name: string, code: CertificateRefusal, changes: Changes) => ({
    name,
    code,
    credential: credentialOf(await issueAnything(key, changes, ours, now), ours.der),
  })
  const extended = (name: string, code: CertificateRefusal, index: number, value: Der) =>
    issue(name, code, { extension: { index, value } })
  const [basicConstraints, keyUsage, extendedKeyUsage, subjectAltName, end] = [0, 1, 2, 3, Infinity]
  const role = write.privateText(privateExtensions.role.oid, 'keeper')
  const otherUra = write.subjectAltName(spiffeId(trustDomain, '90000009', key.peerId), [])
  const minutes = (count: number) => new Date(now + count * 60_000)
  const ca = write.basicConstraints({ pathLength: 0 })
  const signsCertificates = write.keyUsage('digitalSignature', 'keyCertSign')
  return Promise.all([
    issue('expired', 'CERT_EXPIRED', { notAfter: minutes(-6) }),
    issue('not yet valid', 'CERT_NOT_YET_VALID', { notBefore: minutes(6) }),
    extended('CA flag in a leaf', 'CERT_USAGE', basicConstraints, ca),
    extended('wrong key usage', 'CERT_USAGE', keyUsage, signsCertificates),
    extended(
      'wrong extended key usage',
      'CERT_USAGE',
      extendedKeyUsage,
      write.extendedKeyUsage(oids.serverAuth),
    ),
    extended('unknown critical extension', 'CERT_USAGE', end, write.nameConstraints(trustDomain)),
    extended('an extension twice', 'CERT_USAGE', end, role),
    issue('name constraint violated', 'CERT_CONSTRAINT', { trustDomain: 'elsewhere.example' }),
    issue('one DNS name outside', 'CERT_CONSTRAINT', { subject: { dnsNames: ['elsewhere.example'] } }),
    issue('peer of the URI is not the key', 'CERT_PEER_MISMATCH', {
      spki: ed25519Spki(NodeKey.generate().publicKey),
    }),
    extended('URA of subject and URI differ', 'CERT_SUBJECT', subjectAltName, otherUra),
    issue('no URA', 'CERT_SUBJECT', { subject: { ura: '123' } }),
    issue('unknown role', 'CERT_SUBJECT', { subject: { role: 'registry' as never } }),
  ])
}
