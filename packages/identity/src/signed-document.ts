import type { Clock } from '@twiin/runtime'

/** A document signed by the issuing CA. */
export interface SignedDocument {
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  /** DER of the issuing certificate. */
  readonly issuer: Uint8Array
}

export function encodeSignedDocument(document: SignedDocument): Uint8Array {
  throw new Error(`not written: ${document.payload.length}`)
}

/** Throws DOCUMENT_UNREADABLE. */
export function decodeSignedDocument(bytes: Uint8Array): SignedDocument {
  throw new Error(`not written: ${bytes.length}`)
}

export class DocumentVerifier {
  constructor(options: { rootCertificate: string }, deps: { clock: Pick<Clock, 'now'> }) {
    void [options, deps]
  }

  /** The payload. Throws DOCUMENT_UNREADABLE, DOCUMENT_ISSUER, DOCUMENT_SIGNATURE. */
  async verify(document: SignedDocument): Promise<Uint8Array> {
    throw new Error(`not written: ${document.payload.length}`)
  }
}
