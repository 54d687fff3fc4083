import { TwiinError } from '@twiin/runtime'
import { sequenceLength } from './der-length.ts'

/** The most a peer may present in the certificate exchange. spec 01 §4. */
export const maxCredentialBytes = 16 * 1024
/** The most of it that may be evidence. spec 11 §5. */
export const maxEvidenceBytes = 12 * 1024

/** The parts of what a peer presents, copied. `evidence` is opaque here: who judges admission reads it (spec 11 §5). */
export interface Credential {
  readonly leaf: Uint8Array
  readonly issuing: Uint8Array
  /** 1 to 12,288 bytes. */
  readonly evidence?: Uint8Array
}

/**
 * What a node presents: its own certificate, the issuing certificate, DER after DER, and the evidence that the first is in
 * the log. No evidence and an empty one are the same. Throws CREDENTIAL_TOO_LARGE.
 */
export function credentialOf(
  leafDer: Uint8Array,
  issuingDer: Uint8Array,
  evidence: Uint8Array = new Uint8Array(),
): Uint8Array {
  const credential = Uint8Array.from(Buffer.concat([leafDer, issuingDer, evidence]))
  if (evidence.length > maxEvidenceBytes || credential.length > maxCredentialBytes)
    throw new TwiinError('CREDENTIAL_TOO_LARGE', { bytes: credential.length, evidence: evidence.length })
  return credential
}

/** Cuts a credential by the outer DER lengths of its two certificates; what follows is the evidence. Throws CERT_UNREADABLE. */
export function splitCredential(presented: Uint8Array): Credential {
  if (presented.length > maxCredentialBytes) throw unreadable('too long')
  const leafLength = sequenceLength(presented, 0) ?? 0
  const issuingLength = sequenceLength(presented, leafLength) ?? 0
  if (leafLength === 0 || issuingLength === 0) throw unreadable('not two certificates')
  const certificatesLength = leafLength + issuingLength
  const evidence = presented.slice(certificatesLength)
  if (evidence.length > maxEvidenceBytes) throw unreadable('evidence too long')
  return {
    leaf: presented.slice(0, leafLength),
    issuing: presented.slice(leafLength, certificatesLength),
    ...(evidence.length > 0 && { evidence }),
  }
}

function unreadable(reason: string): TwiinError {
  return new TwiinError('CERT_UNREADABLE', { reason })
}
