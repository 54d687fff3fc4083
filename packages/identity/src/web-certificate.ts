import 'reflect-metadata' // @peculiar/x509 does not load without it
import { KeyObject, randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** PEM. The key is unencrypted PKCS #8: write it with mode 0600. */
export interface WebCertificate {
  readonly caCertificate: string
  readonly certificate: string
  readonly key: string
}

const day = 24 * 60 * 60 * 1000
const caDays = 3650
/** Browsers refuse server certificates that live longer than 398 days (CA/Browser Forum BR §6.3.2). */
const serverDays = 397

/** A small CA and a server certificate for browsers (EC P-256). Has nothing to do with peer identity. */
export async function createWebCertificate(options: {
  commonName: string
  dnsNames: readonly string[]
  ipAddresses: readonly string[]
  at: Date
}): Promise<WebCertificate> {
  const [caKeys, keys] = await Promise.all([generateKeys(), generateKeys()])
  const notBefore = new Date(options.at.getTime() - day)
  const after = (days: number) => new Date(options.at.getTime() + days * day)
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: new x509.Name([{ CN: [{ utf8String: `${options.commonName} web CA` }] }]),
    notBefore,
    notAfter: after(caDays),
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  })
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: new x509.Name([{ CN: [{ utf8String: options.commonName }] }]),
    issuer: ca.subjectName,
    notBefore,
    notAfter: after(serverDays),
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...options.dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...options.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
    ],
  })
  return {
    caCertificate: ca.toString('pem'),
    certificate: certificate.toString('pem'),
    key: KeyObject.from(keys.privateKey).export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

async function generateKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40 // positive, and never a leading zero byte
  return bytes.toString('hex')
}
