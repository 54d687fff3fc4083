import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NewAuditEntry } from './audit-entry.ts'
import { AuditLog } from './audit-log.ts'
import { canonicalJson, genesis, linkTo } from './hash-chain.ts'
import type { AuditHead, StoredEntry } from './hash-chain.ts'

const day = 24 * 3600_000
const sealer = new Sealer(Buffer.alloc(32, 7))
const entry = (requestId: string): NewAuditEntry => ({
  event: 'search-answered',
  outcome: 'success',
  user: { id: 'u1', name: 'A. Radioloog', role: 'radiologist' },
  organisation: { ura: '00000001', name: 'Ziekenhuis A' },
  peer: { ura: '00000002', name: 'Ziekenhuis B', peerId: '12D3KooWexample' },
  patient: { citizenNumber: '999990019', localId: 'P-17' },
  objects: { count: 2 },
  purpose: { basis: 'treatment', reason: 'poli' },
  consent: 'explicit-permit',
  emergency: false,
  requestId,
})

let dir: string
let clock: ManualClock
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'audit-'))
  clock = new ManualClock()
})
afterEach(() => rm(dir, { recursive: true }))

/** The log on its real store, opened and closed around `work`. */
async function withLog<T>(work: (log: AuditLog) => Promise<T>): Promise<T> {
  const store = new Store({ dir }, { sealer })
  const log = new AuditLog({}, { store, clock })
  await store.start()
  try {
    await log.start()
    return await work(log)
  } finally {
    await store.stop()
  }
}

const write = (n: number) =>
  withLog(async (log) => {
    for (let i = 1; i <= n; i++) await log.append(entry(`r${i}`))
  })
const verified = (known?: AuditHead) => withLog((log) => log.verify(known))
const all = async (entries: AsyncIterable<StoredEntry>) => {
  const found: StoredEntry[] = []
  for await (const one of entries) found.push(one)
  return found
}
const requestIds = async (entries: AsyncIterable<StoredEntry>) =>
  (await all(entries)).map((link) => link.entry.requestId)

/** What an administrator could do who has the disk and the key, while the node is down. */
async function tamper(work: (links: ReturnType<typeof buckets>) => Promise<void>): Promise<void> {
  const store = new Store({ dir }, { sealer })
  const opened = buckets(store)
  await store.start()
  await work(opened)
  await store.stop()
}
const buckets = (store: Store) => ({
  links: store.repository<StoredEntry>('audit', { keys: 'plain-opaque' }),
  heads: store.repository<AuditHead>('audit-head', { keys: 'plain-opaque' }),
  days: store.repository<number>('audit-day', { keys: 'plain-opaque' }),
})
const key = (seq: number) => String(seq).padStart(12, '0')
async function link(links: ReturnType<typeof buckets>['links'], seq: number): Promise<StoredEntry> {
  const found = await links.get(key(seq))
  if (found === undefined) throw new Error(`no entry ${seq}`)
  return found
}

describe('the audit log', () => {
  it('gives back what was appended, in order, with its time, also after a restart', async () => {
    await write(2)
    await clock.advance(1000)
    await withLog((log) => log.append(entry('r3')))
    const found = await withLog((log) => all(log.entries()))
    expect(found.map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(found[2]?.entry).toEqual({ ...entry('r3'), at: clock.now() })
    expect(found[0]?.previousHash).toBe(genesis.hash)
    expect(found[2]?.previousHash).toBe(found[1]?.hash)
    expect(await verified()).toEqual({ ok: true, head: { seq: 3, hash: found[2]?.hash } })
  })

  it('keeps one unbroken chain in the order of the calls when many append at once', async () => {
    await withLog(async (log) => {
      const heads = await Promise.all(Array.from({ length: 500 }, (_, i) => log.append(entry(`r${i}`))))
      expect(heads.map(({ seq }) => seq)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
      expect(await requestIds(log.entries())).toEqual(Array.from({ length: 500 }, (_, i) => `r${i}`))
      expect(await log.verify()).toEqual({ ok: true, head: heads.at(-1) })
      expect(await log.head()).toEqual(heads.at(-1))
    })
  })

  it('can be verified while it is written', async () => {
    await withLog(async (log) => {
      const writing = Promise.all(Array.from({ length: 300 }, (_, i) => log.append(entry(`r${i}`))))
      for (let i = 0; i < 5; i++) expect(await log.verify()).toMatchObject({ ok: true })
      await writing
    })
  })

  it('is read by time and page by page, whatever the clock did meanwhile', async () => {
    const start = clock.now()
    await write(2)
    await clock.advance(40 * day)
    await write(2)
    clock = new ManualClock(start + 2 * day)
    await write(1)
    await withLog(async (log) => {
      const seqs = async (filter: object) => (await all(log.entries(filter))).map(({ seq }) => seq)
      expect(await seqs({ from: start })).toEqual([1, 2, 3, 4, 5])
      expect(await seqs({ from: start + day })).toEqual([3, 4, 5])
      expect(await seqs({ from: start + day, to: start + 3 * day })).toEqual([5])
      expect(await seqs({ to: start })).toEqual([1, 2])
      expect(await seqs({ from: start + 41 * day })).toEqual([])
      expect(await seqs({ limit: 2 })).toEqual([1, 2])
      expect(await seqs({ limit: 2, after: 2 })).toEqual([3, 4])
      expect(await seqs({ limit: 0 })).toEqual([])
    })
  })

  it('leaves no patient number or name readable on disk', async () => {
    await write(3)
    for (const file of await readdir(dir)) {
      const bytes = await readFile(join(dir, file), 'latin1')
      expect(bytes).not.toContain('999990019')
      expect(bytes).not.toContain('Radioloog')
    }
  })
})

describe('tampering is noticed and the entry named:', () => {
  beforeEach(() => write(6))

  it('an entry edited', async () => {
    await tamper(async ({ links }) => {
      const old = await link(links, 3)
      await links.put(key(3), { ...old, entry: { ...old.entry, outcome: 'refused' } })
    })
    expect(await verified()).toEqual({ ok: false, firstBad: 3, why: 'ALTERED' })
  })

  it('a field added', async () => {
    await tamper(async ({ links }) => {
      const old = await link(links, 2)
      await links.put(key(2), { ...old, entry: { ...old.entry, reason: 'LATER' } })
    })
    expect(await verified()).toEqual({ ok: false, firstBad: 2, why: 'ALTERED' })
  })

  it('an entry edited and its hash computed again', async () => {
    await tamper(async ({ links }) => {
      const before = await link(links, 2)
      const old = await link(links, 3)
      const forged = linkTo(before, Buffer.from(old.salt, 'hex'), { ...old.entry, emergency: true })
      await links.put(key(3), forged)
    })
    expect(await verified()).toEqual({ ok: false, firstBad: 4, why: 'CHAIN_BROKEN' })
  })

  it('an entry deleted', async () => {
    await tamper(({ links }) => links.delete(key(4)))
    expect(await verified()).toEqual({ ok: false, firstBad: 4, why: 'MISSING' })
  })

  it('the first entry deleted', async () => {
    await tamper(({ links }) => links.delete(key(1)))
    expect(await verified()).toEqual({ ok: false, firstBad: 1, why: 'MISSING' })
  })

  it('two entries exchanged', async () => {
    await tamper(async ({ links }) => {
      const [two, three] = [await link(links, 2), await link(links, 3)]
      await links.put(key(2), three)
      await links.put(key(3), two)
    })
    expect(await verified()).toEqual({ ok: false, firstBad: 2, why: 'MISSING' })
  })

  it('the end cut off', async () => {
    await tamper(async ({ links }) => {
      for (const seq of [5, 6]) await links.delete(key(seq))
    })
    expect(await verified()).toEqual({ ok: false, firstBad: 5, why: 'MISSING' })
    await write(1)
    expect(await verified()).toEqual({ ok: false, firstBad: 5, why: 'MISSING' })
  })

  it('the end cut off and the head with it, by who knows an earlier head', async () => {
    const known = await withLog((log) => log.head())
    await tamper(async ({ links, heads }) => {
      for (const seq of [5, 6]) await links.delete(key(seq))
      const { hash } = await link(links, 4)
      await heads.put('head', { seq: 4, hash })
    })
    expect(await verified()).toMatchObject({ ok: true })
    expect(await verified(known)).toEqual({ ok: false, firstBad: 6, why: 'MISSING' })
    await write(4)
    expect(await verified(known)).toEqual({ ok: false, firstBad: 6, why: 'ALTERED' })
  })

  it('the head removed: no later entry overwrites an earlier one', async () => {
    await tamper(({ heads }) => heads.delete('head'))
    await write(1)
    expect(await verified()).toMatchObject({ ok: true, head: { seq: 7 } })
  })

  it('an entry hidden from reading by time', async () => {
    await tamper(({ days }) => days.delete(new Date(clock.now()).toISOString().slice(0, 10)))
    expect(await verified()).toEqual({ ok: false, firstBad: 1, why: 'NOT_IN_DAY_INDEX' })
  })

  it('an entry whose bytes were changed without the key', async () => {
    const store = new Store({ dir }, { sealer })
    const { links } = buckets(store)
    await store.start()
    const op = links.putOp(key(3), await link(links, 3))
    if (op.type !== 'put') throw new Error('a put expected')
    const { value } = op
    value.writeUInt8(value.readUInt8(40) ^ 1, 40)
    await store.batch([op])
    await store.stop()
    expect(await verified()).toEqual({ ok: false, firstBad: 3, why: 'UNREADABLE' })
  })

  it('and a log in order is found in order, from any known head on', async () => {
    const known = await withLog((log) => log.head())
    await write(3)
    expect(await verified(known)).toMatchObject({ ok: true, head: { seq: 9 } })
    expect(await verified(await withLog((log) => log.head()))).toMatchObject({ ok: true })
  })
})

describe('the hash', () => {
  it('does not depend on the order in which fields are written', () => {
    const shuffled = fc
      .dictionary(fc.string(), fc.jsonValue())
      .chain((object) =>
        fc.tuple(
          fc.constant(object),
          fc.shuffledSubarray(Object.entries(object), { minLength: Object.keys(object).length }),
        ),
      )
    fc.assert(
      fc.property(shuffled, ([object, entries]) => {
        expect(canonicalJson(Object.fromEntries(entries))).toBe(canonicalJson(object))
        expect(JSON.parse(canonicalJson(object))).toEqual(JSON.parse(JSON.stringify(object)))
      }),
    )
  })

  it('has its fields in the order of RFC 8785 §3.2.3', () => {
    const keys = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33']
    const object = Object.fromEntries(keys.toReversed().map((name) => [name, 1]))
    expect(canonicalJson(object)).toBe(`{${keys.map((name) => `${JSON.stringify(name)}:1`).join(',')}}`)
  })

  it('differs for equal entries, so that a guessed entry cannot be checked against a shown head', async () => {
    const [a, b] = await withLog(async (log) => [await log.append(entry('r')), await log.append(entry('r'))])
    const links = await withLog((log) => all(log.entries()))
    expect(a?.hash).not.toBe(b?.hash)
    expect(links[0]?.salt).toMatch(/^[0-9a-f]{32}$/)
    expect(links[0]?.salt).not.toBe(links[1]?.salt)
  })
})
