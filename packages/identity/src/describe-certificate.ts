import { oids, privateExtensions } from './certificate-profile.ts'
import { readCertificate } from './chain.ts'
import { keyFingerprint } from './key-fingerprint.ts'
import { peerIdOf } from './peer-id.ts'

/** What stands in a node certificate, for people to read. */
export interface CertificateDescription {
  /** `name=value`, in order. */
  readonly subject: readonly string[]
  /** `kind:value`, in order. */
  readonly sans: readonly string[]
  readonly key: { readonly algorithm: string; readonly peerId: string; readonly fingerprint: string }
  readonly extensions: readonly {
    readonly name: string
    readonly critical: boolean
    readonly value: string
  }[]
}

/** Reads what is in a certificate of our own, whatever we meant to put in. Judges nothing. Throws CERT_UNREADABLE. */
export function describeCertificate(der: Uint8Array): CertificateDescription {
  const { signed, said } = readCertificate(der)
  const publicKey = said.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView
  return {
    subject: signed.subject.split('\n'),
    sans: (signed.subjectAltName ?? '').split(', '),
    key: {
      algorithm: signed.publicKey.asymmetricKeyType ?? 'unknown',
      peerId: peerIdOf(publicKey),
      fingerprint: keyFingerprint(publicKey),
    },
    extensions: (said.extensions ?? []).map(({ extnID, critical, extnValue }) => {
      const { name, read } = known[extnID] ?? { name: extnID }
      const hex = Buffer.from(extnValue.valueBlock.valueHexView).toString('hex')
      return { name, critical, value: read?.(hex) ?? hex }
    }),
  }
}

const inWords = (words: Record<string, string>) => (hex: string) => words[hex]
/** A UTF8String of fewer than 128 bytes, behind its tag and length. */
const asText = (hex: string) => Buffer.from(hex.slice(4), 'hex').toString('utf8')

/** By object identifier; what cannot be said in words is shown in hexadecimal. */
const known: Readonly<Record<string, { name: string; read?: (hex: string) => string | undefined }>> = {
  [oids.basicConstraints]: { name: 'basicConstraints', read: inWords({ '3000': 'no CA' }) },
  [oids.keyUsage]: { name: 'keyUsage', read: inWords({ '03020780': 'digitalSignature' }) },
  [oids.extendedKeyUsage]: {
    name: 'extendedKeyUsage',
    read: inWords({ '301406082b0601050507030106082b06010505070302': 'serverAuth, clientAuth' }),
  },
  [oids.subjectAltName]: { name: 'subjectAltName' },
  [oids.subjectKeyIdentifier]: { name: 'subjectKeyIdentifier' },
  [oids.authorityKeyIdentifier]: { name: 'authorityKeyIdentifier' },
  [privateExtensions.role.asRead]: { name: 'role', read: asText },
  [privateExtensions.declaredPatients.asRead]: { name: 'declaredPatients', read: asText },
  [privateExtensions.agb.asRead]: { name: 'agb', read: asText },
}
