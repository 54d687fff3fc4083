import assert from 'node:assert/strict'
import type { EntryMark, EntryRepository, StoredEntry } from '../ports.ts'
import { tombstone, markOf } from '../sealed-entry.ts'
import { fakeKeys } from './simulated-network.ts'

/** What every entry repository must do, as named promises: give each to `it` with a fresh, empty repository. */
export const entryRepositoryCompliance: Record<string, (repository: EntryRepository) => Promise<void>> = {
  'returns what was put, and undefined for anything else': async (repository) => {
    const entry = entryAt(1, 1, 'a')
    await repository.putAll([entry])
    assert.deepEqual(plain(await repository.get(entry.mark)), plain(entry))
    assert.equal(await repository.get({ ...entry.mark, epoch: 2 }), undefined)
    assert.equal(await repository.get({ ...entry.mark, publisher: fakeKeys.peerId('b') }), undefined)
  },

  'replaces what stood under the same key, without counting it twice': async (repository) => {
    const old = entryAt(1, 1, 'a', 1)
    const fresh = entryAt(1, 1, 'a', 2)
    await repository.putAll([old])
    await repository.putAll([fresh, entryAt(2, 1, 'a'), entryAt(1, 1, 'b')])
    assert.equal((await repository.get(old.mark))?.mark.seq, 2)
    assert.equal(await repository.countOf(fresh.mark.publisher), 2)
  },

  'walks a range in the order of location and publisher, both ends included': async (repository) => {
    const all = [
      entryAt(1, 9, 'a'),
      entryAt(1, 3, 'b'),
      entryAt(1, 3, 'a'),
      entryAt(1, 200, 'a'),
      entryAt(2, 3, 'a'),
    ]
    await repository.putAll(all)
    const range = { epoch: 1, from: locOf(3), to: locOf(9) }
    const expected = [all[1], all[2], all[0]]
      .flatMap((entry) => (entry === undefined ? [] : [entry.mark]))
      .sort((a, b) => Buffer.compare(a.loc, b.loc) || (a.publisher < b.publisher ? -1 : 1))
    assert.deepEqual((await collect(repository.marks(range))).map(nameOf), expected.map(nameOf))
    const entries = await collect(repository.entries(range))
    assert.deepEqual(
      entries.map(({ mark }) => nameOf(mark)),
      expected.map(nameOf),
    )
    assert.deepEqual(
      entries.map(({ entry }) => nameOf(markOf(entry))),
      expected.map(nameOf),
    )
    const after = expected[0]
    const rest = await collect(repository.marks({ ...range, after }))
    assert.deepEqual(rest.map(nameOf), expected.slice(1).map(nameOf))
  },

  'walks everything, in all epochs, when no range is given': async (repository) => {
    await repository.putAll([entryAt(2, 1, 'a'), entryAt(1, 255, 'a')])
    assert.deepEqual(
      (await collect(repository.marks())).map(({ epoch }) => epoch),
      [1, 2],
    )
  },

  'forgets what is deleted, and what was never there': async (repository) => {
    const entry = entryAt(1, 1, 'a')
    await repository.putAll([entry])
    await repository.deleteAll([entry.mark, entryAt(5, 5, 'z').mark])
    assert.equal(await repository.get(entry.mark), undefined)
    assert.equal(await repository.countOf(entry.mark.publisher), 0)
    assert.deepEqual(await collect(repository.marks()), [])
  },
}

const locOf = (first: number) => new Uint8Array(32).fill(first)

function entryAt(epoch: number, first: number, publisher: string, seq = 1): StoredEntry {
  const signer = fakeKeys.signer(fakeKeys.peerId(publisher))
  const entry = tombstone({ loc: locOf(first), epoch, seq, issued: 20_000 }, signer)
  return { mark: markOf(entry), entry }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const nameOf = ({ epoch, loc, publisher, seq }: EntryMark) =>
  `${epoch} ${Buffer.from(loc).toString('hex')} ${publisher} ${seq}`
const plain = (stored: StoredEntry | undefined) => {
  if (stored === undefined) return undefined
  const { header, body, signature } = stored.entry
  return [nameOf(stored.mark), ...[header, body, signature].map((part) => Buffer.from(part).toString('hex'))]
}
