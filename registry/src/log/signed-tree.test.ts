import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SignedTree } from './signed-tree.ts'

const head = (size: number) => ({ size, root: new Uint8Array(32).fill(size) })

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-signed-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

test('a tree that could not be written is not taken for one that stands on disk', async () => {
  const dir = await folder()
  const path = join(dir, 'there', 'signed.json')
  const signed = await SignedTree.open(path)
  await expect(signed.remember(head(3))).rejects.toThrow()
  expect(signed.last).toBeUndefined()
  await mkdir(join(dir, 'there'))
  await signed.remember(head(3))
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ size: 3 })
})

test('nobody is told that a tree is on disk while it is still on its way there', async () => {
  const path = join(await folder(), 'signed.json')
  const signed = await SignedTree.open(path)
  const first = signed.remember(head(3))
  const onDisk = signed.remember(head(3)).then(() => readFile(path, 'utf8'))
  expect(JSON.parse(await onDisk)).toMatchObject({ size: 3 })
  await first
  await Promise.all([signed.remember(head(5)), signed.remember(head(4))])
  expect([signed.last?.size, JSON.parse(await readFile(path, 'utf8'))]).toMatchObject([5, { size: 5 }])
})
