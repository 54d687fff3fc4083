import { sha256 } from './bytes.ts'
import type { Bytes } from './bytes.ts'

const leafPrefix = Uint8Array.of(0)
const nodePrefix = Uint8Array.of(1)

/** RFC 6962 §2.1 */
export const leafHash = (line: Uint8Array): Promise<Bytes> => sha256(leafPrefix, line)

interface Claim {
  index: number
  size: number
  leaf: Bytes
  path: readonly Bytes[]
}

/**
 * The root to which a path leads (RFC 9162 §2.1.3.2); undefined when the path cannot belong to this index and size.
 * Division instead of shifts: sizes may go beyond 32 bits.
 */
export async function rootOf({ index, size, leaf, path }: Claim): Promise<Bytes | undefined> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size)
    return undefined
  let [fn, sn, hash] = [index, size - 1, leaf]
  for (const step of path) {
    if (sn === 0 || step.length !== 32) return undefined
    if (fn % 2 === 1 || fn === sn) {
      hash = await sha256(nodePrefix, step, hash)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
    } else hash = await sha256(nodePrefix, hash, step)
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 ? hash : undefined
}
