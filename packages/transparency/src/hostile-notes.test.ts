import { isTwiinError } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import {
  addSignatures,
  checkpointLimits,
  contradiction,
  parseCheckpoint,
  signCheckpoint,
} from './checkpoint.ts'
import { cosign, verifyCosignature } from './cosignature.ts'
import { judgeEvidence } from './evidence.ts'
import { MerkleTree } from './merkle-tree.ts'
import { seededSigner, seededWitness } from './testing.ts'

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
      const hostile = mutate(cosigned, random)
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

type Random = (below: number) => number

/** One to four changes, of the kinds a parser is fooled with. */
function mutate(text: string, random: Random): string {
  let result = text
  for (let changes = 1 + random(4); changes > 0; changes--) result = change(result, random)
  return result
}

const pieces = [
  ...['\n', '\n\n', ' ', '  ', '— ', '-', '+', '=', '0', '9', '\r', '\t', '\0', '\u00a0', '\u2028', '\ufeff'],
  ...['\ud800', '\u{1f600}', '__proto__', 'AAAA', '1e3', '9007199254740993', log.origin, 'witness-2'],
  ...['— stranger AAAAAAA=\n', `— ${log.origin} AAAAAAA=\n`, '— witness-2 AAAAAAA=\n', 'x'.repeat(5000)],
]

function change(text: string, random: Random): string {
  const at = random(text.length + 1)
  const lines = text.split('\n')
  const line = random(lines.length)
  const piece = pieces[random(pieces.length)] as string
  switch (random(9)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + random(8))
    case 1:
      return text.slice(0, at) + piece + text.slice(at)
    case 2:
      return (
        text.slice(0, at) +
        String.fromCharCode(random(2) === 0 ? random(128) : random(65_536)) +
        text.slice(at + 1)
      )
    case 3:
      return text.slice(0, at)
    case 4:
      return lines.toSpliced(line, 1).join('\n')
    case 5:
      return lines.toSpliced(line, 0, lines[random(lines.length)] as string).join('\n')
    case 6:
      return lines.toSpliced(line, 0, piece.trimEnd()).join('\n')
    case 7:
      return `${text}${piece}`
    default:
      return text.length < checkpointLimits.bytes ? text + text.slice(at) : text
  }
}

/** The same numbers in every run (a linear congruence, for tests only). */
function seeded(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
