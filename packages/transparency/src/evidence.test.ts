import { describe, expect, it } from 'vitest'
import { addSignatures, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import { cosign } from './cosignature.ts'
import { judgeEvidence } from './evidence.ts'
import { MerkleTree } from './merkle-tree.ts'
import { seededSigner, seededWitness } from './testing.ts'

const origin = 'twiin.example/log'
const logKey = seededSigner(1)
const witnesses = [seededWitness(2), seededWitness(3), seededWitness(4)]
const [one, two, three] = witnesses as [(typeof witnesses)[0], (typeof witnesses)[0], (typeof witnesses)[0]]
const trusted = { log: { origin, publicKey: logKey.publicKey }, witnesses, quorum: 2 }

const tree = new MerkleTree()
const leaves = Array.from({ length: 11 }, (_, i) => Buffer.from(`{"line":${i}}`))
for (const leaf of leaves) tree.append(leaf)
const note = signCheckpoint({ origin, size: tree.size, root: tree.root() }, logKey)
const cosignedBy = (...by: typeof witnesses) =>
  addSignatures(
    note,
    by.map((witness) => cosign(parseCheckpoint(note), witness, 100)),
  )
const evidenceOf = (index: number, checkpoint = cosignedBy(one, two)) => ({
  leaf: leaves[index] as Uint8Array,
  index,
  path: tree.inclusionProof(index),
  checkpoint,
})

describe('evidence', () => {
  it('holds for every line of the log, and says who cosigned', () => {
    for (const index of leaves.keys()) {
      expect(judgeEvidence(evidenceOf(index), trusted)).toEqual({
        size: 11,
        root: tree.root(),
        cosigners: [one.name, two.name],
      })
    }
  })

  it('needs the quorum of witnesses who are known; a revoked one is left out of the list and counts no more', () => {
    const code = 'COSIGNATURES_MISSING'
    expect(() => judgeEvidence(evidenceOf(3, note), trusted)).toThrow(code)
    expect(() => judgeEvidence(evidenceOf(3, cosignedBy(one)), trusted)).toThrow(code)
    expect(() => judgeEvidence(evidenceOf(3), { ...trusted, witnesses: [one, three] })).toThrow(code)
    expect(() => judgeEvidence(evidenceOf(3, cosignedBy(one, seededWitness(9))), trusted)).toThrow(code)
    expect(judgeEvidence(evidenceOf(3, cosignedBy(one, two, three)), trusted).cosigners).toHaveLength(3)
  })

  it('is not carried by one witness who signed twice', () => {
    const line = (time: number) => cosign(parseCheckpoint(note), one, time)
    const twice = `${note}${line(1)}\n${line(2)}\n`
    expect(() => judgeEvidence(evidenceOf(3, twice), trusted)).toThrow('COSIGNATURES_MISSING')
  })

  it('of a network that is being founded needs none', () => {
    expect(judgeEvidence(evidenceOf(3, note), { ...trusted, quorum: 0 }).cosigners).toEqual([])
  })

  it('is of this leaf, at this place, by this path', () => {
    const good = evidenceOf(3)
    const code = 'INCLUSION_INVALID'
    expect(() => judgeEvidence({ ...good, leaf: leaves[4] as Uint8Array }, trusted)).toThrow(code)
    expect(() => judgeEvidence({ ...good, leaf: new Uint8Array(0) }, trusted)).toThrow(code)
    expect(() => judgeEvidence({ ...good, index: 4 }, trusted)).toThrow(code)
    expect(() => judgeEvidence({ ...good, index: -1 }, trusted)).toThrow(code)
    expect(() => judgeEvidence({ ...good, path: good.path.slice(1) }, trusted)).toThrow(code)
    expect(() => judgeEvidence({ ...good, path: [] }, trusted)).toThrow(code)
    expect(() => judgeEvidence({ ...good, path: tree.inclusionProof(3, 8) }, trusted)).toThrow(code)
  })

  it('is of this log, and of nobody who only says so', () => {
    const forged = signCheckpoint({ origin, size: tree.size, root: tree.root() }, seededSigner(8))
    const elsewhere = signCheckpoint({ origin: 'x/log', size: tree.size, root: tree.root() }, logKey)
    for (const checkpoint of [forged, elsewhere, '', note.slice(0, -1)]) {
      expect(() => judgeEvidence(evidenceOf(3, checkpoint), trusted)).toThrow('CHECKPOINT_INVALID')
    }
  })

  it('is worth nothing with a cosignature that does not fit, even where none is asked for', () => {
    const other = signCheckpoint({ origin, size: 11, root: new Uint8Array(32) }, logKey)
    const moved = addSignatures(note, [cosign(parseCheckpoint(other), one, 100)])
    expect(() => judgeEvidence(evidenceOf(3, moved), { ...trusted, quorum: 0 })).toThrow('CHECKPOINT_INVALID')
    expect(judgeEvidence(evidenceOf(3, moved), { ...trusted, quorum: 0, witnesses: [two] }).size).toBe(11)
  })

  it('is refused for the note first, then for the path, then for the witnesses', () => {
    const broken = { ...evidenceOf(3, note), index: 4 }
    expect(() => judgeEvidence(broken, trusted)).toThrow('INCLUSION_INVALID')
    expect(() => judgeEvidence({ ...broken, checkpoint: 'x' }, trusted)).toThrow('CHECKPOINT_INVALID')
  })
})
