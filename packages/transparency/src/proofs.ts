import { emptyRoot, hashLength, nodeHash, sameBytes } from './merkle-hash.ts'

/** Where something is said to stand, and in which tree. Sizes and indices are safe integers; hashes have 32 bytes. */
export interface InclusionClaim {
  readonly leafHash: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
}

/** Two trees of one log, of which the second is said to begin with the first. */
export interface ConsistencyClaim {
  readonly first: { readonly size: number; readonly root: Uint8Array }
  readonly second: { readonly size: number; readonly root: Uint8Array }
}

/** Whether `path` leads from the leaf to the root. RFC 9162 §2.1.3.2. Never throws; at most 53 hashes. */
export function verifyInclusion(claim: InclusionClaim, path: readonly Uint8Array[]): boolean {
  const { index, size, root } = claim
  if (!isCount(index) || !isCount(size) || index >= size) return false
  if (!areHashes([claim.leafHash, root]) || !areHashes(path)) return false
  let [fn, sn] = [index, size - 1]
  let r = claim.leafHash
  for (const p of path) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      r = nodeHash(p, r)
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else {
      r = nodeHash(r, p)
    }
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && sameBytes(r, root)
}

/**
 * Whether `path` shows that the second tree begins with the first. RFC 9162 §2.1.4.2. Two trees of one size must have one
 * root and no path; after the empty tree, whose root is SHA-256(), every tree comes without a path. Never throws; at most
 * 106 hashes.
 */
export function verifyConsistency(claim: ConsistencyClaim, path: readonly Uint8Array[]): boolean {
  const { first, second } = claim
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size) return false
  if (!areHashes([first.root, second.root]) || !areHashes(path)) return false
  if (first.size === second.size) return path.length === 0 && sameBytes(first.root, second.root)
  if (first.size === 0) return path.length === 0 && sameBytes(first.root, emptyRoot())
  if (path.length === 0) return false

  let [fn, sn] = [first.size - 1, second.size - 1]
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)]
  // A first tree of a power of two leaves is a whole subtree of the second: its root is where the path begins.
  const hashes = fn === 0 ? [first.root, ...path] : path
  const [seed = first.root, ...rest] = hashes
  let [fr, sr] = [seed, seed]
  for (const c of rest) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(c, fr)
      sr = nodeHash(c, sr)
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else {
      sr = nodeHash(sr, c)
    }
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && sameBytes(fr, first.root) && sameBytes(sr, second.root)
}

/** The longest path there can be: one hash for each bit of a size, and one more where a consistency proof begins. */
const longestPath = 54

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return (
    hashes.length <= longestPath &&
    hashes.every((hash) => hash instanceof Uint8Array && hash.length === hashLength)
  )
}

// Sizes go beyond 32 bits, where JavaScript's bit operations end.
function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isOdd(value: number): boolean {
  return value % 2 === 1
}

function half(value: number): number {
  return Math.floor(value / 2)
}
