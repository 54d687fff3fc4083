import { createHash } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import { AltName, type Certificate } from 'pkijs'
import { isWithin, maxDeclaredPatients, oids, patterns, privateExtensions } from './certificate-profile.ts'
import { peerIdOf } from './peer-id.ts'

/** `member` exchanges studies; `keeper` also holds a share of the token key. */
export type NodeRole = 'member' | 'keeper'

/** Why a presented certificate is refused. spec 01 §4. */
export type CertificateRefusal =
  | 'CERT_UNREADABLE'
  | 'CERT_CHAIN'
  | 'CERT_NOT_YET_VALID'
  | 'CERT_EXPIRED'
  | 'CERT_USAGE'
  | 'CERT_CONSTRAINT'
  | 'CERT_SUBJECT'
  | 'CERT_PEER_MISMATCH'

/** What a verified node certificate says. */
export interface NodeCertificate {
  /** Lower-case hexadecimal, no leading zero bytes. */
  readonly serial: string
  /** Eight digits. */
  readonly ura: string
  readonly organisation: string
  /** Eight digits. */
  readonly agb?: string
  readonly role: NodeRole
  /** How many patients the care provider declared; the base of its quotas. */
  readonly declaredPatients: number
  readonly peerId: string
  /** Raw Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Milliseconds since the Unix epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** SHA-256 of `der`, lower-case hexadecimal. */
  readonly fingerprint: string
  readonly der: Uint8Array
}

export function refuse(code: CertificateRefusal, reason: string, options?: { cause?: unknown }): TwiinError {
  return new TwiinError(code, { reason }, options)
}

/**
 * The profile is closed: these extensions with exactly these bytes, because our own CA writes no others. spec 01 §3.
 * Throws CERT_USAGE.
 */
export function checkUsage(leaf: Certificate): void {
  const { algorithm, subjectPublicKey } = leaf.subjectPublicKeyInfo
  if (algorithm.algorithmId !== oids.ed25519 || subjectPublicKey.valueBlock.valueHexView.length !== 32) {
    throw refuse('CERT_USAGE', 'subject key is not Ed25519')
  }
  const extensions = leaf.extensions ?? []
  if (new Set(extensions.map(({ extnID }) => extnID)).size !== extensions.length) {
    throw refuse('CERT_USAGE', 'an extension stands twice')
  }
  const unknown = extensions.find(({ critical, extnID }) => critical && !mayBeCritical.has(extnID))
  if (unknown !== undefined) throw refuse('CERT_USAGE', 'unknown critical extension')
  for (const [id, { value, refusal }] of Object.entries(fixedExtensions)) {
    if (Buffer.from(extensionValue(leaf, id) ?? []).toString('hex') !== value)
      throw refuse('CERT_USAGE', refusal)
  }
}

const fixedExtensions = {
  [oids.basicConstraints]: { value: '3000', refusal: 'is a CA' },
  [oids.keyUsage]: { value: '03020780', refusal: 'key usage is not digitalSignature alone' },
  [oids.extendedKeyUsage]: {
    value: '301406082b0601050507030106082b06010505070302',
    refusal: 'extended key usage is not server and client authentication',
  },
}

const mayBeCritical: ReadonlySet<string> = new Set([
  oids.basicConstraints,
  oids.keyUsage,
  oids.extendedKeyUsage,
])

/** Reads subject and SAN of a leaf whose path and usage were checked. Throws CERT_CONSTRAINT, CERT_SUBJECT, CERT_PEER_MISMATCH. */
export function readNodeCertificate(
  leaf: Certificate,
  der: Uint8Array,
  trustDomain: string,
): NodeCertificate {
  const publicKey = Uint8Array.from(leaf.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView)
  const peerId = peerIdOf(publicKey)
  const organisation = subjectField(leaf, oids.organisation, patterns.organisation)
  const ura = subjectField(leaf, oids.organisationIdentifier, /^URA:\d{8}$/).slice('URA:'.length)
  checkNames(leaf, { trustDomain, ura, peerId })
  const agb = privateText(leaf, privateExtensions.agb.asRead)
  const role = privateText(leaf, privateExtensions.role.asRead)
  const declared = privateText(leaf, privateExtensions.declaredPatients.asRead) ?? ''
  if (agb !== undefined && !patterns.agb.test(agb)) throw refuse('CERT_SUBJECT', 'AGB')
  if (role !== 'member' && role !== 'keeper') throw refuse('CERT_SUBJECT', 'role')
  if (!/^\d{1,8}$/.test(declared) || Number(declared) > maxDeclaredPatients) {
    throw refuse('CERT_SUBJECT', 'declared patients')
  }
  return {
    serial: Buffer.from(leaf.serialNumber.valueBlock.valueHexView)
      .toString('hex')
      .replace(/^(00)+/, ''),
    ura,
    organisation,
    ...(agb === undefined ? {} : { agb }),
    role,
    declaredPatients: Number(declared),
    peerId,
    publicKey,
    notBefore: leaf.notBefore.value.getTime(),
    notAfter: leaf.notAfter.value.getTime(),
    fingerprint: createHash('sha256').update(der).digest('hex'),
    der,
  }
}

/**
 * One URI, ours, with this URA and this key's peer ID; every DNS name in the trust domain. Every name is looked at
 * here because pkijs 4.0.0 is content when one name of a kind meets the constraint.
 */
function checkNames(leaf: Certificate, expected: { trustDomain: string; ura: string; peerId: string }): void {
  const san: unknown = leaf.extensions?.find(({ extnID }) => extnID === oids.subjectAltName)?.parsedValue
  if (!(san instanceof AltName)) throw refuse('CERT_SUBJECT', 'no subject alternative name')
  const names = san.altNames.map((one) => ({ type: one.type, value: String(one.value) }))
  const uris = names.filter(({ type }) => type === 6).map(({ value }) => value)
  const dnsNames = names.filter(({ type }) => type === 2).map(({ value }) => value)
  if (uris.length !== 1 || uris.length + dnsNames.length !== names.length)
    throw refuse('CERT_SUBJECT', 'names')
  const [, domain, ura, peerId] =
    /^spiffe:\/\/([^/]+)\/ura\/(\d{8})\/peer\/([^/]+)$/.exec(uris[0] ?? '') ?? []
  if (domain === undefined) throw refuse('CERT_SUBJECT', 'URI')
  if (domain !== expected.trustDomain || !dnsNames.every((dnsName) => isWithin(domain, dnsName))) {
    throw refuse('CERT_CONSTRAINT', 'a name outside the trust domain')
  }
  if (ura !== expected.ura) throw refuse('CERT_SUBJECT', 'URA of subject and URI differ')
  if (peerId !== expected.peerId) throw refuse('CERT_PEER_MISMATCH', 'URI names another peer than the key')
}

function subjectField(leaf: Certificate, type: string, pattern: RegExp): string {
  const found = leaf.subject.typesAndValues.filter((attribute) => attribute.type === type)
  const value: unknown = found[0]?.value.valueBlock.value
  if (found.length !== 1 || typeof value !== 'string' || !pattern.test(value))
    throw refuse('CERT_SUBJECT', type)
  return value
}

function extensionValue(leaf: Certificate, id: string): Uint8Array | undefined {
  return leaf.extensions?.find(({ extnID }) => extnID === id)?.extnValue.valueBlock.valueHexView
}

/** The text of one of our own extensions: a UTF8String of fewer than 128 bytes. */
function privateText(leaf: Certificate, id: string): string | undefined {
  const value = extensionValue(leaf, id)
  if (value === undefined) return undefined
  if (value[0] !== 0x0c || value[1] !== value.length - 2) throw refuse('CERT_SUBJECT', 'private extension')
  return Buffer.from(value.subarray(2)).toString('utf8')
}
