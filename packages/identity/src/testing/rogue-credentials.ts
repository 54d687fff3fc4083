import { createPublicKey, type KeyObject } from 'node:crypto'
import { oids } from '../certificate-profile.ts'
import { credentialOf } from '../credential.ts'
import { generateRsaKey, writeAuthorities } from '../key-ceremony.ts'
import type { CertificateRefusal } from '../node-certificate.ts'
import { NodeKey, ed25519Spki } from '../node-key.ts'
import { derOf, pemOf } from '../pem.ts'
import * as write from '../write-certificate.ts'
import { extendedKeyUsage, forgeCertificate, type Forgery, type RogueIssuer } from './forge-certificate.ts'

/** What a peer presents, and the code it must be refused with. */
export interface BadCredential {
  readonly name: string
  readonly code: CertificateRefusal
  readonly credential: Uint8Array
}

/** The eight classic ways to be wrong: each must be refused by every verifier, also under a running network's own CA. */
export const rogueKinds = [
  'leaf as CA',
  'wrong extended key usage',
  'name constraint violated',
  'expired',
  'not yet valid',
  'other root',
  'SAN is not the noise peer',
  'wrong key',
] as const
export type RogueKind = (typeof rogueKinds)[number]

/**
 * One credential of each kind, for the peer that proves `key` in the noise handshake. A good certificate of somebody
 * else's key is not among them: only the handshake shows that; `forgeCertificate` makes one.
 */
export async function rogueCredentials(
  issuer: RogueIssuer,
  key: NodeKey,
  at = Date.now(),
): Promise<(BadCredential & { readonly name: RogueKind })[]> {
  const minutes = (count: number) => new Date(at + count * 60_000)
  const other = NodeKey.generate()
  const forged = async (name: RogueKind, code: CertificateRefusal, changes: Forgery) => ({
    name,
    code,
    credential: under(issuer, await forgeCertificate(issuer, key, { at, ...changes })),
  })
  const serverOnly = write.extendedKeyUsage(oids.serverAuth)
  return Promise.all([
    leafAsCa(issuer, key, at),
    forged('wrong extended key usage', 'CERT_USAGE', {
      extension: { index: extendedKeyUsage, value: serverOnly },
    }),
    forged('name constraint violated', 'CERT_CONSTRAINT', { trustDomain: 'elsewhere.example' }),
    forged('expired', 'CERT_EXPIRED', { notAfter: minutes(-6) }),
    forged('not yet valid', 'CERT_NOT_YET_VALID', { notBefore: minutes(6) }),
    otherRoot(issuer, key, at),
    forged('SAN is not the noise peer', 'CERT_PEER_MISMATCH', { uriPeerId: other.peerId }),
    forged('wrong key', 'CERT_PEER_MISMATCH', { spki: ed25519Spki(other.publicKey) }),
  ])
}

/** A node that got its hands on a leaf with an RSA key signs with it as if it were a CA. */
async function leafAsCa(issuer: RogueIssuer, key: NodeKey, at: number) {
  const leafKey = await generateRsaKey(2048)
  const leaf = await forgeCertificate(issuer, key, { at, spki: spkiOf(leafKey) })
  const leafIssuer = { ...issuer, issuingKey: leafKey, issuingCertificate: pemOf('CERTIFICATE', leaf) }
  const credential = under(leafIssuer, await forgeCertificate(leafIssuer, key, { at }))
  return { name: 'leaf as CA' as const, code: 'CERT_CHAIN' as const, credential }
}

/** Our issuing key, certified by a root of a stranger's with the names of ours. */
async function otherRoot(issuer: RogueIssuer, key: NodeKey, at: number) {
  const names = { trustDomain: issuer.trustDomain, organisation: 'Test authority', at: new Date(at - day) }
  const { issuingCertificate } = await writeAuthorities(names, await generateRsaKey(2048), issuer.issuingKey)
  const theirs = { ...issuer, issuingCertificate }
  const credential = under(theirs, await forgeCertificate(theirs, key, { at }))
  return { name: 'other root' as const, code: 'CERT_CHAIN' as const, credential }
}

export const under = ({ issuingCertificate }: RogueIssuer, leaf: Uint8Array): Uint8Array =>
  credentialOf(leaf, derOf('CERTIFICATE', issuingCertificate))

export const spkiOf = (key: KeyObject): Uint8Array =>
  createPublicKey(key).export({ format: 'der', type: 'spki' })

const day = 24 * 60 * 60 * 1000
