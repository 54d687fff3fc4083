import { decode as decodeCbor, encode as encodeCbor } from 'cborg'
import { TwiinError } from '@twiin/runtime'
import { Compile } from 'typebox/compile'
import type { Static, TSchema } from 'typebox'

/** A message type: how it goes on the wire and how it is judged when it comes off it. */
export interface MessageType<T> {
  readonly name: string
  encode(message: T): Uint8Array
  /** Throws `MESSAGE_INVALID` for anything that is not exactly such a message, and `MESSAGE_TOO_LARGE` before looking at it. */
  decode(bytes: Uint8Array): T
}

/**
 * Deterministic CBOR (RFC 8949 §4.2) of a closed schema: no indefinite lengths, no undefined, NaN or infinity,
 * no duplicate or unknown keys. The same bytes come out for the same message everywhere, so that it can be signed.
 */
export function messageType<S extends TSchema>(
  name: string,
  schema: S,
  maxBytes: number,
): MessageType<Static<S>> {
  const compile = () => Compile(schema)
  // At the first message: a program that starts takes a tenth of a second less, and meets few of all types.
  let compiled: ReturnType<typeof compile> | undefined
  return {
    name,
    encode: (message) => encodeCbor(message, { ignoreUndefinedProperties: true }),
    decode: (bytes) => {
      if (bytes.byteLength > maxBytes) throw new TwiinError('MESSAGE_TOO_LARGE', { message: name, maxBytes })
      const value = decodeStrictly(name, bytes)
      const shape = (compiled ??= compile())
      if (!shape.Check(value))
        throw new TwiinError('MESSAGE_INVALID', { message: name, at: shape.Errors(value)[0]?.instancePath })
      return value
    },
  }
}

function decodeStrictly(name: string, bytes: Uint8Array): unknown {
  try {
    return decodeCbor(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      allowBigInt: false,
      rejectDuplicateMapKeys: true,
    })
  } catch (cause) {
    // Deep nesting ends here as a RangeError, like every other defect.
    throw new TwiinError('MESSAGE_INVALID', { message: name, at: 'encoding' }, { cause })
  }
}
