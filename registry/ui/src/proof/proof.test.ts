import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LogState } from '../api-types.ts'
import { fromBase64, fromHex, sameBytes, toBase64, toHex, utf8 } from './bytes.ts'
import type { Bytes } from './bytes.ts'
import { parseCheckpoint as parseStrictly } from '@twiin/transparency'
import { hostileNotes, lineOf, mutated, seeded } from '@twiin/transparency/testing'
import { cosignersOf, isSignedByLog, parseCheckpoint } from './checkpoint.ts'
import { leafHash, rootOf } from './inclusion.ts'
import { proveLine } from './verify-line.ts'
import type { LogSource } from './verify-line.ts'

const vectors = join(import.meta.dirname, '../../../../docs/spec/vectors')
const read = <T>(name: string) => JSON.parse(readFileSync(join(vectors, name), 'utf8')) as T
const tree = read<{
  leaves: string[]
  roots: string[]
  inclusion: { index: number; size: number; path: string[] }[]
}>('ct-merkle-tree.json')
const notes = read<{
  log: { origin: string; publicKey: string }
  leaves: string[]
  cosigned: string
  witnesses: { name: string }[]
}>('checkpoint.json')

const bytes = (hex: string): Bytes => fromHex(hex) ?? new Uint8Array(1)
const flipped = (value: Bytes): Bytes => value.map((byte, at) => (at === 0 ? byte ^ 1 : byte))

describe('a path of the reference vectors', () => {
  it.each(tree.inclusion)(
    'leads from leaf $index to the root over $size, and from no other leaf',
    async (one) => {
      const leaf = await leafHash(bytes(tree.leaves[one.index] ?? ''))
      const path = one.path.map(bytes)
      expect(toHex((await rootOf({ ...one, leaf, path })) ?? new Uint8Array())).toBe(tree.roots[one.size])
      const other = await rootOf({ ...one, leaf: flipped(leaf), path })
      expect(other !== undefined && toHex(other)).not.toBe(tree.roots[one.size])
    },
  )

  it('too long, too short, or of an index beyond the tree leads nowhere', async () => {
    const [, longest] = [0, tree.inclusion.reduce((a, b) => (a.path.length >= b.path.length ? a : b))]
    const leaf = await leafHash(bytes(tree.leaves[longest.index] ?? ''))
    const path = longest.path.map(bytes)
    expect(await rootOf({ ...longest, leaf, path: [...path, leaf] })).toBeUndefined()
    expect(await rootOf({ ...longest, leaf, path: path.slice(1) })).toBeUndefined()
    expect(await rootOf({ ...longest, index: longest.size, leaf, path })).toBeUndefined()
  })
})

describe('the checkpoint of the specification', () => {
  const { origin } = notes.log
  const log = { origin, publicKey: bytes(notes.log.publicKey) }
  const names = notes.witnesses.map(({ name }) => name)
  const parsed = (text = notes.cosigned) => {
    const checkpoint = parseCheckpoint(text)
    if (checkpoint === undefined) throw new Error('not a checkpoint')
    return checkpoint
  }

  it('is signed by the log, and by its two witnesses', async () => {
    expect(await isSignedByLog(parsed(), log)).toBe(true)
    expect(await cosignersOf(parsed(), names)).toEqual(names)
  })

  it('is signed by nobody once its size was changed', async () => {
    const other = parsed(notes.cosigned.replace('\n5\n', '\n6\n'))
    expect(await isSignedByLog(other, log)).toBe(false)
    expect(await cosignersOf(other, names)).toBeUndefined()
  })

  it('is not signed by another log, and witnesses who are not asked for do not count', async () => {
    expect(await isSignedByLog(parsed(), { ...log, publicKey: flipped(log.publicKey) })).toBe(false)
    expect(await isSignedByLog(parsed(), { ...log, origin: 'other.example/log' })).toBe(false)
    expect(await cosignersOf(parsed(), names.slice(1))).toEqual(names.slice(1))
  })

  it('is signed by its log in the first line, and by nobody under a known name whose line does not fit', async () => {
    const [body = '', rest = ''] = notes.cosigned.split('\n\n')
    const [first = '', ...others] = rest.trimEnd().split('\n')
    const noteOf = (...lines: string[]) => parsed(`${body}\n\n${lines.join('\n')}\n`)
    expect(await isSignedByLog(noteOf(first, lineOf('x')), log)).toBe(true)
    expect(await isSignedByLog(noteOf(lineOf('x'), first), log)).toBe(false)
    expect(await isSignedByLog(noteOf(first, lineOf(origin)), log)).toBe(false)
    const [name = ''] = names
    expect(await cosignersOf(noteOf(first, ...others, lineOf(name)), names)).toBeUndefined()
    expect(await cosignersOf(noteOf(first, ...others, ...others), names)).toEqual(names)
    expect(await cosignersOf(noteOf(first, ...others, lineOf('x')), names)).toEqual(names)
  })
})

describe('a reader of checkpoints', () => {
  const note = notes.cosigned.split('\n').slice(0, 5).join('\n') + '\n'

  it.each(hostileNotes(note))('refuses a note %s', (_, text) => {
    expect(text).not.toBe(note)
    expect(parseCheckpoint(text)).toBeUndefined()
  })

  it('takes and refuses what nodes take and refuse, and reads the same in it: 5,000 made-up notes', () => {
    const random = seeded(20261126)
    let taken = 0
    for (let round = 0; round < 5_000; round++) {
      const text = mutated(notes.cosigned, random)
      const read = parseCheckpoint(text)
      let strict: ReturnType<typeof parseStrictly> | undefined
      try {
        strict = parseStrictly(text)
      } catch {
        strict = undefined
      }
      expect(read !== undefined, JSON.stringify(text)).toBe(strict !== undefined)
      if (read === undefined || strict === undefined) continue
      taken++
      expect([read.origin, read.size, read.body]).toEqual([strict.origin, strict.size, strict.body])
      expect(read.signatures.map(({ name }) => name)).toEqual(strict.signatures.map(({ name }) => name))
    }
    expect(taken).toBeGreaterThan(100)
  })
})

describe('the proof of a line', () => {
  const lines = ['{"act":"founded","trustDomain":"twiin.example","logKey":"00"}', '{"act":"issued"}']
  const node = async (left: Bytes, right: Bytes) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.of(1, ...left, ...right)))
  async function logOf(...texts: [string, string]): Promise<LogSource & { root: Bytes }> {
    const [first, second] = [await leafHash(utf8(texts[0])), await leafHash(utf8(texts[1]))]
    const root = await node(first, second)
    const checkpoint = `twiin.example/log\n2\n${toBase64(root)}\n\n— twiin.example/log AAAAAAA=\n`
    const state = { checkpoint, witnesses: [], quorum: 2, phase: 'founding' } as unknown as LogState
    return {
      root,
      logState: async () => state,
      logEntries: async () => ({ entries: [{ index: 0, line: texts[0] }] }),
      inclusion: async (index) => ({ path: [toBase64(index === 0 ? second : first)] }),
    }
  }

  it('holds for the line as it stands in the tree, and is broken for any other', async () => {
    const log = await logOf(lines[0] ?? '', lines[1] ?? '')
    const held = await proveLine('{"act":"issued"}', 1, log)
    expect(held).toMatchObject({ inclusion: 'held', logSignature: 'broken', size: 2, steps: 1 })
    expect(sameBytes(fromBase64(held.computed ?? '') ?? new Uint8Array(), log.root)).toBe(true)
    expect(await proveLine('{"act":"revoked"}', 1, log)).toMatchObject({ inclusion: 'broken' })
  })

  it('is not given for a line that no checkpoint covers yet', async () => {
    const log = await logOf(lines[0] ?? '', lines[1] ?? '')
    await expect(proveLine('{}', 2, log)).rejects.toThrow('NO_CHECKPOINT')
  })
})
