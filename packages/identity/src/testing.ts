import { X509Certificate, createPublicKey, randomBytes, type KeyObject } from 'node:crypto'
import type { Clock } from '@twiin/runtime'
import {
  CertificateAuthority,
  nodeContent,
  type NodeSubject,
  type Validity,
} from './certificate-authority.ts'
import { oids, privateExtensions } from './certificate-profile.ts'
import { CertificateVerifier } from './certificate-verifier.ts'
import { subjectNameOf } from './chain.ts'
import { credentialOf } from './credential.ts'
import { embedded, type Der } from './der.ts'
import { generateRsaKey, writeAuthorities } from './key-ceremony.ts'
import type { CertificateRefusal } from './node-certificate.ts'
import { NodeKey } from './node-key.ts'
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
  readonly spkiOf?: NodeKey
}

/** Issues whatever it is told to, as a CA that was taken over would. */
export async function issueAnything(key: NodeKey, changes: Changes, issuer: Issuer, now: number) {
  const issuing = new X509Certificate(issuer.der)
  const content = nodeContent(
    { ...subjectOf(key), ...changes.subject },
    changes.trustDomain ?? trustDomain,
    issuing,
  )
  const { index, value } = changes.extension ?? {}
  const extensions = [...content.extensions]
  if (index !== undefined && value !== undefined) extensions[Math.min(index, extensions.length)] = value
  const other = changes.spkiOf
  const spki = other ? nodeContent(subjectOf(other), trustDomain, issuing).spki : content.spki
  return write.writeCertificate(
    {
      ...content,
      spki,
      extensions,
      serial: randomBytes(16),
      issuer: embedded(subjectNameOf(issuer.der)),
      notBefore: changes.notBefore ?? new Date(now - day),
      notAfter: changes.notAfter ?? new Date(now + day),
    },
    signerOf(issuer.key),
  )
}

/** Credentials for `key` that every verifier must refuse, each with the code it must be refused with. */
export async function badCredentials(
  key: NodeKey,
  options: { clock?: Pick<Clock, 'now'> } = {},
): Promise<{ name: string; code: CertificateRefusal; credential: Uint8Array }[]> {
  const good = await testAuthority(options)
  const [rootKey] = await testKeys()
  const now = options.clock?.now() ?? Date.now()
  const ours = await takenOver(good)
  const issue = async (changes: Changes) =>
    credentialOf(await issueAnything(key, changes, ours, now), ours.der)
  const place = { basicConstraints: 0, keyUsage: 1, extendedKeyUsage: 2, end: Infinity }

  const strangers = [await generateRsaKey(2048), await generateRsaKey(2048)] as const
  const at = new Date(now - day)
  const strange = await writeAuthorities({ trustDomain, organisation: 'Test authority', at }, ...strangers)
  const theirs = { key: strangers[1], der: derOf('CERTIFICATE', strange.issuingCertificate) }

  const leafWithRsaKey = await writeLeafOver(strangers[0], key, ours, now)
  const underLeaf = await issueAnything(key, {}, { key: strangers[0], der: leafWithRsaKey }, now)
  const rootAsIssuer = { key: rootKey, der: derOf('CERTIFICATE', good.rootCertificate) }
  const underRoot = await issueAnything(key, {}, rootAsIssuer, now)

  return [
    { name: 'no certificate', code: 'CERT_UNREADABLE', credential: new Uint8Array() },
    { name: 'leaf alone', code: 'CERT_UNREADABLE', credential: await issueAnything(key, {}, ours, now) },
    { name: 'leaf used as CA', code: 'CERT_CHAIN', credential: credentialOf(underLeaf, leafWithRsaKey) },
    {
      name: 'issued by the root itself',
      code: 'CERT_CHAIN',
      credential: credentialOf(underRoot, rootAsIssuer.der),
    },
    {
      name: 'other root',
      code: 'CERT_CHAIN',
      credential: credentialOf(await issueAnything(key, {}, theirs, now), theirs.der),
    },
    {
      name: 'self-made in the name of our issuing CA',
      code: 'CERT_CHAIN',
      credential: credentialOf(await issueAnything(key, {}, { ...ours, key: strangers[1] }, now), ours.der),
    },
    { name: 'issuing CA as leaf', code: 'CERT_CHAIN', credential: credentialOf(ours.der, rootAsIssuer.der) },
    {
      name: 'expired',
      code: 'CERT_EXPIRED',
      credential: await issue({ notAfter: new Date(now - 6 * 60_000) }),
    },
    {
      name: 'not yet valid',
      code: 'CERT_NOT_YET_VALID',
      credential: await issue({ notBefore: new Date(now + 6 * 60_000) }),
    },
    {
      name: 'CA flag in a leaf',
      code: 'CERT_USAGE',
      credential: await issue({
        extension: { index: place.basicConstraints, value: write.basicConstraints({ pathLength: 0 }) },
      }),
    },
    {
      name: 'wrong key usage',
      code: 'CERT_USAGE',
      credential: await issue({
        extension: { index: place.keyUsage, value: write.keyUsage('digitalSignature', 'keyCertSign') },
      }),
    },
    {
      name: 'wrong extended key usage',
      code: 'CERT_USAGE',
      credential: await issue({
        extension: { index: place.extendedKeyUsage, value: write.extendedKeyUsage(oids.serverAuth) },
      }),
    },
    {
      name: 'unknown critical extension',
      code: 'CERT_USAGE',
      credential: await issue({ extension: { index: place.end, value: write.nameConstraints(trustDomain) } }),
    },
    {
      name: 'an extension twice',
      code: 'CERT_USAGE',
      credential: await issue({
        extension: { index: place.end, value: write.privateText(privateExtensions.role.oid, 'keeper') },
      }),
    },
    { name: 'RSA subject key', code: 'CERT_USAGE', credential: credentialOf(leafWithRsaKey, ours.der) },
    {
      name: 'name constraint violated',
      code: 'CERT_CONSTRAINT',
      credential: await issue({ trustDomain: 'elsewhere.example' }),
    },
    {
      name: 'one of the DNS names outside',
      code: 'CERT_CONSTRAINT',
      credential: await issue({ subject: { dnsNames: ['elsewhere.example'] } }),
    },
    {
      name: 'peer of the URI is not the key',
      code: 'CERT_PEER_MISMATCH',
      credential: await issue({ spkiOf: NodeKey.generate() }),
    },
    { name: 'no URA', code: 'CERT_SUBJECT', credential: await issue({ subject: { ura: '123' } }) },
    {
      name: 'unknown role',
      code: 'CERT_SUBJECT',
      credential: await issue({ subject: { role: 'registry' as never } }),
    },
  ]
}

/** A leaf of our CA over an RSA key, so that it can sign a certificate in turn. */
async function writeLeafOver(rsaKey: KeyObject, key: NodeKey, issuer: Issuer, now: number) {
  const spki = createPublicKey(rsaKey).export({ format: 'der', type: 'spki' })
  const issuing = new X509Certificate(issuer.der)
  const content = nodeContent(subjectOf(key), trustDomain, issuing)
  const validity = { notBefore: new Date(now - day), notAfter: new Date(now + day) }
  const issuerName = embedded(subjectNameOf(issuer.der))
  return write.writeCertificate(
    { ...content, ...validity, spki, serial: randomBytes(16), issuer: issuerName },
    signerOf(issuer.key),
  )
}
