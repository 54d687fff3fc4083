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

/**
 * Undefined for what is no checkpoint. As strict as what nodes read with (packages/transparency, whose tests are run on this
 * too): what one reader passes over could be what another one believes.
 */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  if (note.length > longest || utf8(note).length > longest) return undefined
  if (!note.isWellFormed() || /[\0-\x09\x0b-\x1f]/.test(note)) return undefined
  const [origin = '', sizeText = '', rootText = '', empty, ...rest] = note.split('\n')
  if (empty !== '' || rest.pop() !== '' || rest.length === 0 || rest.length > mostSignatures) return undefined
  const root = fromBase64(rootText)
  const size = Number(sizeText)
  if (!isName(origin) || root?.length !== 32) return undefined
  if (!/^(0|[1-9]\d{0,15})$/.test(sizeText) || !Number.isSafeInteger(size)) return undefined
  const signatures = rest.map(parseSignature)
  if (!signatures.every((line) => line !== undefined)) return undefined
  return { origin, size, root, body: `${origin}\n${sizeText}\n${rootText}\n`, signatures }
}

function parseSignature(line: string): Checkpoint['signatures'][number] | undefined {
  const [dash, name = '', text = '', ...more] = line.split(' ')
  const bytes = fromBase64(text)
  if (dash !== '\u2014' || !isName(name) || bytes === undefined || bytes.length < 5 || more.length > 0)
    return undefined
  return { name, keyId: bytes.slice(0, 4), rest: bytes.slice(4) }
}

/** C2SP signed-note. */
const isName = (name: string) => /^[^\s\p{Cc}+]+$/u.test(name)

/** First four bytes of SHA-256(name ‖ 0A ‖ algorithm ‖ public key): 01 for the log, 04 for a witness. */
async function keyIdOf(name: string, algorithm: 1 | 4, publicKey: Bytes): Promise<Bytes> {
  return (await sha256(utf8(name), Uint8Array.of(0x0a, algorithm), publicKey)).slice(0, 4)
}

/** RFC 8032. Throws where the browser has no Ed25519. */
async function signed(publicKey: Bytes, signature: Bytes, text: string): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify'])
  return crypto.subtle.verify({ name: 'Ed25519' }, key, signature, utf8(text))
}

/** Whether this log signed it: its line comes first, and every line under its name fits. */
export async function isSignedByLog(
  checkpoint: Checkpoint,
  log: { origin: string; publicKey: Bytes },
): Promise<boolean> {
  const { origin, body, signatures } = checkpoint
  if (origin !== log.origin || signatures[0]?.name !== origin) return false
  const keyId = await keyIdOf(origin, 1, log.publicKey)
  for (const line of signatures.filter(({ name }) => name === origin)) {
    if (line.rest.length !== 64 || !sameBytes(line.keyId, keyId)) return false
    if (!(await signed(log.publicKey, line.rest, body))) return false
  }
  return true
}

/**
 * Those of these witnesses, by peer ID, whose cosignature (C2SP tlog-cosignature v1) is on it. Undefined when a line under
 * one of their names does not fit: that makes the note invalid (spec 11 §3).
 */
export async function cosignersOf(
  checkpoint: Checkpoint,
  witnesses: readonly string[],
): Promise<string[] | undefined> {
  const good = new Set<string>()
  for (const line of checkpoint.signatures) {
    if (!witnesses.includes(line.name)) continue
    const publicKey = publicKeyOf(line.name)
    if (publicKey === undefined || line.rest.length !== 72) return undefined
    if (!sameBytes(line.keyId, await keyIdOf(line.name, 4, publicKey))) return undefined
    const time = new DataView(line.rest.buffer, line.rest.byteOffset).getBigUint64(0)
    if (time > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
    const text = `cosignature/v1\ntime ${time}\n${checkpoint.body}`
    if (!(await signed(publicKey, line.rest.slice(8), text))) return undefined
    good.add(line.name)
  }
  return [...good]
}
