import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Sealer } from './sealer.ts'
import { Store } from './store.ts'

const sealer = new Sealer(Buffer.alloc(32, 7))
let dir: string
let store: Store
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-store-'))
  store = new Store({ dir }, { sealer })
  await store.start()
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})

async function reopened(key = sealer): Promise<Store> {
  await store.stop()
  store = new Store({ dir }, { sealer: key })
  await store.start()
  return store
}
async function raw<T>(work: (db: Level<string, Buffer>) => Promise<T>): Promise<T> {
  await store.stop()
  const db = new Level<string, Buffer>(dir, { valueEncoding: 'buffer' })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
async function all<V>(entries: AsyncIterable<[string, V]>): Promise<[string, V][]> {
  const found: [string, V][] = []
  for await (const entry of entries) found.push(entry)
  return found
}

describe('a repository', () => {
  it('gives back what was put, after a restart too', async () => {
    const before = store.repository<{ n: number; bytes: Uint8Array }>('thing', { keys: 'plain-opaque' })
    await before.put('1', { n: 1, bytes: Buffer.of(0, 255) })
    await before.put('2', { n: 2, bytes: Buffer.alloc(0) })
    await before.delete('2')
    const after = (await reopened()).repository('thing', { keys: 'plain-opaque' })
    expect(await after.get('1')).toEqual({ n: 1, bytes: Buffer.of(0, 255) })
    expect(await after.has('2')).toBe(false)
  })

  it('lists by prefix, behind a key, backwards, and never from the bucket next door', async () => {
    const things = store.repository<number>('thing', { keys: 'plain-opaque' })
    const next = store.repository<number>('things', { keys: 'plain-opaque' })
    await store.batch([
      ...['a/1', 'a/2', 'a/3', 'b/1'].map((key, i) => things.putOp(key, i)),
      next.putOp('a/9', 9),
    ])
    const keys = async (range: Parameters<typeof things.entries>[0]) =>
      (await all(things.entries(range))).map(([key]) => key)
    expect(await keys({})).toEqual(['a/1', 'a/2', 'a/3', 'b/1'])
    expect(await keys({ prefix: 'a/' })).toEqual(['a/1', 'a/2', 'a/3'])
    expect(await keys({ prefix: 'a/', after: 'a/1', limit: 1 })).toEqual(['a/2'])
    expect(await keys({ prefix: 'a/', after: 'a/3', reverse: true })).toEqual(['a/2', 'a/1'])
  })

  it('that is keyed shows nothing of its keys on disk, and refuses keys that may tell something where it is not', async () => {
    const keyed = store.repository<string>('by-number', { keys: 'keyed' })
    const plain = store.repository<string>('thing', { keys: 'plain-opaque' })
    await keyed.put('patient 999990019', 'x')
    expect(await keyed.get('patient 999990019')).toBe('x')
    expect(() => plain.putOp('Jansen^Jan', 'x')).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
    const keys = await raw((db) => db.keys().all())
    expect(keys.join()).toMatch(/^!format,by-number![0-9a-f]{32}$/)
  })

  it('has one owner', () => {
    store.repository('thing', { keys: 'keyed' })
    expect(() => store.repository('thing', { keys: 'keyed' })).toThrow(
      expect.objectContaining({ code: 'BUCKET_TAKEN' }),
    )
  })

  it('refuses a value that was moved to another key, or to another bucket', async () => {
    const one = store.repository<string>('one', { keys: 'plain-opaque' })
    const two = store.repository<string>('two', { keys: 'plain-opaque' })
    await store.batch([one.putOp('a', 'of a'), one.putOp('b', 'of b'), two.putOp('a', 'of two')])
    await raw(async (db) => {
      const sealed = await db.get('one!a')
      await db.put('one!b', sealed)
      await db.put('two!a', sealed)
    })
    store = new Store({ dir }, { sealer })
    await store.start()
    const again = store.repository('one', { keys: 'plain-opaque' })
    expect(await again.get('a')).toBe('of a')
    await expect(again.get('b')).rejects.toMatchObject({ code: 'SEAL_BROKEN' })
    const other = store.repository('two', { keys: 'plain-opaque' })
    await expect(other.get('a')).rejects.toMatchObject({ code: 'SEAL_BROKEN' })
  })
})

describe('the store', () => {
  it('does not start with another key, for everything would seem to be gone', async () => {
    await store.stop()
    const other = new Store({ dir }, { sealer: new Sealer(Buffer.alloc(32, 8)) })
    await expect(other.start()).rejects.toMatchObject({ code: 'WRONG_KEY' })
    await reopened()
  })

  it('does not start twice on one folder', async () => {
    const second = new Store({ dir }, { sealer })
    await expect(second.start()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  })
})

describe('an update', () => {
  it('loses no count, however many read and write the same value at once', async () => {
    const counts = store.repository<number>('count', { keys: 'plain-opaque' })
    const one = () =>
      store.update('counter', async (tx) => tx.put(counts, 'n', ((await tx.get(counts, 'n')) ?? 0) + 1))
    await Promise.all(Array.from({ length: 500 }, one))
    expect(await counts.get('n')).toBe(500)
  })

  it('that takes several turns in any order never waits for ever', async () => {
    const counts = store.repository<number>('count', { keys: 'plain-opaque' })
    const add = (names: string[]) =>
      store.update(names, async (tx) => {
        for (const name of names) tx.put(counts, name, ((await tx.get(counts, name)) ?? 0) + 1)
      })
    await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        add(
          [
            ['a', 'b'],
            ['b', 'c', 'a'],
            ['c', 'a'],
          ][i % 3] ?? [],
        ),
      ),
    )
    expect([await counts.get('a'), await counts.get('b'), await counts.get('c')]).toEqual([300, 200, 200])
  })
})

describe('a stopped store', () => {
  it('refuses whoever comes late, and opens nothing for them', async () => {
    const things = store.repository<number>('thing', { keys: 'plain-opaque' })
    await store.stop()
    for (let i = 0; i < 3; i++) await expect(things.put('late', i)).rejects.toThrow('STORE_CLOSED')
    // Not locked: another process could have it now.
    expect(await raw((db) => db.get('thing!late'))).toBeUndefined()
  })
})

describe('a copy of the sealed entries', () => {
  it('brings back every value in an empty store under the same key, and under no other', async () => {
    const studies = store.repository<{ n: number }>('studies', { keys: 'keyed' })
    for (let n = 0; n < 1_200; n++) void studies.put(`study-${n}`, { n })
    await studies.put('last', { n: -1 })
    const copied: (readonly [string, Buffer])[] = []
    const copy = store.sealedEntries()
    const first = await copy.next()
    // Written after the copy began: not in it.
    await studies.put('late', { n: 9 })
    if (first.done !== true) copied.push(first.value)
    for await (const entry of copy) copied.push(entry)
    const given = async function* () {
      yield* copied
    }

    const other = await mkdtemp(join(tmpdir(), 'twiin-store-'))
    const open = async (name: string, key: Sealer) => {
      const restored = new Store({ dir: join(other, name) }, { sealer: key })
      await restored.start()
      return restored
    }
    const restored = await open('same', sealer)
    await restored.restoreSealed(given())
    const again = restored.repository<{ n: number }>('studies', { keys: 'keyed' })
    expect((await all(again.entries())).length).toBe(1_201)
    expect(await again.get('study-77')).toEqual({ n: 77 })
    expect(await again.get('late')).toBeUndefined()
    await expect(restored.restoreSealed(given())).rejects.toThrow('STORE_NOT_EMPTY')
    await restored.stop()
    const foreign = await open('foreign', new Sealer(Buffer.alloc(32, 8)))
    await expect(foreign.restoreSealed(given())).rejects.toThrow('WRONG_KEY')
    await foreign.stop()
    await rm(other, { recursive: true })
  })
})
