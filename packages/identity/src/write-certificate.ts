import { createHash } from 'node:crypto'
import { oids } from './certificate-profile.ts'
import * as der from './der.ts'
import type { Der } from './der.ts'
import type { Signer } from './signer.ts'

export interface CertificateContent {
  readonly serial: Uint8Array
  readonly issuer: Der
  readonly subject: Der
  readonly notBefore: Date
  readonly notAfter: Date
  /** SubjectPublicKeyInfo of any kind of key, also those forge does not know, such as Ed25519. */
  readonly spki: Uint8Array
  readonly extensions: readonly Der[]
}

/** The part of an X.509 v3 certificate (RFC 5280 §4.1) that is signed. */
export function toBeSigned(content: CertificateContent): Der {
  return der.sequence(
    der.tagged(0, [der.integer(2)]),
    der.integer(content.serial),
    rsaSha256(),
    content.issuer,
    der.sequence(der.time(content.notBefore), der.time(content.notAfter)),
    content.subject,
    der.embedded(content.spki),
    der.tagged(3, [der.sequence(...content.extensions)]),
  )
}

/** The whole certificate, signed with SHA-256 and RSA. Returns DER. */
export async function signCertificate(tbs: Der, signer: Signer): Promise<Uint8Array> {
  const signature = await signer.sign(der.toBytes(tbs))
  return der.toBytes(der.sequence(tbs, rsaSha256(), der.bits(signature)))
}

export const writeCertificate = (content: CertificateContent, signer: Signer): Promise<Uint8Array> =>
  signCertificate(toBeSigned(content), signer)

/** The signed part of a certificate of our own, for another key of its kind; every other byte stays. */
export function withOtherKey(certificate: Uint8Array, spki: Uint8Array): Der {
  const [tbs] = der.embedded(certificate).value as Der[]
  const parts = [...(tbs?.value as Der[])]
  parts[2] = rsaSha256()
  parts[6] = der.embedded(spki)
  return der.sequence(...parts)
}

const rsaSha256 = (): Der => der.sequence(der.oid(oids.sha256WithRsa), der.nothing())

/** A distinguished name of one attribute a line, in order. The country is a PrintableString, the rest UTF8String. */
export const name = (...attributes: (readonly [oid: string, value: string])[]): Der =>
  der.sequence(
    ...attributes.map(([type, value]) =>
      der.set(der.sequence(der.oid(type), type === oids.country ? der.printable(value) : der.utf8(value))),
    ),
  )

const extension = (id: string, critical: boolean, value: Der): Der =>
  der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octets(der.toBytes(value)))

export const basicConstraints = (authority: false | { pathLength: number }): Der =>
  extension(
    oids.basicConstraints,
    true,
    authority === false ? der.sequence() : der.sequence(der.boolean(true), der.integer(authority.pathLength)),
  )

const usageBits = { digitalSignature: 0x80, keyEncipherment: 0x20, keyCertSign: 0x04, crlSign: 0x02 }

export function keyUsage(...usages: (keyof typeof usageBits)[]): Der {
  const value = usages.reduce((sum, usage) => sum | usageBits[usage], 0)
  return extension(oids.keyUsage, true, der.bits(Uint8Array.of(value), Math.clz32(value & -value) ^ 31))
}

export const extendedKeyUsage = (...purposes: string[]): Der =>
  extension(oids.extendedKeyUsage, false, der.sequence(...purposes.map(der.oid)))

/** Key identifiers by RFC 5280 §4.2.1.2 method 1. */
export const subjectKeyIdentifier = (spki: Uint8Array): Der =>
  extension(oids.subjectKeyIdentifier, false, der.octets(keyIdentifier(spki)))

export const authorityKeyIdentifier = (issuerSpki: Uint8Array): Der =>
  extension(oids.authorityKeyIdentifier, false, der.sequence(der.tagged(0, keyIdentifier(issuerSpki))))

export const subjectAltName = (uri: string, dnsNames: readonly string[]): Der =>
  extension(
    oids.subjectAltName,
    false,
    der.sequence(der.tagged(6, ascii(uri)), ...dnsNames.map((dnsName) => der.tagged(2, ascii(dnsName)))),
  )

/** Only URIs of exactly this host, and DNS names of or under this domain: RFC 5280 §4.2.1.10. */
export const nameConstraints = (trustDomain: string): Der =>
  extension(
    oids.nameConstraints,
    true,
    der.sequence(
      der.tagged(
        0,
        [6, 2].map((kind) => der.sequence(der.tagged(kind, ascii(trustDomain)))),
      ),
    ),
  )

export const privateText = (id: string, text: string): Der => extension(id, false, der.utf8(text))

function keyIdentifier(spki: Uint8Array): Uint8Array {
  const bitString = der.embedded(spki).value[1] as Der
  const content = der.toBytes(bitString)
  const header = content[1]! < 0x80 ? 2 : 2 + (content[1]! & 0x7f)
  return createHash('sha1')
    .update(content.subarray(header + 1))
    .digest() // + 1: the count of unused bits
}

const ascii = (text: string) => Buffer.from(text, 'ascii')
