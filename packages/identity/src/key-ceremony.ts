import { createPublicKey, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { TwiinError } from '@twiin/runtime'
import { lifetimes, oids, patterns } from './certificate-profile.ts'
import { subjectNameOf } from './chain.ts'
import { embedded } from './der.ts'
import { encryptKey } from './encrypted-key.ts'
import { pemOf } from './pem.ts'
import { signerOf } from './signer.ts'
import * as write from './write-certificate.ts'

export interface CeremonyOptions {
  /** DNS-like name that every certificate of this network falls under, e.g. `twiin.example`. */
  readonly trustDomain: string
  readonly organisation: string
  readonly at: Date
  /** Eight characters or more each. */
  readonly passphrases: { readonly root: string; readonly issuing: string }
  /** Default 4096. */
  readonly rootKeyBits?: number
  /** Default 3072. */
  readonly issuingKeyBits?: number
}

/** All PEM; the keys are encrypted PKCS #8. The root key goes offline. */
export interface Ceremony {
  readonly rootCertificate: string
  readonly rootKey: string
  readonly issuingCertificate: string
  readonly issuingKey: string
}

/**
 * Makes the root (10 years, path length 1) and the issuing CA (3 years, path length 0, constrained to the trust domain).
 * Throws SUBJECT_INVALID, PASSPHRASE_TOO_SHORT.
 */
export async function holdCeremony(options: CeremonyOptions): Promise<Ceremony> {
  if (!patterns.dnsName.test(options.trustDomain))
    throw new TwiinError('SUBJECT_INVALID', { field: 'trustDomain' })
  if (!patterns.organisation.test(options.organisation)) {
    throw new TwiinError('SUBJECT_INVALID', { field: 'organisation' })
  }
  const [root, issuing] = await Promise.all([
    generateRsaKey(options.rootKeyBits ?? 4096),
    generateRsaKey(options.issuingKeyBits ?? 3072),
  ])
  const [certificates, rootKey, issuingKey] = await Promise.all([
    writeAuthorities(options, root, issuing),
    encryptKey(root, options.passphrases.root),
    encryptKey(issuing, options.passphrases.issuing),
  ])
  return { ...certificates, rootKey, issuingKey }
}

type Names = Pick<CeremonyOptions, 'trustDomain' | 'organisation' | 'at'>

export async function writeAuthorities(
  names: Names,
  root: KeyObject,
  issuing: KeyObject,
  years: { readonly root: number; readonly issuing: number } = lifetimes.years,
): Promise<Pick<Ceremony, 'rootCertificate' | 'issuingCertificate'>> {
  const rootName = nameOf(names, 'root')
  const spki = spkiOf(root)
  const rootCertificate = await write.writeCertificate(
    {
      serial: randomBytes(16),
      issuer: rootName,
      subject: rootName,
      notBefore: startOf(names),
      notAfter: yearsAfter(names.at, years.root),
      spki,
      extensions: [
        write.basicConstraints({ pathLength: 1 }),
        write.keyUsage('keyCertSign', 'crlSign'),
        write.subjectKeyIdentifier(spki),
      ],
    },
    signerOf(root),
  )
  const issuer = { key: root, certificate: rootCertificate }
  return {
    rootCertificate: pemOf('CERTIFICATE', rootCertificate),
    issuingCertificate: pemOf('CERTIFICATE', await writeIssuing(names, issuing, issuer, years.issuing)),
  }
}

export async function writeIssuing(
  names: Names,
  issuing: KeyObject,
  root: { readonly key: KeyObject; readonly certificate: Uint8Array },
  years: number,
): Promise<Uint8Array> {
  const spki = spkiOf(issuing)
  return write.writeCertificate(
    {
      serial: randomBytes(16),
      issuer: embedded(subjectNameOf(root.certificate)),
      subject: nameOf(names, 'issuing CA'),
      notBefore: startOf(names),
      notAfter: yearsAfter(names.at, years),
      spki,
      extensions: [
        write.basicConstraints({ pathLength: 0 }),
        write.keyUsage('digitalSignature', 'keyCertSign', 'crlSign'), // digitalSignature: it signs documents
        write.nameConstraints(names.trustDomain),
        write.subjectKeyIdentifier(spki),
        write.authorityKeyIdentifier(spkiOf(root.key)),
      ],
    },
    signerOf(root.key),
  )
}

const nameOf = ({ trustDomain, organisation, at }: Names, what: string) =>
  write.name(
    [oids.country, 'NL'],
    [oids.organisation, organisation],
    [oids.commonName, `${trustDomain} ${what} ${at.getUTCFullYear()}`],
  )

const startOf = ({ at }: Names) => new Date(at.getTime() - lifetimes.tolerance)

/** OpenSSL makes RSA keys in a second or two, off the event loop; forge in pure JavaScript needs minutes. */
export async function generateRsaKey(modulusLength: number): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength })
  return privateKey
}

function spkiOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: 'der', type: 'spki' })
}

function yearsAfter(at: Date, years: number): Date {
  const then = new Date(at)
  then.setUTCFullYear(at.getUTCFullYear() + years)
  return then
}
