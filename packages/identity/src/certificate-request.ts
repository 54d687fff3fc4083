import type { NodeKey } from './node-key.ts'

export interface CertificateRequest {
  readonly publicKey: Uint8Array
  readonly peerId: string
  readonly organisation?: string
  readonly ura?: string
  /** The one-time enrolment token, as challengePassword (RFC 2985 §5.4.1). */
  readonly token?: string
}

/** A PKCS #10 request in DER, signed by the node key: proof of possession. */
export async function createCertificateRequest(
  key: NodeKey,
  facts: { organisation: string; ura: string; token: string },
): Promise<Uint8Array> {
  throw new Error(`not written: ${key.peerId} ${facts.ura}`)
}

/** Reads a request of at most 16 KiB and checks its signature. Throws CSR_UNREADABLE, CSR_KEY, CSR_SIGNATURE. */
export async function readCertificateRequest(der: Uint8Array): Promise<CertificateRequest> {
  throw new Error(`not written: ${der.length}`)
}
