import { TwiinError } from '@twiin/runtime'

/** One line of signature in a note: who, with which key (4 bytes), and the bytes they made. C2SP signed-note. */
export interface SignatureLine {
  readonly name: string
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}

/** `— <name> <base64: key id ‖ signature>`, without a newline. Throws CHECKPOINT_INVALID for a name that cannot stand there. */
export function formatSignatureLine({ name, keyId, signature }: SignatureLine): string {
  if (!isName(name)) throw new TwiinError('CHECKPOINT_INVALID', { reason: 'NAME' })
  return `${dash} ${name} ${Buffer.concat([keyId, signature]).toString('base64')}`
}

/** Reads a line without its newline. Throws CHECKPOINT_INVALID. */
export function parseSignatureLine(line: string): SignatureLine {
  const [start, name = '', text = '', ...more] = line.split(' ', 4)
  if (start !== dash || !isName(name) || more.length > 0) {
    throw new TwiinError('CHECKPOINT_INVALID', { reason: 'SIGNATURE_LINE' })
  }
  const bytes = decodeBase64(text)
  // Four bytes of key id and a signature; of which length, its type says.
  if (bytes === undefined || bytes.length <= 4) {
    throw new TwiinError('CHECKPOINT_INVALID', { reason: 'SIGNATURE_LINE' })
  }
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) }
}

/** Standard base64 with padding, in the only form that encodes these bytes (RFC 4648 §4 and §3.5); else undefined. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? Uint8Array.from(bytes) : undefined
}

/** C2SP signed-note: not empty, no Unicode space (U+0085 is among the control characters), no plus; and no control character. */
export function isName(name: string): boolean {
  return name.isWellFormed() && /^[^\s\p{Cc}+]+$/u.test(name)
}

/** Em dash, U+2014. */
const dash = '\u2014'
