import { TwiinError } from '@twiin/runtime'

/** The most a peer may present in the certificate exchange. spec 01 §4. */
export const maxCredentialBytes = 16 * 1024

/** What a node presents: its own certificate, then the issuing certificate, DER after DER. */
export function credentialOf(leafDer: Uint8Array, issuingDer: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([leafDer, issuingDer]))
}

/** Cuts a credential in its two certificates by their outer DER lengths; nothing may follow. Throws CERT_UNREADABLE. */
export function splitCredential(presented: Uint8Array): { leaf: Uint8Array; issuing: Uint8Array } {
  if (presented.length > maxCredentialBytes) throw unreadable('too long')
  const leafLength = sequenceLength(presented, 0)
  const issuingLength = sequenceLength(presented, leafLength)
  if (leafLength + issuingLength !== presented.length) throw unreadable('not two certificates')
  return { leaf: presented.slice(0, leafLength), issuing: presented.slice(leafLength) }
}

/** Length of the SEQUENCE at `offset`, header included. Our certificates all need the two-byte length form. */
function sequenceLength(bytes: Uint8Array, offset: number): number {
  const [tag, form, high, low] = bytes.subarray(offset, offset + 4)
  if (tag !== 0x30 || form !== 0x82 || high === undefined || low === undefined) throw unreadable('not DER')
  const length = 4 + high * 256 + low
  if (offset + length > bytes.length) throw unreadable('cut off')
  return length
}

function unreadable(reason: string): TwiinError {
  return new TwiinError('CERT_UNREADABLE', { reason })
}
