/** Damage as lines, disks and attackers do it: reproducible from a seed. */
import { createHash } from 'node:crypto'

/** Numbers from 0 to below `limit`, the same for the same seed (SHA-256 in counter mode). */
export function seededNumbers(seed: string): (limit: number) => number {
  let block = Buffer.alloc(0)
  let counter = 0
  return (limit) => {
    if (block.length < 4) {
      block = createHash('sha256').update(`${seed} ${counter}`).digest()
      counter++
    }
    const value = block.readUInt32BE(0)
    block = block.subarray(4)
    return value % limit
  }
}

const extremes = [0, 1, 0x7f, 0x80, 0xff]

/** A copy with one to four damages: bytes flipped or extreme, a length made huge, parts cut, doubled, moved or invented. */
export function mutate(original: Uint8Array, next: (limit: number) => number): Buffer {
  let bytes: Buffer<ArrayBufferLike> = Buffer.from(original)
  for (let left = 1 + next(4); left > 0 && bytes.length > 8; left--) bytes = damage(bytes, next)
  return bytes
}

function damage(bytes: Buffer, next: (limit: number) => number): Buffer {
  const at = next(bytes.length - 4)
  const length = 1 + next(Math.min(64, bytes.length - at))
  const part = bytes.subarray(at, at + length)
  const before = bytes.subarray(0, at)
  const after = bytes.subarray(at + length)
  switch (next(8)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8))
      return bytes
    case 1:
      bytes[at] = extremes[next(extremes.length)] ?? 0
      return bytes
    case 2:
      bytes.writeUInt32LE([0xffffffff, 0xfffffffe, 0x7fffffff, 0xffff][next(4)] ?? 0, at)
      return bytes
    case 3:
      bytes.writeUInt32BE([0xffffffff, 0xfffffff0, 0x7fffffff, 0xffff][next(4)] ?? 0, at)
      return bytes
    case 4:
      return Buffer.concat([before, after])
    case 5:
      return Buffer.concat([before, part, part, after])
    case 6:
      return Buffer.from(before)
    default:
      return Buffer.concat([before, Buffer.from(part).reverse(), after])
  }
}
