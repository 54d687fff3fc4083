import { TwiinError } from '@twiin/runtime'
import { sequenceLength } from './der-length.ts'

/** The most a peer may present in the certificate exchange. spec 01 §4. */
export const maxCredentialBytes = 16 * 1024

/** What a node presents: its own certificate, then the issuing certificate, DER after DER. */
export function credentialOf(leafDer: Uint8Array, issuingDer: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([leafDer, issuingDer]))
}

/** Cuts a credential in its two certificates by their outer DER lengths; nothing may follow. Throws CERT_UNREADABLE. */
export function splitCredential(presented: Uint8Array): { leaf: Uint8Array; issuing: Uint8Array } {
  if (presented.length > maxCredentialBytes) throw unreadable('too long')
  const leafLength = sequenceLength(presented, 0) ?? 0
  const issuingLength = sequenceLength(presented, leafLength) ?? 0
  if (leafLength === 0 || issuingLength === 0) throw unreadable('not DER')
  if (leafLength + issuingLength !== presented.length) throw unreadable('not two certificates')
  return { leaf: presented.slice(0, leafLength), issuing: presented.slice(leafLength) }
}

function unreadable(reason: string): TwiinError {
  return new TwiinError('CERT_UNREADABLE', { reason })
}
