import { TwiinError } from '@twiin/runtime'
import { keyId, signatureType, verifyEd25519 } from './ed25519.ts'
import type { Signer } from './ed25519.ts'
import { hashLength, sameBytes } from './merkle-hash.ts'
import { decodeBase64, formatSignatureLine, isName, parseSignatureLine } from './signature-line.ts'
import type { SignatureLine } from './signature-line.ts'

/** Bounds of a note, spec 11 §3. */
export const checkpointLimits = { bytes: 8 * 1024, signatures: 16 } as const

/** What a log says of itself: its name (`<trust domain>/log`), how many leaves, and their root (32 bytes). */
export interface TreeHead {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}

/** A checkpoint that was read. That it can be read says nothing about its signatures. */
export interface Checkpoint extends TreeHead {
  /** The text that was signed, with its last newline. */
  readonly body: string
  /** In the order of the note. */
  readonly signatures: readonly SignatureLine[]
}

/** The log as its verifier knows it: name and raw Ed25519 public key (32 bytes). */
export interface LogIdentity {
  readonly origin: string
  readonly publicKey: Uint8Array
}

/**
 * The note of this tree, with the log's signature as its only one. spec 11 §3.
 * Throws CHECKPOINT_INVALID when the head cannot be written, or the signer does not sign with its key.
 */
export function signCheckpoint(head: TreeHead, log: Signer): string {
  const body = formatBody(head)
  const line = formatSignatureLine({
    name: head.origin,
    keyId: keyId(head.origin, signatureType.log, log.publicKey),
    signature: log.sign(Buffer.from(body, 'utf8')),
  })
  const note = `${body}\n${line}\n`
  // A signature that nobody can verify must not leave the log.
  verifyCheckpoint(note, { origin: head.origin, publicKey: log.publicKey })
  return note
}

/**
 * Reads a note in the one form our spec allows: three lines, an empty line, one to sixteen signature lines, a newline at
 * the end of each. Extension lines (C2SP tlog-checkpoint, optional) are refused: no log of ours writes them.
 * Throws CHECKPOINT_INVALID (fact `reason`). Verifies nothing.
 */
export function parseCheckpoint(note: string): Checkpoint {
  // Characters first: to count the bytes of something endless takes its time.
  if (note.length > checkpointLimits.bytes || Buffer.byteLength(note, 'utf8') > checkpointLimits.bytes) {
    throw invalid('TOO_LONG')
  }
  // C2SP signed-note: no control characters but the newline.
  if (!note.isWellFormed() || /[\0-\x09\x0b-\x1f]/.test(note)) throw invalid('CHARACTERS')
  // Four lines, the signatures, what follows the last newline, and one more to notice that there is more.
  const lines = note.split('\n', 4 + checkpointLimits.signatures + 2)
  const [origin = '', size = '', root = '', empty, ...rest] = lines
  if (rest.length > checkpointLimits.signatures + 1) throw invalid('TOO_MANY_SIGNATURES')
  if (empty !== '' || rest.pop() !== '' || rest.length === 0) throw invalid('LINES')
  if (!isName(origin)) throw invalid('ORIGIN')
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) throw invalid('SIZE')
  const rootBytes = decodeBase64(root)
  if (rootBytes?.length !== hashLength) throw invalid('ROOT')
  const signatures = rest.map(parseSignatureLine)
  return {
    origin,
    size: Number(size),
    root: rootBytes,
    body: `${origin}\n${size}\n${root}\n`,
    signatures,
  }
}

/**
 * Reads a note and verifies that this log signed it: its line comes first, and every line under its name fits. Cosignatures
 * are not looked at. Throws CHECKPOINT_INVALID (fact `reason`).
 */
export function verifyCheckpoint(note: string, log: LogIdentity): Checkpoint {
  const checkpoint = parseCheckpoint(note)
  if (checkpoint.origin !== log.origin) throw invalid('OTHER_LOG')
  if (checkpoint.signatures[0]?.name !== log.origin) throw invalid('LOG_SIGNATURE')
  const message = Buffer.from(checkpoint.body, 'utf8')
  const id = keyId(log.origin, signatureType.log, log.publicKey)
  for (const line of checkpoint.signatures) {
    if (line.name !== log.origin) continue
    // spec 11 §3: a known name with a signature that does not fit makes the note invalid.
    if (!sameBytes(line.keyId, id) || !verifyEd25519(log.publicKey, message, line.signature)) {
      throw invalid('LOG_SIGNATURE')
    }
  }
  return checkpoint
}

/**
 * The note with these signature lines (without newline or with one) added at its end. Of one name and key the line that is
 * there already stays: nobody fills a note by signing again. Nothing is verified: add what was verified.
 * Throws CHECKPOINT_INVALID, also when the note would hold more than 16 signatures or 8 KiB.
 */
export function addSignatures(note: string, lines: readonly string[]): string {
  const idOf = ({ name, keyId }: SignatureLine) => `${name} ${Buffer.from(keyId).toString('hex')}`
  const seen = new Set(parseCheckpoint(note).signatures.map(idOf))
  let merged = note
  for (const line of lines) {
    if (line.length > checkpointLimits.bytes) throw invalid('TOO_LONG')
    const bare = line.endsWith('\n') ? line.slice(0, -1) : line
    const id = idOf(parseSignatureLine(bare))
    if (seen.has(id)) continue
    seen.add(id)
    merged += `${bare}\n`
  }
  parseCheckpoint(merged)
  return merged
}

/**
 * Whether these two notes prove that the log shows different people different lists: both signed by it, of one size, with
 * different roots. spec 11 §7. A note that cannot be read, or that it did not sign, proves nothing. Never throws.
 */
export function contradiction(noteA: string, noteB: string, log: LogIdentity): boolean {
  let a: Checkpoint
  let b: Checkpoint
  try {
    a = verifyCheckpoint(noteA, log)
    b = verifyCheckpoint(noteB, log)
  } catch {
    return false
  }
  return a.size === b.size && !sameBytes(a.root, b.root)
}

function formatBody({ origin, size, root }: TreeHead): string {
  if (!isName(origin)) throw invalid('ORIGIN')
  if (!Number.isSafeInteger(size) || size < 0) throw invalid('SIZE')
  if (root.length !== hashLength) throw invalid('ROOT')
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`
}

function invalid(reason: string): TwiinError<'CHECKPOINT_INVALID'> {
  return new TwiinError('CHECKPOINT_INVALID', { reason })
}
