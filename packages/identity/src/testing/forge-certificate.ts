import { X509Certificate, createPrivateKey, randomBytes, type KeyObject } from 'node:crypto'
import { nodeContent, type NodeSubject } from '../certificate-authority.ts'
import { spiffeId } from '../certificate-profile.ts'
import { subjectNameOf } from '../chain.ts'
import { embedded, type Der } from '../der.ts'
import type { NodeKey } from '../node-key.ts'
import { derOf } from '../pem.ts'
import { signerOf } from '../signer.ts'
import * as write from '../write-certificate.ts'

/** An issuing CA that fell into the wrong hands. */
export interface RogueIssuer {
  readonly trustDomain: string
  /** PEM. */
  readonly issuingCertificate: string
  readonly issuingKey: KeyObject
}

/** What a forged certificate has that a good one has not. */
export interface Forgery {
  /** Milliseconds since 1970, default now: the certificate is good for a day before and after. */
  readonly at?: number
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly subject?: Partial<NodeSubject>
  /** Of the names in it. */
  readonly trustDomain?: string
  /** The peer of the URI, when it is not that of `key`. */
  readonly uriPeerId?: string
  /** The key that is certified, when it is not `key`: SubjectPublicKeyInfo, DER, of any kind. */
  readonly spki?: Uint8Array
  /** Replaces the extension at this place of the profile (spec 01 §3), or is added at its end. */
  readonly extension?: { readonly index: number; readonly value: Der }
}

const day = 24 * 60 * 60 * 1000

export const subjectOf = (key: NodeKey): NodeSubject => ({
  organisation: 'Ziekenhuis De Proef',
  ura: '90000001',
  declaredPatients: 100_000,
  role: 'member',
  publicKey: key.publicKey,
})

/**
 * The issuing CA of a running network, such as a demo's, in the hands of a test: its certificate and encrypted key (both
 * PEM) as they stand in the `authority` folder of the registry.
 */
export function rogueIssuer(stolen: {
  trustDomain: string
  issuingCertificate: string
  issuingKey: string
  passphrase: string
}): RogueIssuer {
  const { trustDomain, issuingCertificate, issuingKey: key, passphrase } = stolen
  return { trustDomain, issuingCertificate, issuingKey: createPrivateKey({ key, passphrase }) }
}

/**
 * Issues whatever it is told to, as a CA that was taken over would: DER. Without changes the certificate is a good one for
 * `key`, which no ledger knows of.
 */
export async function forgeCertificate(
  issuer: RogueIssuer,
  key: NodeKey,
  changes: Forgery = {},
): Promise<Uint8Array> {
  const issuing = new X509Certificate(derOf('CERTIFICATE', issuer.issuingCertificate))
  const subject = { ...subjectOf(key), ...changes.subject }
  const trustDomain = changes.trustDomain ?? issuer.trustDomain
  const content = nodeContent(subject, trustDomain, issuing)
  const { at = Date.now(), uriPeerId, extension } = changes
  const extensions = [...content.extensions]
  if (uriPeerId !== undefined)
    extensions[subjectAltName] = write.subjectAltName(spiffeId(trustDomain, subject.ura, uriPeerId), [])
  if (extension !== undefined) extensions[Math.min(extension.index, extensions.length)] = extension.value
  return write.writeCertificate(
    {
      ...content,
      spki: changes.spki ?? content.spki,
      extensions,
      serial: randomBytes(16),
      issuer: embedded(subjectNameOf(issuing.raw)),
      notBefore: changes.notBefore ?? new Date(at - day),
      notAfter: changes.notAfter ?? new Date(at + day),
    },
    signerOf(issuer.issuingKey),
  )
}

/** Places of extensions in the profile, as `nodeContent` writes them. */
export const [basicConstraints, keyUsage, extendedKeyUsage, subjectAltName, end] = [
  0,
  1,
  2,
  3,
  Infinity,
] as const
