import { TwiinError } from '@twiin/runtime'
import { emptyRoot, hashLength, leafHash, nodeHash } from './merkle-hash.ts'

/** What one tree holds unless told otherwise: 64 MiB of hashes, twice that while it grows. */
const millionLeaves = 1_000_000

/**
 * The append-only tree of RFC 6962 §2.1, spec 11 §2, in memory: 64 bytes a leaf. It keeps the hash of every complete
 * subtree, so that the root and any proof, also of a smaller size it once had, costs O(log n) hashes.
 *
 * Errors: LOG_RANGE_INVALID (an index or a size that this tree does not have), LOG_FULL (`limit` leaves, a million).
 */
export class MerkleTree {
  /** `#levels[k]` holds, packed, the hashes of the complete subtrees of 2^k leaves, from the left. */
  readonly #levels: Level[] = []
  readonly #limit: number

  constructor(options: { limit?: number } = {}) {
    this.#limit = options.limit ?? millionLeaves
  }

  /** Leaves so far. */
  get size(): number {
    return this.#levels[0]?.count ?? 0
  }

  /** How many leaves may still be added. */
  get room(): number {
    return this.#limit - this.size
  }

  /** Adds a leaf (its bytes, not their hash) and returns its index. Throws LOG_FULL. */
  append(leaf: Uint8Array): number {
    const index = this.size
    if (index >= this.#limit) throw new TwiinError('LOG_FULL', { leaves: index })
    let hash = leafHash(leaf)
    let position = index
    for (let level = 0; ; level++) {
      const hashes = (this.#levels[level] ??= new Level())
      hashes.push(hash)
      // An even one waits for its right neighbour; an odd one completes their parent.
      if (position % 2 === 0) return index
      hash = nodeHash(hashes.at(position - 1), hash)
      position = (position - 1) / 2
    }
  }

  /** The root over the first `size` leaves: 32 bytes. Throws LOG_RANGE_INVALID. */
  root(size: number = this.size): Uint8Array {
    this.#requireSize(size)
    return size === 0 ? emptyRoot() : this.#hashOf(0, size)
  }

  /**
   * The audit path of leaf `index` in the tree over the first `size` leaves, RFC 6962 §2.1.1: hashes of 32 bytes, from
   * the leaf upwards. Throws LOG_RANGE_INVALID.
   */
  inclusionProof(index: number, size: number = this.size): Uint8Array[] {
    this.#requireSize(size)
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
      throw new TwiinError('LOG_RANGE_INVALID', { index, size })
    }
    const downwards: Uint8Array[] = []
    let [start, end] = [0, size]
    while (end - start > 1) {
      const middle = start + largestPowerBelow(end - start)
      if (index < middle) {
        downwards.push(this.#hashOf(middle, end))
        end = middle
      } else {
        downwards.push(this.#hashOf(start, middle))
        start = middle
      }
    }
    return downwards.reverse()
  }

  /**
   * That the tree over the first `second` leaves begins with the one over the first `first`, RFC 6962 §2.1.2: hashes of
   * 32 bytes. Empty when the sizes are equal or `first` is 0. Throws LOG_RANGE_INVALID.
   */
  consistencyProof(first: number, second: number = this.size): Uint8Array[] {
    this.#requireSize(second)
    if (!Number.isSafeInteger(first) || first < 0 || first > second) {
      throw new TwiinError('LOG_RANGE_INVALID', { first, second })
    }
    if (first === 0 || first === second) return []
    const downwards: Uint8Array[] = []
    let [start, end] = [0, second]
    while (first !== end) {
      const middle = start + largestPowerBelow(end - start)
      if (first <= middle) {
        downwards.push(this.#hashOf(middle, end))
        end = middle
      } else {
        downwards.push(this.#hashOf(start, middle))
        start = middle
      }
    }
    // The verifier knows the old root; where the old tree is this very subtree it need not be told.
    if (start !== 0) downwards.push(this.#hashOf(start, end))
    return downwards.reverse()
  }

  /** The hash over the leaves from `start` to before `end`, as the tree splits them: all but the last part complete. */
  #hashOf(start: number, end: number): Uint8Array {
    const count = end - start
    const left = count === 1 ? 1 : largestPowerBelow(count)
    if (left * 2 === count || count === 1) {
      const height = Math.log2(count)
      return (this.#levels[height] as Level).at(start / count)
    }
    return nodeHash(this.#hashOf(start, start + left), this.#hashOf(start + left, end))
  }

  #requireSize(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.size) {
      throw new TwiinError('LOG_RANGE_INVALID', { size, leaves: this.size })
    }
  }
}

/** Hashes one after the other in one buffer that doubles: a million small objects would cost four times as much. */
class Level {
  count = 0
  #bytes = new Uint8Array(8 * hashLength)

  push(hash: Uint8Array): void {
    const offset = this.count * hashLength
    if (offset === this.#bytes.length) {
      const larger = new Uint8Array(2 * offset)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes.set(hash, offset)
    this.count++
  }

  /** A copy: what a caller does with it cannot change the tree. */
  at(position: number): Uint8Array {
    return this.#bytes.slice(position * hashLength, (position + 1) * hashLength)
  }
}

/** The largest power of two smaller than `count`, which is at least 2. */
function largestPowerBelow(count: number): number {
  return 2 ** (31 - Math.clz32(count - 1))
}
