import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'

/**
 * A sealed blob on disk (docs/adr/0003):
 *
 *     "TWBLOB1\n" ‖ blob id (16) ‖ chunk 0 ‖ chunk 1 ‖ … ‖ last chunk
 *     chunk = nonce (12) ‖ AES-256-GCM(64 KiB of plain bytes; fewer in the last chunk) ‖ tag (16)
 *
 * The blob's own key comes from its id; the chunk's number and whether it is the last are authenticated with it. So
 * chunks cannot be altered, exchanged, repeated, moved to another blob, or cut off at the end. Each chunk has a fresh
 * random nonce: writing a chunk again after a crash can never meet a nonce that was used before.
 */
export const magic = Buffer.from('TWBLOB1\n', 'latin1')
export const idBytes = 16
export const headerBytes = magic.length + idBytes
export const chunkBytes = 64 * 1024
const nonceBytes = 12
const tagBytes = 16
export const overheadBytes = nonceBytes + tagBytes
export const recordBytes = chunkBytes + overheadBytes

export interface ChunkPlace {
  key: KeyObject
  id: Uint8Array
  index: number
  last: boolean
}

/** Writes the sealed chunk into `target` at `offset`; returns the offset behind it. */
export function sealChunk(place: ChunkPlace, plain: Uint8Array, target: Buffer, offset: number): number {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', place.key, nonce)
  cipher.setAAD(authenticated(place))
  let at = offset + nonce.copy(target, offset)
  at += cipher.update(plain).copy(target, at)
  cipher.final()
  return at + cipher.getAuthTag().copy(target, at)
}

/** @throws TwiinError SEAL_BROKEN */
export function openChunk(place: ChunkPlace, record: Uint8Array): Buffer {
  if (record.length < overheadBytes) throw new TwiinError('SEAL_BROKEN', { chunk: place.index })
  const decipher = createDecipheriv('aes-256-gcm', place.key, record.subarray(0, nonceBytes))
  decipher.setAAD(authenticated(place))
  decipher.setAuthTag(record.subarray(-tagBytes))
  const plain = decipher.update(record.subarray(nonceBytes, -tagBytes))
  try {
    decipher.final()
  } catch (cause) {
    throw new TwiinError('SEAL_BROKEN', { chunk: place.index }, { cause })
  }
  return plain
}

function authenticated(place: ChunkPlace): Buffer {
  const bytes = Buffer.alloc(idBytes + 9)
  bytes.set(place.id)
  bytes.writeBigUInt64BE(BigInt(place.index), idBytes)
  bytes[idBytes + 8] = place.last ? 1 : 0
  return bytes
}

/** Where a chunk's record starts in the file. */
export function recordOffset(index: number): number {
  return headerBytes + index * recordBytes
}
