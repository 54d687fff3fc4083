import { TwiinError } from '@twiin/runtime'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Identity multihash (00, 36 bytes) of the protobuf PublicKey { Type: Ed25519 (1), Data: 32 bytes }: libp2p peer-ids §Keys. */
const prefix = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

/** The libp2p peer ID of a raw Ed25519 public key (32 bytes), as 52 characters of base58btc. */
export function peerIdOf(publicKey: Uint8Array): string {
  if (publicKey.length !== 32) throw new TwiinError('PUBLIC_KEY_INVALID', { bytes: publicKey.length })
  let value = BigInt(`0x${Buffer.from([...prefix, ...publicKey]).toString('hex')}`)
  let text = ''
  for (; value > 0n; value /= 58n) text = alphabet[Number(value % 58n)] + text
  return `1${text}` // the multihash begins with exactly one zero byte
}

/** The key a peer ID stands for. Only the one canonical spelling is read. Throws PEER_ID_INVALID. */
export function publicKeyOf(peerId: string): Uint8Array {
  if (!/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/.test(peerId)) throw new TwiinError('PEER_ID_INVALID')
  const value = [...peerId].reduce((sum, letter) => sum * 58n + BigInt(alphabet.indexOf(letter)), 0n)
  const publicKey = Buffer.from(value.toString(16).padStart(76, '0'), 'hex').subarray(6)
  if (publicKey.length !== 32 || peerIdOf(publicKey) !== peerId) throw new TwiinError('PEER_ID_INVALID')
  return Uint8Array.from(publicKey)
}
