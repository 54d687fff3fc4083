import { isTwiinError } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { addSignatures, contradiction, parseCheckpoint, signCheckpoint } from './checkpoint.ts'
import { cosign, verifyCosignature } from './cosignature.ts'
import { judgeEvidence } from './evidence.ts'
import { MerkleTree } from './merkle-tree.ts'
import { mutated, seeded, seededSigner, seededWitness } from './testing.ts'

const logKey = seededSigner(1)
const log = { origin: 'twiin.example/log', publicKey: logKey.publicKey }
const witnesses = [seededWitness(2), seededWitness(3)]
const tree = new MerkleTree()
for (let i = 0; i < 9; i++) tree.append(Buffer.from(`line ${i}`))
const note = signCheckpoint({ origin: log.origin, size: tree.size, root: tree.root() }, logKey)
const checkpoint = parseCheckpoint(note)
const cosigned = addSignatures(
  note,
  witnesses.map((witness) => cosign(checkpoint, witness, 1_790_000_000)),
)
const evidence = { leaf: Buffer.from('line 4'), index: 4, path: tree.inclusionProof(4), checkpoint: cosigned }

describe('whoever makes up notes', () => {
  it('gets an error with a code, or a note that says what the log signed: 10,000 of them', () => {
    const random = seeded(20261125)
    let [read, believed] = [0, 0]
    for (let round = 0; round < 10_000; round++) {
      const hostile = mutated(cosigned, random)
      const parsed = outcome(() => parseCheckpoint(hostile))
      if (parsed !== undefined) read++
      const judged = outcome(() =>
        judgeEvidence({ ...evidence, checkpoint: hostile }, { log, witnesses, quorum: 0 }),
      )
      if (judged !== undefined) {
        believed++
        // What may differ are the lines of strangers and whose cosignatures are left.
        expect(hostile.startsWith(note)).toBe(true)
        expect(judged).toMatchObject({ size: 9, root: tree.root() })
      }
      if (round % 10 !== 0) continue
      expect(contradiction(cosigned, hostile, log)).toBe(false)
      outcome(() => addSignatures(cosigned, [hostile]))
      outcome(() => verifyCosignature(checkpoint, hostile, witnesses[0]!))
    }
    // Else nothing was tried: most must be refused by the parser or the signatures, and some get through to both.
    expect(read).toBeGreaterThan(500)
    expect(believed).toBeGreaterThan(50)
    expect(believed).toBeLessThan(read)
  })

  it('does not keep us busy: what is too long is not read, and what is not costs no more than its 16 signatures', () => {
    const line = cosigned.trimEnd().split('\n').at(-1) as string
    const worst = [
      'x'.repeat(50_000_000),
      '\n'.repeat(8191) + 'x',
      `${log.origin}\n9\n${'A'.repeat(8000)}\n\n`,
      `${'\u00a0'.repeat(4000)}\n1\n`,
      `x\n${'9'.repeat(8000)}\n`,
      `${note}— ${'x'.repeat(3000)} ${'='.repeat(3000)}\n`,
      `${note}${'— '.repeat(2000)}\n`,
      note + `${line}\n`.repeat(15),
    ]
    const started = process.cpuUsage()
    for (let round = 0; round < 20; round++) {
      for (const text of worst) {
        outcome(() => judgeEvidence({ ...evidence, checkpoint: text }, { log, witnesses, quorum: 2 }))
      }
    }
    // Time of the processor, which others on the machine do not lengthen. Measured 0.1 s for these 160 notes; a reader that
    // goes over them again for each of their characters would take minutes.
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1e6).toBeLessThan(5)
  })
})

/** The result, or undefined for one of our errors. Any other error is a failure. */
function outcome<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (isTwiinError(error)) return undefined
    throw error
  }
}
