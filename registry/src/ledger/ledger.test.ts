import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '@twiin/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Books } from './books.ts'
import { DurableLines } from './durable-lines.ts'

let dir = ''
let file = ''
const clock = new ManualClock()
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-ledger-'))
  file = join(dir, 'ledger.jsonl')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const digest = 'a'.repeat(64)
const publish = (books: Books) =>
  books.record((register) => ({
    act: 'published',
    version: (register.published?.version ?? 0) + 1,
    digest,
  }))

test('a full log refuses before it writes, keeps room for what cuts off, and starts again', async () => {
  const mostLines = 1002
  const books = await Books.open({ file, mostLines }, { clock })
  const admit = () =>
    books.record(() => ({ act: 'person-admitted', id: 'jansen', role: 'auditor', by: 'console' }))
  await admit()
  await admit()
  await expect(admit()).rejects.toThrow('LOG_FULL')
  for (let i = 2; i < mostLines; i++) await publish(books)
  await expect(publish(books)).rejects.toThrow('LOG_FULL')
  await books.close()
  const again = await Books.open({ file, mostLines }, { clock })
  expect([again.tree.size, again.writable]).toEqual([mostLines, true])
  await again.close()
})

async function written(count: number): Promise<string> {
  const books = await Books.open({ file }, { clock })
  for (let i = 0; i < count; i++) await publish(books)
  await books.close()
  return readFile(file, 'utf8')
}

test('acts are judged one after another, also when they arrive together', async () => {
  const books = await Books.open({ file }, { clock })
  await Promise.all(Array.from({ length: 20 }, () => publish(books)))
  expect(books.register.published?.version).toBe(20)
  await books.close()
  const again = await Books.open({ file }, { clock })
  expect(again.register.published).toEqual(books.register.published)
  expect(again.head).toBe(books.head)
  await again.close()
})

test('a line that is written right after another one was promised is not forgotten', async () => {
  const lines = await DurableLines.open(file)
  const chain = async (name: number) => {
    for (let i = 0; i < 20; i++) await lines.append(`${name}.${i}`)
  }
  await chain(1)
  await Promise.all([chain(2), chain(3)])
  await lines.close()
  expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(60)
})

test('a refused act leaves nothing behind and does not stop the next', async () => {
  const books = await Books.open({ file }, { clock })
  const refused = books.record(() => {
    throw new Error('no')
  })
  await expect(refused).rejects.toThrow('no')
  await publish(books)
  await books.close()
  expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(1)
})

test('an act that could not be read back is never written', async () => {
  const books = await Books.open({ file }, { clock })
  await publish(books)
  const bad = books.record(() => ({ act: 'published', version: 2, digest: 'none' }))
  await expect(bad).rejects.toThrow('ACT_INVALID')
  await publish(books)
  await books.close()
  const again = await Books.open({ file }, { clock })
  expect(again.register.published?.version).toBe(2)
  await again.close()
})

test('a ledger is read whole wherever the reads of the disk cut its lines', async () => {
  const text = await written(2_000)
  expect(text.length).toBeGreaterThan(4 * 65_536)
  const books = await Books.open({ file }, { clock })
  expect(books.register.published?.version).toBe(2_000)
  await publish(books)
  await books.close()
  expect((await readFile(file, 'utf8')).startsWith(text)).toBe(true)
})

test('a last line that a power cut left unfinished was never promised: it is cut off', async () => {
  const text = await written(3)
  await writeFile(file, text.slice(0, -10))
  const books = await Books.open({ file }, { clock })
  expect(books.register.published?.version).toBe(2)
  await publish(books)
  await books.close()
  expect(await readFile(file, 'utf8')).toBe(text)
})

test('an altered, removed or inserted line is found, by its number', async () => {
  const lines = (await written(4)).trim().split('\n')
  const refuses = async (changed: string[], line: number) => {
    await writeFile(file, `${changed.join('\n')}\n`)
    await expect(Books.open({ file }, { clock })).rejects.toMatchObject({
      code: 'LEDGER_BROKEN',
      facts: { line },
    })
  }
  await refuses(
    [lines[0] ?? '', (lines[1] ?? '').replace('"version":2', '"version":9'), ...lines.slice(2)],
    3,
  )
  await refuses([...lines.slice(0, 1), ...lines.slice(2)], 2)
  await refuses([...lines.slice(0, 2), lines[1] ?? '', ...lines.slice(2)], 3)
  await refuses([...lines, '{"seq":5}'], 5)
  await refuses([...lines, 'noise'], 5)
})

test('a line that follows and has an act of a newer version is said to be newer, with its number and act; nothing else is', async () => {
  const text = await written(3)
  const head = createHash('sha256')
    .update(text.trimEnd().split('\n').at(-1) ?? '')
    .digest('hex')
  const opened = async (line: object) => {
    await writeFile(file, `${text}${JSON.stringify({ seq: 4, prev: head, at: 1, ...line })}\n`)
    const books = await Books.open({ file }, { clock })
    await books.close()
  }
  await expect(opened({ act: 'merged', into: ['x'] })).rejects.toMatchObject({
    code: 'LEDGER_NEWER',
    facts: { line: 4, act: 'merged' },
  })
  for (const broken of [
    { act: 'published', version: 'x' },
    { act: 'merged', seq: 5 },
    { act: 'merged', prev: 'a'.repeat(64) },
    { act: 'merged', at: 'now' },
    { act: 'Merged\n' },
    { act: 7 },
    {},
  ])
    await expect(opened(broken)).rejects.toMatchObject({ code: 'LEDGER_BROKEN', facts: { line: 4 } })
})
