import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { LogKey } from '@twiin/identity'
import { verifyCheckpoint, verifyConsistency } from '@twiin/transparency'
import { expect, onTestFinished, test } from 'vitest'
import { TestLog } from './testing.ts'

const worker = join(import.meta.dirname, 'killed-log-worker.ts')

/** Lets the worker write, kills it after so many checkpoints, and returns all it has shown. */
async function untilKilled(dir: string, key: LogKey, kills: number): Promise<string[]> {
  const seed = Buffer.from(key.seed).toString('hex')
  const child = spawn(process.execPath, [worker, dir, seed], { stdio: ['ignore', 'pipe', 'inherit'] })
  const shown: string[] = []
  for await (const line of createInterface(child.stdout)) {
    shown.push(JSON.parse(line) as string)
    if (shown.length === kills) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return shown
}

test('killed at any moment, the log never shows two trees of one size, nor one that another does not begin with', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-log-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const key = LogKey.generate()
  const shown: string[] = []
  for (const kills of [1, 6, 17, 40]) shown.push(...(await untilKilled(dir, key, kills)))
  await using log = await TestLog.open(dir, key)
  expect(log.guard.isBehind).toBe(false)
  const { tree } = log.books
  const last = { size: tree.size, root: tree.root() }
  expect(shown.length).toBeGreaterThanOrEqual(64)
  for (const note of shown) {
    const { size, root } = verifyCheckpoint(note, log.identity)
    const claim = { first: { size, root }, second: last }
    expect(verifyConsistency(claim, tree.consistencyProof(size))).toBe(true)
  }
}, 120_000)
