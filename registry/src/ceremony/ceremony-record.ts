import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** What was made at a ceremony, for who was there to sign and for who later asks. Nothing in it is secret. */
export interface CeremonyRecord {
  /** ISO 8601. */
  readonly heldAt: string
  readonly trustDomain: string
  readonly operator: { readonly organisation: string; readonly ura: string }
  /** Roles, as the plan names them. */
  readonly participants: readonly string[]
  readonly rootCertificate: AuthorityRecord
  readonly issuingCertificate: AuthorityRecord
  /** Raw Ed25519, base64: every node of the network pins it. spec 11 §3. */
  readonly logPublicKey: string
  /** The registry as a peer. */
  readonly peerId: string
  readonly versions: { readonly registry: string; readonly node: string; readonly openssl: string }
}

interface AuthorityRecord {
  /** SHA-256 of the DER, as `openssl x509 -fingerprint -sha256` shows it. */
  readonly fingerprint: string
  readonly keyBits: number
  /** ISO 8601. */
  readonly notAfter: string
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** The certificates are PEM. What is on record is read back from what was made, not from the plan. */
export function recordCeremony(
  made: Pick<CeremonyRecord, 'trustDomain' | 'operator' | 'participants' | 'peerId'> & {
    at: Date
    rootCertificate: string
    issuingCertificate: string
    logPublicKey: Uint8Array
  },
): CeremonyRecord {
  const { at, trustDomain, operator, participants, peerId } = made
  return {
    heldAt: at.toISOString(),
    trustDomain,
    operator,
    participants,
    rootCertificate: authorityOf(made.rootCertificate),
    issuingCertificate: authorityOf(made.issuingCertificate),
    logPublicKey: Buffer.from(made.logPublicKey).toString('base64'),
    peerId,
    versions: { registry: version, node: process.versions.node, openssl: process.versions.openssl },
  }
}

function authorityOf(pem: string): AuthorityRecord {
  const { fingerprint256, publicKey, validToDate } = new X509Certificate(pem)
  return {
    fingerprint: fingerprint256,
    keyBits: publicKey.asymmetricKeyDetails?.modulusLength ?? 0,
    notAfter: validToDate.toISOString(),
  }
}

/** To print, compare and sign on paper; it goes with the root key. */
export function ceremonyText(record: CeremonyRecord): string {
  const { operator, participants, rootCertificate, issuingCertificate, versions } = record
  const authority = (name: string, { fingerprint, keyBits, notAfter }: AuthorityRecord) =>
    `${name}: RSA, ${keyBits} bits, until ${notAfter}\n  SHA-256 ${fingerprint}\n`
  const present = participants.map((role) => `  ${role}: ______________________________\n`)
  return `Key ceremony of the network ${record.trustDomain}

Held at:        ${record.heldAt}
Operator:       ${operator.organisation} (URA ${operator.ura})
Made with:      twiin-registry ${versions.registry}, Node.js ${versions.node}, OpenSSL ${versions.openssl}

${authority('Root certificate', rootCertificate)}
${authority('Issuing certificate', issuingCertificate)}
Key of the log: Ed25519, ${record.logPublicKey}
Registry peer:  ${record.peerId}

To compare: openssl x509 -in authority/root.pem -noout -fingerprint -sha256

Present, with signature:
${present.join('') || '  nobody named\n'}`
}
