import { fromBase64, sameBytes, sha256, utf8 } from './bytes.ts'
import type { Bytes } from './bytes.ts'
import { publicKeyOf } from './peer-key.ts'

/** A signed note, C2SP tlog-checkpoint (spec 11 §3). */
export interface Checkpoint {
  origin: string
  size: number
  root: Bytes
  /** What the log signed. */
  body: string
  signatures: readonly { name: string; keyId: Bytes; rest: Bytes }[]
}

const longest = 8192
const mostSignatures = 16

/** Undefined for what is no checkpoint. */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  const cut = note.indexOf('\n\n')
  if (note.length > longest || cut < 0) return undefined
  const body = note.slice(0, cut + 1)
  const [origin = '', sizeText = '', rootText = '', ...more] = body.trimEnd().split('\n')
  const root = fromBase64(rootText)
  const size = Number(sizeText)
  if (origin === '' || root?.length !== 32 || more.length > 0) return undefined
  if (!/^(0|[1-9]\d*)$/.test(sizeText) || !Number.isSafeInteger(size)) return undefined
  const lines = note
    .slice(cut + 2)
    .trimEnd()
    .split('\n')
  const signatures = lines.slice(0, mostSignatures).flatMap((line) => {
    const [dash, name = '', text = '', ...rest] = line.split(' ')
    const bytes = fromBase64(text)
    if (dash !== '—' || bytes === undefined || bytes.length < 5 || rest.length > 0) return []
    return [{ name, keyId: bytes.slice(0, 4), rest: bytes.slice(4) }]
  })
  return { origin, size, root, body, signatures }
}

/** First four bytes of SHA-256(name ‖ 0A ‖ algorithm ‖ public key): 01 for the log, 04 for a witness. */
async function keyIdOf(name: string, algorithm: 1 | 4, publicKey: Bytes): Promise<Bytes> {
  return (await sha256(utf8(name), Uint8Array.of(0x0a, algorithm), publicKey)).slice(0, 4)
}

/** RFC 8032. Throws where the browser has no Ed25519. */
async function signed(publicKey: Bytes, signature: Bytes, text: string): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify'])
  return crypto.subtle.verify({ name: 'Ed25519' }, key, signature, utf8(text))
}

/** Whether the log with this key signed it. */
export async function isSignedByLog(checkpoint: Checkpoint, publicKey: Bytes): Promise<boolean> {
  const { origin, body, signatures } = checkpoint
  const line = signatures.find(({ name }) => name === origin)
  if (line?.rest.length !== 64) return false
  if (!sameBytes(line.keyId, await keyIdOf(origin, 1, publicKey))) return false
  return signed(publicKey, line.rest, body)
}

/** Those of these witnesses, by peer ID, whose cosignature (C2SP tlog-cosignature v1) is on it and fits. */
export async function cosignersOf(checkpoint: Checkpoint, witnesses: readonly string[]): Promise<string[]> {
  const good: string[] = []
  for (const peerId of witnesses) {
    const publicKey = publicKeyOf(peerId)
    const line = checkpoint.signatures.find(({ name }) => name === peerId)
    if (publicKey === undefined || line?.rest.length !== 72) continue
    if (!sameBytes(line.keyId, await keyIdOf(peerId, 4, publicKey))) continue
    const time = new DataView(line.rest.buffer, line.rest.byteOffset).getBigUint64(0)
    const text = `cosignature/v1\ntime ${time}\n${checkpoint.body}`
    if (await signed(publicKey, line.rest.slice(8), text)) good.push(peerId)
  }
  return good
}
