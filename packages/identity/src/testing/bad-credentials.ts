import type { Clock } from '@twiin/runtime'
import { privateExtensions, spiffeId } from '../certificate-profile.ts'
import { credentialOf } from '../credential.ts'
import type { Der } from '../der.ts'
import { generateRsaKey, writeIssuing } from '../key-ceremony.ts'
import type { CertificateRefusal } from '../node-certificate.ts'
import type { NodeKey } from '../node-key.ts'
import { derOf, pemOf } from '../pem.ts'
import * as write from '../write-certificate.ts'
import {
  basicConstraints,
  end,
  forgeCertificate,
  keyUsage,
  subjectAltName,
  type Forgery,
  type RogueIssuer,
} from './forge-certificate.ts'
import { rogueCredentials, spkiOf, under, type BadCredential } from './rogue-credentials.ts'
import { takenOver, testAuthority, testKeys, type TestAuthority } from './test-authority.ts'

const day = 24 * 60 * 60 * 1000

/** Credentials for `key` that every verifier must refuse, each with the code it must be refused with. */
export async function badCredentials(
  key: NodeKey,
  options: { clock?: Pick<Clock, 'now'> } = {},
): Promise<BadCredential[]> {
  const authority = await testAuthority(options)
  const ours = await takenOver(authority)
  const now = options.clock?.now() ?? Date.now()
  return [
    ...(await rogueCredentials(ours, key, now)),
    ...(await badChains(key, authority, ours, now)),
    ...(await badLeaves(key, ours, now)),
  ]
}

async function badChains(
  key: NodeKey,
  authority: TestAuthority,
  ours: RogueIssuer,
  at: number,
): Promise<BadCredential[]> {
  const [rootKey] = await testKeys()
  const root = { ...ours, issuingKey: rootKey, issuingCertificate: authority.rootCertificate }
  const rootDer = derOf('CERTIFICATE', root.issuingCertificate)
  const strangerKey = await generateRsaKey(2048)
  const elsewhere = {
    trustDomain: 'elsewhere.example',
    organisation: 'Test authority',
    at: new Date(at - day),
  }
  const foreign = await writeIssuing(elsewhere, strangerKey, { key: rootKey, certificate: rootDer }, 3)
  const foreignIssuer = {
    ...ours,
    issuingKey: strangerKey,
    issuingCertificate: pemOf('CERTIFICATE', foreign),
  }
  const byIssuer = async (issuer: RogueIssuer) => under(issuer, await forgeCertificate(issuer, key, { at }))
  const chain = (name: string, credential: Uint8Array) => ({ name, code: 'CERT_CHAIN' as const, credential })
  const issuingDer = derOf('CERTIFICATE', ours.issuingCertificate)
  const rsaLeaf = await forgeCertificate(ours, key, { at, spki: spkiOf(strangerKey) })
  const leaf = await forgeCertificate(ours, key, { at })
  return [
    { name: 'no certificate', code: 'CERT_UNREADABLE', credential: new Uint8Array() },
    { name: 'leaf alone', code: 'CERT_UNREADABLE', credential: leaf },
    chain('issued by the root itself', await byIssuer(root)),
    chain('self-made in the name of our issuing CA', await byIssuer({ ...ours, issuingKey: strangerKey })),
    chain('issuing CA as leaf', credentialOf(issuingDer, rootDer)),
    {
      name: 'issued under our root by the CA of another trust domain',
      code: 'CERT_CONSTRAINT',
      credential: await byIssuer(foreignIssuer),
    },
    { name: 'RSA subject key', code: 'CERT_USAGE', credential: under(ours, rsaLeaf) },
  ]
}

async function badLeaves(key: NodeKey, ours: RogueIssuer, at: number): Promise<BadCredential[]> {
  const issue = async (name: string, code: CertificateRefusal, changes: Forgery) => ({
    name,
    code,
    credential: under(ours, await forgeCertificate(ours, key, { at, ...changes })),
  })
  const extended = (name: string, code: CertificateRefusal, index: number, value: Der) =>
    issue(name, code, { extension: { index, value } })
  const { trustDomain } = ours
  const role = write.privateText(privateExtensions.role.oid, 'keeper')
  const otherUra = write.subjectAltName(spiffeId(trustDomain, '90000009', key.peerId), [])
  const ca = write.basicConstraints({ pathLength: 0 })
  const signsCertificates = write.keyUsage('digitalSignature', 'keyCertSign')
  return Promise.all([
    extended('CA flag in a leaf', 'CERT_USAGE', basicConstraints, ca),
    extended('wrong key usage', 'CERT_USAGE', keyUsage, signsCertificates),
    extended('unknown critical extension', 'CERT_USAGE', end, write.nameConstraints(trustDomain)),
    extended('an extension twice', 'CERT_USAGE', end, role),
    issue('one DNS name outside', 'CERT_CONSTRAINT', { subject: { dnsNames: ['elsewhere.example'] } }),
    extended('URA of subject and URI differ', 'CERT_SUBJECT', subjectAltName, otherUra),
    issue('no URA', 'CERT_SUBJECT', { subject: { ura: '123' } }),
    issue('unknown role', 'CERT_SUBJECT', { subject: { role: 'registry' as never } }),
  ])
}
