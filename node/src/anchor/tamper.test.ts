import { cp, mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import type { AuditHead, StoredEntry } from '@twiin/audit'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { NodeKey } from '@twiin/identity'
import { auditHead, seenHead } from '@twiin/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyByPeerId } from '../trust/trust.ts'
import { headsFromFile, onFile } from './kept-heads.ts'

/**
 * Somebody has the disk and the key, and does to the log what he likes while the node is down. Others have heads that they
 * signed: one of yesterday's end, and of today's.
 */
const length = 60
const yesterday = 40
const plain = { keys: 'plain-opaque' } as const
const sealer = new Sealer(Buffer.alloc(32, 7))
const node = NodeKey.generate()
const witness = NodeKey.generate()
const key = (seq: number) => String(seq).padStart(12, '0')

let dir: string
let entries: StoredEntry[]
let ofYesterday: StoredEntry[]
let cosigned: AuditHead[]

interface Files {
  log: AuditLog
  links: ReturnType<Store['repository']> & { put(key: string, value: unknown): Promise<void> }
  heads: { put(key: string, value: unknown): Promise<void> }
  store: Store
}

/** The log on its real store. */
async function withLog<T>(folder: string, work: (files: Files) => Promise<T>): Promise<T> {
  const store = new Store({ dir: folder }, { sealer })
  const log = new AuditLog({}, { store, clock: new ManualClock() })
  // The same buckets as the log has, by another door.
  const raw = new Store({ dir: join(folder, 'unused') }, { sealer })
  const [links, heads] = (['audit', 'audit-head'] as const).map((name) => raw.repository<object>(name, plain))
  await store.start()
  await log.start()
  const through = (repository: typeof links) => ({
    put: (at: string, value: unknown) => store.batch([repository!.putOp(at, value as object)]),
    delete: (at: string) => store.batch([repository!.deleteOp(at)]),
  })
  try {
    return await work({ log, links: through(links), heads: through(heads), store } as unknown as Files)
  } finally {
    await store.stop()
  }
}

const append = (log: AuditLog, event: 'search' | 'login' = 'search') =>
  log.append({
    ...{ event, outcome: 'success', emergency: false },
    organisation: { ura: '90000001', name: 'A' },
    patient: { citizenNumber: '999990019' },
  })

const all = async (log: AuditLog) => {
  const found: StoredEntry[] = []
  for await (const each of log.entries()) found.push(each)
  return found
}

/** As two members signed it, and as it stands in a file elsewhere. */
function signedHead({ seq, hash }: AuditHead) {
  const place = { keeper: node.peerId, witness: witness.peerId, seq, hash: Buffer.from(hash, 'hex'), at: 1 }
  return onFile({
    head: auditHead.sign({ kind: 'head', ...place }, node).bytes,
    seen: seenHead.sign({ kind: 'seen', ...place }, witness).bytes,
  })
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tamper-'))
  const log = join(dir, 'log')
  await mkdir(log)
  await withLog(log, async ({ log: written }) => {
    for (let i = 0; i < yesterday; i++) await append(written)
    ofYesterday = await all(written)
  })
  await cp(log, join(dir, 'yesterday'), { recursive: true })
  await withLog(log, async ({ log: written }) => {
    for (let i = yesterday; i < length; i++) await append(written)
    entries = await all(written)
  })
  const file = {
    own: [entries[yesterday - 1], entries[length - 1]].map((each) => signedHead(each as AuditHead)),
  }
  cosigned = headsFromFile(JSON.stringify(file), node.peerId, verifyByPeerId)
})
afterAll(() => rm(dir, { recursive: true }))

let copies = 0
/** What is found in a copy of the log after this was done to it. */
async function after(work: (files: Files) => Promise<unknown>, from = 'log') {
  const copy = join(dir, `copy-${copies++}`)
  await cp(join(dir, from), copy, { recursive: true })
  try {
    await withLog(copy, work)
    return await withLog(copy, ({ log }) => log.verify(undefined, cosigned))
  } finally {
    await rm(copy, { recursive: true })
  }
}
const place = fc.integer({ min: 1, max: length })
const runs = { numRuns: 15 }
const linkAt = (seq: number) => entries[seq - 1] as StoredEntry

describe('with heads that others signed, the first bad line is named after', () => {
  it('an edit of any field of any entry', async () => {
    const edits = fc.constantFrom<Partial<StoredEntry['entry']>>(
      ...[{ outcome: 'refused' as const }, { at: 5 }, { emergency: true }],
      ...[{ patient: { citizenNumber: '999990020' } }, { reason: 'LATER' }],
    )
    await fc.assert(
      fc.asyncProperty(place, edits, async (seq, edit) => {
        const old = linkAt(seq)
        const found = await after(({ links }) =>
          links.put(key(seq), { ...old, entry: { ...old.entry, ...edit } }),
        )
        expect(found).toEqual({ ok: false, firstBad: seq, why: 'ALTERED' })
      }),
      runs,
    )
  })

  it('an edit by who computes every later hash again', async () => {
    await fc.assert(
      fc.asyncProperty(place, async (seq) => {
        const found = await after(({ links, heads, log }) => rewrite({ links, heads, log }, seq))
        expect(found).toMatchObject({ ok: false, why: 'NOT_AS_COSIGNED' })
        const next = seq <= yesterday ? yesterday : length
        expect(found).toMatchObject({ firstBad: next })
      }),
      runs,
    )
  })

  it('a deletion', async () => {
    await fc.assert(
      fc.asyncProperty(place, async (seq) => {
        const found = await after(({ links }) => links.delete(key(seq)))
        expect(found).toMatchObject({ ok: false, firstBad: seq, why: 'MISSING' })
      }),
      runs,
    )
  })

  it('the end cut off, with its head set back, also when others were written since', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: length }),
        fc.integer({ min: 0, max: 70 }),
        async (seq, more) => {
          const found = await after(async ({ links, heads, log }) => {
            for (let at = seq; at <= length; at++) await links.delete(key(at))
            const { hash } = linkAt(seq - 1)
            await heads.put('head', { seq: seq - 1, hash })
            for (let i = 0; i < more; i++) await append(log, 'login')
          })
          expect(found).toMatchObject({ ok: false })
          // No later than the first head that somebody else has.
          const { firstBad } = found as { firstBad: number }
          expect(firstBad).toBeGreaterThanOrEqual(seq)
          expect(firstBad).toBeLessThanOrEqual(seq <= yesterday ? yesterday : length)
        },
      ),
      runs,
    )
  })

  it('two entries exchanged', async () => {
    const two = fc.uniqueArray(place, { minLength: 2, maxLength: 2 })
    await fc.assert(
      fc.asyncProperty(two, async ([one = 1, other = 2]) => {
        const found = await after(async ({ links }) => {
          await links.put(key(one), linkAt(other))
          await links.put(key(other), linkAt(one))
        })
        expect(found).toMatchObject({ ok: false, firstBad: Math.min(one, other) })
      }),
      runs,
    )
  })

  it('the whole folder put back as it was yesterday, key and all, and used since', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 40 }), async (more) => {
        const found = await after(async ({ log }) => {
          for (let i = 0; i < more; i++) await append(log, 'login')
        }, 'yesterday')
        expect(found).toMatchObject({ ok: false })
        expect(found).toMatchObject(
          yesterday + more < length
            ? { firstBad: yesterday + more + 1, why: 'ROLLED_BACK' }
            : { firstBad: length, why: 'NOT_AS_COSIGNED' },
        )
      }),
      runs,
    )
  })
})

it('a log that nobody touched is in order, and goes on', async () => {
  expect(ofYesterday).toHaveLength(yesterday)
  expect(await after(async () => {})).toMatchObject({ ok: true, head: { seq: length } })
  expect(await after(({ log }) => append(log))).toMatchObject({ ok: true, head: { seq: length + 1 } })
})

it('a file of heads counts for nothing when no signature in it is of this log', () => {
  const file = { own: [signedHead(linkAt(3))] }
  const [head] = file.own
  const forged = { own: [{ ...head, head: Buffer.from('00', 'hex').toString('base64'), seen: 'AAAA' }] }
  expect(() => headsFromFile('{', node.peerId, verifyByPeerId)).toThrow('HEADS_UNREADABLE')
  expect(() => headsFromFile(JSON.stringify(forged), node.peerId, verifyByPeerId)).toThrow('HEADS_INVALID')
  expect(() => headsFromFile(JSON.stringify(file), witness.peerId, verifyByPeerId)).toThrow('HEADS_INVALID')
  // Of an older key of the keeper, or by a peer that does not keep it: the witness' signature is enough.
  const bySeen = { held: [{ ...head, head: 'AAAA' }] }
  expect(headsFromFile(JSON.stringify(bySeen), node.peerId, verifyByPeerId)).toEqual([
    { seq: 3, hash: linkAt(3).hash },
  ])
})

/** Edits one entry and computes every hash from there on, as the log itself would have. */
async function rewrite(
  { links, heads, log }: Pick<Files, 'links' | 'heads' | 'log'>,
  seq: number,
): Promise<void> {
  for (let at = seq; at <= length; at++) await links.delete(key(at))
  const { hash } = seq === 1 ? { hash: '0'.repeat(64) } : linkAt(seq - 1)
  await heads.put('head', { seq: seq - 1, hash })
  for (let at = seq; at <= length; at++) await append(log, at === seq ? 'login' : 'search')
}
