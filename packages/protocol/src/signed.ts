import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import { messageType } from './codec.ts'
import type { MessageType } from './codec.ts'
import { Bytes } from './fields.ts'

/** Signs with the node's key under a domain, so that a signature can never be used for another kind of message. */
export interface Signer<Domain extends string = string> {
  readonly peerId: string
  sign(domain: Domain, message: Uint8Array): Uint8Array
}
/** True when `signature` over `message` was made by the key of `peerId` under `domain`. */
export type VerifySignature<Domain extends string = string> = (
  peerId: string,
  domain: Domain,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean

/** A signed message: the exact bytes that were signed, and what they say. Keep the bytes; they are the evidence. */
export interface Signed<T> {
  readonly message: T
  readonly bytes: Uint8Array
}

const envelope = (maxBytes: number) =>
  messageType(
    'signed',
    Type.Object({ payload: Bytes(1, maxBytes), signature: Bytes(64) }, { additionalProperties: false }),
    maxBytes + 256,
  )

/** How messages of one type are signed and opened. `open` throws `SIGNATURE_INVALID` before it looks inside. */
export function signedType<T, Domain extends string>(
  domain: Domain,
  type: MessageType<T>,
  maxBytes: number,
): {
  sign(message: T, signer: Signer<Domain>): Signed<T>
  open(bytes: Uint8Array, peerId: string, verify: VerifySignature<Domain>): Signed<T>
} {
  const wire = envelope(maxBytes)
  return {
    sign: (message, signer) => {
      const payload = type.encode(message)
      return { message, bytes: wire.encode({ payload, signature: signer.sign(domain, payload) }) }
    },
    open: (bytes, peerId, verify) => {
      const { payload, signature } = wire.decode(bytes)
      if (!verify(peerId, domain, payload, signature))
        throw new TwiinError('SIGNATURE_INVALID', { message: type.name })
      return { message: type.decode(payload), bytes }
    },
  }
}
