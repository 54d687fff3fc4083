import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyRoot, leafHash, nodeHash } from './merkle-hash.ts'
import { MerkleTree } from './merkle-tree.ts'
import { verifyConsistency, verifyInclusion } from './proofs.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
const treeOf = (leaves: readonly Uint8Array[]) => {
  const tree = new MerkleTree()
  for (const leaf of leaves) tree.append(leaf)
  return tree
}

describe('the vectors of Certificate Transparency', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('../../../docs/spec/vectors/ct-merkle-tree.json', import.meta.url), 'utf8'),
  ) as {
    leaves: string[]
    roots: string[]
    inclusion: { index: number; size: number; path: string[] }[]
    consistency: { first: number; second: number; path: string[] }[]
  }
  const leaves = vectors.leaves.map(bytes)
  const tree = treeOf(leaves)
  const rootOf = (size: number) => bytes(vectors.roots[size] ?? '')

  it('are the roots of this tree as it grows, and of every smaller size once it is grown', () => {
    expect(vectors.roots).toHaveLength(9)
    const growing = new MerkleTree()
    for (const [size, root] of vectors.roots.entries()) {
      expect(hex(growing.root())).toBe(root)
      expect(hex(tree.root(size))).toBe(root)
      const leaf = leaves[size]
      if (leaf !== undefined) expect(growing.append(leaf)).toBe(size)
    }
  })

  it.each(vectors.inclusion)('hold the path of leaf $index of $size', ({ index, size, path }) => {
    expect(tree.inclusionProof(index, size).map(hex)).toEqual(path)
    const claim = { leafHash: leafHash(leaves[index] as Uint8Array), index, size, root: rootOf(size) }
    expect(verifyInclusion(claim, path.map(bytes))).toBe(true)
  })

  it.each(vectors.consistency)('hold the path from $first to $second', ({ first, second, path }) => {
    expect(tree.consistencyProof(first, second).map(hex)).toEqual(path)
    const claim = {
      first: { size: first, root: rootOf(first) },
      second: { size: second, root: rootOf(second) },
    }
    expect(verifyConsistency(claim, path.map(bytes))).toBe(true)
  })
})

describe('a tree', () => {
  it('is the tree of RFC 6962 §2.1, written as the RFC writes it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 300 }), (leaves) => {
        expect(hex(treeOf(leaves).root())).toBe(hex(treeHashOf(leaves)))
      }),
      { numRuns: 40 },
    )
  })

  it('answers for a size it once had as it did then, whatever came after', () => {
    const grown = treeOf(numbered(200))
    const growing = new MerkleTree()
    for (const [size, leaf] of numbered(200).entries()) {
      expect(grown.root(size)).toEqual(growing.root())
      growing.append(leaf)
      expect(grown.inclusionProof(size >> 1, size + 1)).toEqual(growing.inclusionProof(size >> 1))
      expect(grown.consistencyProof(size >> 1, size + 1)).toEqual(growing.consistencyProof(size >> 1))
    }
  })

  it('is not changed by what a caller does with its hashes', () => {
    const tree = treeOf(numbered(8))
    const before = hex(tree.root())
    tree.root().fill(0)
    for (const hash of [...tree.inclusionProof(3), ...tree.consistencyProof(3)]) hash.fill(0)
    expect(hex(tree.root())).toBe(before)
    tree.append(Uint8Array.of(1))
    expect(hex(tree.root(8))).toBe(before)
  })

  it.each([-1, 5, 1.5, NaN, Infinity, 2 ** 53, -0.5])('has no size %d and no index %d', (wrong) => {
    const tree = treeOf(numbered(4))
    expect(() => tree.root(wrong)).toThrow('LOG_RANGE_INVALID')
    expect(() => tree.inclusionProof(0, wrong)).toThrow('LOG_RANGE_INVALID')
    expect(() => tree.inclusionProof(wrong, 4)).toThrow('LOG_RANGE_INVALID')
    expect(() => tree.consistencyProof(1, wrong)).toThrow('LOG_RANGE_INVALID')
    expect(() => tree.consistencyProof(wrong, 4)).toThrow('LOG_RANGE_INVALID')
  })

  it('has no path to a leaf behind its size, nor from a larger tree to a smaller one', () => {
    const tree = treeOf(numbered(4))
    expect(() => tree.inclusionProof(4)).toThrow('LOG_RANGE_INVALID')
    expect(() => tree.inclusionProof(2, 2)).toThrow('LOG_RANGE_INVALID')
    expect(() => new MerkleTree().inclusionProof(0)).toThrow('LOG_RANGE_INVALID')
    expect(() => tree.consistencyProof(3, 2)).toThrow('LOG_RANGE_INVALID')
  })

  it('without leaves has the root SHA-256() and no consistency to prove', () => {
    const tree = new MerkleTree()
    expect(tree.root()).toEqual(emptyRoot())
    expect(tree.consistencyProof(0)).toEqual([])
    expect(treeOf(numbered(7)).consistencyProof(0)).toEqual([])
  })

  it('needs few hashes for a proof in a large one', () => {
    const tree = treeOf(numbered(20_000))
    for (const size of [20_000, 19_999, 16_385, 16_384]) {
      const root = tree.root(size)
      for (const index of [0, 1, size >> 1, size - 2, size - 1]) {
        const path = tree.inclusionProof(index, size)
        expect(path.length).toBeLessThanOrEqual(15)
        expect(verifyInclusion({ leafHash: leafHash(leafOf(index)), index, size, root }, path)).toBe(true)
        const consistency = tree.consistencyProof(index + 1, size)
        expect(consistency.length).toBeLessThanOrEqual(16)
        const first = { size: index + 1, root: tree.root(index + 1) }
        expect(verifyConsistency({ first, second: { size, root } }, consistency)).toBe(true)
      }
    }
  })

  it('that is full refuses the next leaf and stays as it was', () => {
    const tree = new MerkleTree({ limit: 5 })
    for (const leaf of numbered(5)) tree.append(leaf)
    const root = tree.root()
    expect(() => tree.append(leafOf(5))).toThrow('LOG_FULL')
    expect(tree.size).toBe(5)
    expect(tree.root()).toEqual(root)
  })
})

function leafOf(index: number): Uint8Array {
  return Buffer.from(`line ${index}`)
}

function numbered(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => leafOf(index))
}

/** MTH of RFC 6962 §2.1, word for word. */
function treeHashOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves
  if (first === undefined) return emptyRoot()
  if (leaves.length === 1) return leafHash(first)
  let k = 1
  while (2 * k < leaves.length) k *= 2
  return nodeHash(treeHashOf(leaves.slice(0, k)), treeHashOf(leaves.slice(k)))
}
