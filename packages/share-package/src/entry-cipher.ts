/**
 * Chunks of an entry, in the manner of STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): a counter and a mark for the
 * last one in the nonce, so that none can be left out, doubled, moved, or cut off unseen (spec 25 §2).
 */
import type { Bytes, CipherKey } from './keys.ts'
import { ShareError } from './share-error.ts'

/** Of plain bytes. */
export const chunkBytes = 65_536
const tagBytes = 16
export const sealedChunkBytes = chunkBytes + tagBytes
/** So many are ciphered at once, and read or written as one piece: about 1 MiB. */
export const chunksAtOnce = 16

/** An empty entry is one empty chunk. */
export const chunksOf = (size: number): number => Math.max(1, Math.ceil(size / chunkBytes))
export const sealedSize = (size: number): number => size + tagBytes * chunksOf(size)

/** The size of what was sealed in so many bytes; `undefined` when nothing gives that many. */
export function plainSize(sealed: number): number | undefined {
  const size = sealed - tagBytes * Math.max(1, Math.ceil(sealed / sealedChunkBytes))
  return size >= 0 && sealedSize(size) === sealed ? size : undefined
}

export async function sealChunk(
  key: CipherKey,
  counter: number,
  last: boolean,
  plain: Bytes,
): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt(parameters(counter, last), key, plain))
}

/** Throws `SHARE_DAMAGED`. */
export async function openChunk(
  key: CipherKey,
  counter: number,
  last: boolean,
  sealed: Bytes,
): Promise<Bytes> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters(counter, last), key, sealed))
  } catch {
    throw new ShareError('SHARE_DAMAGED', { chunk: counter })
  }
}

function parameters(counter: number, last: boolean) {
  const iv = new Uint8Array(12)
  new DataView(iv.buffer).setUint32(7, counter)
  iv[11] = last ? 1 : 0
  return { name: 'AES-GCM', iv, tagLength: tagBytes * 8 }
}
