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
