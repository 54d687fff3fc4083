import type { Bytes } from './bytes.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** Identity multihash of 36 bytes, holding a protobuf: key type Ed25519, data of 32 bytes. */
const head = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]

/** The Ed25519 key of a peer: it stands in the peer ID itself. Undefined for anything else. */
export function publicKeyOf(peerId: string): Bytes | undefined {
  if (!/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/.test(peerId)) return undefined
  let value = 0n
  for (const char of peerId) value = value * 58n + BigInt(alphabet.indexOf(char))
  const bytes = new Uint8Array(head.length + 32)
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(value & 0xffn)
    value >>= 8n
  }
  return value === 0n && head.every((byte, at) => bytes[at] === byte) ? bytes.slice(head.length) : undefined
}
