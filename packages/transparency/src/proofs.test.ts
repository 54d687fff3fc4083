import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leafHash, nodeHash } from './merkle-hash.ts'
import { MerkleTree } from './merkle-tree.ts'
import { verifyConsistency, verifyInclusion } from './proofs.ts'

const largest = 130
const lines = Array.from({ length: largest }, (_, index) => Buffer.from(`line ${index}`))
const tree = new MerkleTree()
for (const line of lines) tree.append(line)
const leaves = lines.map(leafHash)
const roots = Array.from({ length: largest + 1 }, (_, size) => tree.root(size))
const leaf = (index: number) => leaves[index] as Uint8Array
const root = (size: number) => roots[size] as Uint8Array
const head = (size: number) => ({ size, root: root(size) })

const inclusion = (index: number, size: number) => ({
  claim: { leafHash: leaf(index), index, ...head(size) },
  path: tree.inclusionProof(index, size),
})
const consistency = (first: number, second: number) => ({
  claim: { first: head(first), second: head(second) },
  path: tree.consistencyProof(first, second),
})

const flip = (hash: Uint8Array, bit: number) =>
  hash.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
const oneBitOfEachByte = Array.from({ length: 32 }, (_, byte) => byte * 8 + (byte % 8))
const everyBit = Array.from({ length: 256 }, (_, bit) => bit)

/** Paths that are nearly this one: shorter, longer, turned round, with one bit or the length of one hash changed. */
function* nearly(path: readonly Uint8Array[], bits: readonly number[], extra: readonly Uint8Array[] = []) {
  if (path.length > 0) yield* [path.slice(0, -1), path.slice(1)]
  for (const hash of [...extra, new Uint8Array(32)])
    yield* [
      [...path, hash],
      [hash, ...path],
    ]
  if (path.length > 1) yield path.toReversed()
  for (const [at, hash] of path.entries()) {
    for (const bit of bits) yield path.with(at, flip(hash, bit))
    yield* [path.with(at, hash.subarray(1)), path.with(at, Uint8Array.of(...hash, 0))]
  }
}

/** Every pair `[smaller, larger]` with `smaller` below `larger`, itself to `limit`. */
function* pairs(limit: number) {
  for (let larger = 1; larger <= limit; larger++) {
    for (let smaller = 0; smaller < larger; smaller++) yield [smaller, larger] as const
  }
}

const nonsense = [-1, 1.5, NaN, Infinity, 2 ** 53, '5', 5n, null, undefined] as number[]
const noHashes = [null, undefined, 'x', [1], new Uint8Array(31), new Uint8Array(33)] as Uint8Array[]
const endless = new Array<Uint8Array>(100_000).fill(root(6))

describe('an inclusion proof', () => {
  it('holds for every leaf of every size to 130', () => {
    const broken = [...pairs(largest)].filter(([index, size]) => {
      const { claim, path } = inclusion(index, size)
      return !verifyInclusion(claim, path)
    })
    expect(broken.slice(0, 3)).toEqual([])
  })

  it('holds for no other leaf, index, root or tree: all of them to size 32', () => {
    const fooled: unknown[] = []
    for (const [index, size] of pairs(32)) {
      const { claim, path } = inclusion(index, size)
      for (let other = 0; other <= 32; other++) {
        const claims = [
          ...(other === index ? [] : [{ index: other }, { leafHash: leaf(other) }]),
          ...(other === size ? [] : [{ root: root(other) }, head(other)]),
        ]
        for (const wrong of claims) {
          if (verifyInclusion({ ...claim, ...wrong }, path)) fooled.push({ index, size, wrong })
        }
      }
    }
    expect(fooled.slice(0, 3)).toEqual([])
  })

  it('does not hold with a path that is nearly right, to size 24', () => {
    const fooled: unknown[] = []
    for (const [index, size] of pairs(24)) {
      const { claim, path } = inclusion(index, size)
      for (const wrong of nearly(path, oneBitOfEachByte, [claim.root, claim.leafHash])) {
        if (verifyInclusion(claim, wrong)) fooled.push({ index, size, wrong })
      }
    }
    expect(fooled.slice(0, 3)).toEqual([])
  })

  it('does not hold with any one bit changed, of path, leaf or root', () => {
    const fooled: unknown[] = []
    const places = [
      [0, 130],
      [129, 130],
      [77, 130],
      [64, 65],
      [3, 127],
    ] as const
    for (const [index, size] of places) {
      const { claim, path } = inclusion(index, size)
      for (const wrong of nearly(path, everyBit)) if (verifyInclusion(claim, wrong)) fooled.push(wrong)
      for (const bit of everyBit) {
        if (verifyInclusion({ ...claim, root: flip(claim.root, bit) }, path)) fooled.push(bit)
        if (verifyInclusion({ ...claim, leafHash: flip(claim.leafHash, bit) }, path)) fooled.push(bit)
      }
    }
    expect(fooled.slice(0, 3)).toEqual([])
  })

  it('has the length that the size asks for, wherever else it may lead', () => {
    const right = { leafHash: leaf(1), index: 0 }
    expect(verifyInclusion({ ...right, size: 1, root: root(2) }, [leaf(0)])).toBe(false)
    expect(verifyInclusion({ ...right, index: 1, size: 2, root: root(2) }, [leaf(0)])).toBe(true)
    expect(verifyInclusion({ ...right, index: 1, size: 8, root: root(2) }, [leaf(0)])).toBe(false)
  })

  it('does not take an inner node for a leaf: the two are hashed apart', () => {
    const { path } = inclusion(0, 8)
    const disguised = leafHash(Buffer.concat([leaf(0), leaf(1)]))
    const claim = { leafHash: disguised, index: 0, size: 4, root: root(8) }
    expect(verifyInclusion(claim, path.slice(1))).toBe(false)
  })

  it('is refused, not thrown about, when nonsense comes', () => {
    const { claim, path } = inclusion(5, 9)
    for (const wrong of nonsense) {
      expect(verifyInclusion({ ...claim, index: wrong }, path)).toBe(false)
      expect(verifyInclusion({ ...claim, size: wrong }, path)).toBe(false)
    }
    for (const wrong of noHashes) {
      expect(verifyInclusion(claim, path.with(1, wrong))).toBe(false)
      expect(verifyInclusion({ ...claim, root: wrong }, path)).toBe(false)
      expect(verifyInclusion({ ...claim, leafHash: wrong }, path)).toBe(false)
    }
    expect(verifyInclusion({ ...claim, size: 0, index: 0 }, [])).toBe(false)
    expect(verifyInclusion({ ...claim, size: 2 ** 53 - 1 }, endless)).toBe(false)
  })

  it('counts sizes beyond 32 bits right', () => {
    // In a tree of 2^52 + 1 leaves the last one stands beside the root of all the others.
    const size = 2 ** 52 + 1
    const claim = { leafHash: leaf(7), index: size - 1, size, root: nodeHash(root(5), leaf(7)) }
    expect(verifyInclusion(claim, [root(5)])).toBe(true)
    for (const index of [0, size - 2, 2 ** 32]) {
      expect(verifyInclusion({ ...claim, index }, [root(5)])).toBe(false)
    }
  })
})

describe('a consistency proof', () => {
  it('holds between all sizes to 130', () => {
    const broken = [...pairs(largest)].filter(([first, second]) => {
      const { claim, path } = consistency(first, second)
      return !verifyConsistency(claim, path)
    })
    expect(broken.slice(0, 3)).toEqual([])
  })

  it('holds for no other pair of trees or roots: all of them to size 24', () => {
    const fooled: unknown[] = []
    for (const [first, second] of pairs(24)) {
      if (first === 0) continue
      const { claim, path } = consistency(first, second)
      for (let other = 0; other <= 24; other++) {
        const claims = [
          ...(other === first ? [] : [{ first: head(other) }, { first: { size: first, root: root(other) } }]),
          ...(other === second
            ? []
            : [{ second: head(other) }, { second: { size: second, root: root(other) } }]),
        ]
        for (const wrong of claims) {
          if (verifyConsistency({ ...claim, ...wrong }, path)) fooled.push({ first, second, wrong })
        }
      }
    }
    expect(fooled.slice(0, 3)).toEqual([])
  })

  it('has the length that the sizes ask for, wherever else it may lead', () => {
    const longer = { first: head(1), second: { size: 8, root: root(2) } }
    expect(verifyConsistency(longer, tree.consistencyProof(1, 2))).toBe(false)
    // From 3 to 4 leaves a path has three hashes; with a fourth it would go on to the roots over seven and eight.
    const path = [leaf(6), leaf(7), nodeHash(leaf(4), leaf(5)), root(4)]
    const shorter = { first: { size: 3, root: root(7) }, second: { size: 4, root: root(8) } }
    expect(verifyConsistency({ first: head(7), second: head(8) }, path)).toBe(true)
    expect(verifyConsistency(shorter, path)).toBe(false)
  })

  it('between trees of one size is that they have one root, and is empty', () => {
    for (const size of [0, 1, 2, 7, 8]) {
      const claim = { first: head(size), second: head(size) }
      expect(verifyConsistency(claim, [])).toBe(true)
      expect(verifyConsistency(claim, [root(size)])).toBe(false)
      expect(verifyConsistency({ ...claim, second: { size, root: root(9) } }, [])).toBe(false)
    }
  })

  it('from the empty tree is that this one has its root, and is empty', () => {
    const claim = { first: head(0), second: head(7) }
    expect(verifyConsistency(claim, [])).toBe(true)
    expect(verifyConsistency(claim, [root(7)])).toBe(false)
    expect(verifyConsistency({ ...claim, first: { size: 0, root: root(1) } }, [])).toBe(false)
  })

  it('does not hold with a path that is nearly right, to size 20', () => {
    const fooled: unknown[] = []
    for (const [first, second] of pairs(20)) {
      const { claim, path } = consistency(first, second)
      for (const wrong of nearly(path, oneBitOfEachByte, [root(first), root(second)])) {
        if (verifyConsistency(claim, wrong)) fooled.push({ first, second, wrong })
      }
    }
    expect(fooled.slice(0, 3)).toEqual([])
  })

  it('does not hold with any one bit changed, of path or roots, at sizes to 130', () => {
    const sizes = fc
      .tuple(fc.integer({ min: 1, max: largest }), fc.integer({ min: 1, max: largest }))
      .filter(([first, second]) => first < second)
    fc.assert(
      fc.property(sizes, fc.nat(255), ([first, second], bit) => {
        const { claim, path } = consistency(first, second)
        const wrongPaths = [...nearly(path, [bit])].filter((wrong) => verifyConsistency(claim, wrong))
        expect(wrongPaths).toEqual([])
        for (const which of ['first', 'second'] as const) {
          const changed = { ...claim[which], root: flip(claim[which].root, bit) }
          expect(verifyConsistency({ ...claim, [which]: changed }, path)).toBe(false)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('of a log that rewrote a line, left one out or changed their order does not lead from the old root', () => {
    const rewritten = lines.with(7, Buffer.from('line seven'))
    const shortened = lines.toSpliced(7, 1)
    const swapped = lines.with(7, Buffer.from('line 8')).with(8, Buffer.from('line 7'))
    for (const others of [rewritten, shortened, swapped]) {
      const fork = new MerkleTree()
      for (const line of others) fork.append(line)
      for (let first = 9; first < fork.size; first++) {
        const claim = { first: head(first), second: { size: fork.size, root: fork.root() } }
        expect(verifyConsistency(claim, fork.consistencyProof(first))).toBe(false)
      }
    }
  })

  it('is refused, not thrown about, when nonsense comes', () => {
    const { claim, path } = consistency(5, 9)
    for (const size of nonsense) {
      expect(verifyConsistency({ ...claim, first: { ...claim.first, size } }, path)).toBe(false)
      expect(verifyConsistency({ ...claim, second: { ...claim.second, size } }, path)).toBe(false)
    }
    for (const wrong of noHashes) {
      expect(verifyConsistency(claim, path.with(0, wrong))).toBe(false)
      expect(verifyConsistency({ ...claim, first: { size: 5, root: wrong } }, path)).toBe(false)
      expect(verifyConsistency({ ...claim, second: { size: 9, root: wrong } }, path)).toBe(false)
    }
    expect(verifyConsistency({ first: claim.second, second: claim.first }, path)).toBe(false)
    expect(verifyConsistency({ ...claim, second: { ...claim.second, size: 2 ** 53 - 1 } }, endless)).toBe(
      false,
    )
  })
})
