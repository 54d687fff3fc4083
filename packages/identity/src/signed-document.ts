import { X509Certificate, verify } from 'node:crypto'
import { TwiinError, type Clock } from '@twiin/runtime'
import { checkPeriod, isIssuedByRoot } from './chain.ts'
import { derOf } from './pem.ts'

/** A document signed by the issuing CA. */
export interface SignedDocument {
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  /** DER of the issuing certificate. */
  readonly issuer: Uint8Array
}

const magic = Buffer.from('TWD1', 'ascii')
const headerBytes = magic.length + 4 + 2 + 2
const limits = { payload: 8 * 1024 * 1024, signature: 1024, issuer: 16 * 1024 }

/** `TWD1`, lengths of payload (u32), signature and issuer (u16 each), big-endian, then the three. spec 01 §6. */
export function encodeSignedDocument({ payload, signature, issuer }: SignedDocument): Uint8Array {
  const header = Buffer.alloc(headerBytes)
  magic.copy(header)
  header.writeUInt32BE(payload.length, 4)
  header.writeUInt16BE(signature.length, 8)
  header.writeUInt16BE(issuer.length, 10)
  return Uint8Array.from(Buffer.concat([header, payload, signature, issuer]))
}

/** Throws DOCUMENT_UNREADABLE. The parts are copies. */
export function decodeSignedDocument(bytes: Uint8Array): SignedDocument {
  const header = Buffer.from(bytes.subarray(0, headerBytes))
  if (header.length < headerBytes || !header.subarray(0, 4).equals(magic)) throw unreadable('header')
  const payloadEnd = headerBytes + header.readUInt32BE(4)
  const signatureEnd = payloadEnd + header.readUInt16BE(8)
  if (signatureEnd + header.readUInt16BE(10) !== bytes.length) throw unreadable('length')
  return {
    payload: bytes.slice(headerBytes, payloadEnd),
    signature: bytes.slice(payloadEnd, signatureEnd),
    issuer: bytes.slice(signatureEnd),
  }
}

/** What is signed. The prefix keeps a document from ever being a certificate or a CRL: those begin with 30 hex. */
export function signedBytes(payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('twiin/document/v1\0', 'ascii'), payload])
}

export class DocumentVerifier {
  readonly #root: X509Certificate
  readonly #clock: Pick<Clock, 'now'>

  constructor(options: { rootCertificate: string }, deps: { clock: Pick<Clock, 'now'> }) {
    this.#root = new X509Certificate(derOf('CERTIFICATE', options.rootCertificate))
    this.#clock = deps.clock
  }

  /** The payload, at most 8 MiB. Throws DOCUMENT_UNREADABLE, DOCUMENT_ISSUER, DOCUMENT_SIGNATURE. */
  async verify({ payload, signature, issuer }: SignedDocument): Promise<Uint8Array> {
    const parts = { payload, signature, issuer }
    for (const part of ['payload', 'signature', 'issuer'] as const) {
      if (parts[part].length > limits[part]) throw unreadable(part)
    }
    const certificate = this.#readIssuer(issuer)
    if (!verify('sha256', signedBytes(payload), certificate.publicKey, signature)) {
      throw new TwiinError('DOCUMENT_SIGNATURE')
    }
    return payload
  }

  #readIssuer(der: Uint8Array): X509Certificate {
    try {
      const issuer = new X509Certificate(der)
      const period = { notBefore: issuer.validFromDate.getTime(), notAfter: issuer.validToDate.getTime() }
      if (!isIssuedByRoot(this.#root, issuer)) throw new TwiinError('CERT_CHAIN')
      checkPeriod(period, this.#clock.now())
      return issuer
    } catch (cause) {
      throw new TwiinError('DOCUMENT_ISSUER', {}, { cause })
    }
  }
}

function unreadable(reason: string): TwiinError {
  return new TwiinError('DOCUMENT_UNREADABLE', { reason })
}
