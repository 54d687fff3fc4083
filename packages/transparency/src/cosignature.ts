import { TwiinError } from '@twiin/runtime'
import type { Checkpoint } from './checkpoint.ts'
import { checkpointLimits } from './checkpoint.ts'
import { keyId, signatureType, verifyEd25519 } from './ed25519.ts'
import type { Signer } from './ed25519.ts'
import { sameBytes } from './merkle-hash.ts'
import { formatSignatureLine, parseSignatureLine } from './signature-line.ts'
import type { SignatureLine } from './signature-line.ts'

/** A witness as its verifier knows it: name (its peer ID) and raw Ed25519 public key (32 bytes). */
export interface Witness {
  readonly name: string
  readonly publicKey: Uint8Array
}

/** A cosignature that was verified: by whom, and the time it names, in seconds since 1970. */
export interface Cosignature {
  readonly name: string
  readonly time: number
}

/** Bytes of the time before the signature. */
const timeLength = 8

/**
 * The line by which a witness says that it saw this tree at `time` (seconds since 1970) and that the log only grew:
 * C2SP tlog-cosignature v1, Ed25519. Without a newline. spec 11 §3.
 * Throws CHECKPOINT_INVALID when the name or time cannot be written, or the signer does not sign with its key.
 */
export function cosign(checkpoint: Checkpoint, witness: Witness & Signer, time: number): string {
  if (!Number.isSafeInteger(time) || time < 0) throw invalid('TIME')
  const signature = witness.sign(cosignedMessage(checkpoint, time))
  const line = formatSignatureLine({
    name: witness.name,
    keyId: keyId(witness.name, signatureType.cosignature, witness.publicKey),
    signature: Buffer.concat([encodeTime(time), signature]),
  })
  verifyCosignature(checkpoint, line, witness)
  return line
}

/**
 * Verifies one line, with or without its newline, as this witness' cosignature of this checkpoint, and returns the time it
 * names. Whether that time is plausible is for the caller to say. Throws CHECKPOINT_INVALID.
 */
export function verifyCosignature(checkpoint: Checkpoint, line: string, witness: Witness): Cosignature {
  if (line.length > checkpointLimits.bytes) throw invalid('TOO_LONG')
  const parsed = parseSignatureLine(line.endsWith('\n') ? line.slice(0, -1) : line)
  if (parsed.name !== witness.name) throw invalid('OTHER_WITNESS')
  return { name: witness.name, time: verifiedTime(checkpoint, parsed, witness) }
}

/**
 * The cosignatures in this note by witnesses of the list, one a witness, in the order of the note; of two by one witness
 * the first. Lines of other names are passed over.
 * Throws CHECKPOINT_INVALID when a line under a known name does not fit: spec 11 §3.
 */
export function cosignaturesOf(checkpoint: Checkpoint, witnesses: readonly Witness[]): Cosignature[] {
  const known = new Map(witnesses.map((witness) => [witness.name, witness]))
  const found = new Map<string, Cosignature>()
  for (const line of checkpoint.signatures) {
    const witness = known.get(line.name)
    if (witness === undefined) continue
    const time = verifiedTime(checkpoint, line, witness)
    // By key, for the signed text does not name its witness: under two names one key is still one witness.
    const key = Buffer.from(witness.publicKey).toString('hex')
    if (!found.has(key)) found.set(key, { name: witness.name, time })
  }
  return [...found.values()]
}

function verifiedTime(checkpoint: Checkpoint, line: SignatureLine, witness: Witness): number {
  const time = decodeTime(line.signature)
  const fits =
    time !== undefined &&
    sameBytes(line.keyId, keyId(witness.name, signatureType.cosignature, witness.publicKey)) &&
    verifyEd25519(witness.publicKey, cosignedMessage(checkpoint, time), line.signature.subarray(timeLength))
  if (!fits) throw invalid('COSIGNATURE')
  return time
}

/** C2SP tlog-cosignature, "Ed25519 signed message". */
function cosignedMessage(checkpoint: Checkpoint, time: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${checkpoint.body}`, 'utf8')
}

function encodeTime(time: number): Buffer {
  const bytes = Buffer.alloc(timeLength)
  bytes.writeBigUInt64BE(BigInt(time))
  return bytes
}

/** Undefined beyond 2^53 - 1: a time that a number cannot hold could be read as another one. */
function decodeTime(signature: Uint8Array): number | undefined {
  if (signature.length < timeLength) return undefined
  const time = Number(Buffer.from(signature).readBigUInt64BE(0))
  return Number.isSafeInteger(time) ? time : undefined
}

function invalid(reason: string): TwiinError<'CHECKPOINT_INVALID'> {
  return new TwiinError('CHECKPOINT_INVALID', { reason })
}
