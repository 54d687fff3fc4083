import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { Holdings, collect } from './testing.ts'

const worker = join(import.meta.dirname, 'killed-intake-worker.ts')

/** Lets the worker store, kills it after so many acknowledgements, and returns all it has acknowledged. */
async function intakeUntilKilled(dir: string, round: number, kills: number): Promise<string[]> {
  const child = spawn(process.execPath, [worker, dir, `${round}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  const acknowledged: string[] = []
  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(line)
    if (acknowledged.length === kills) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return acknowledged
}

it('killed at any moment of intake, every acknowledged instance is there and identical, and nothing else is left', async () => {
  await using holdings = await Holdings.create()
  await holdings.stop()
  const acknowledged: string[] = []
  for (const [round, kills] of [1, 13, 40, 77, 150].entries()) {
    acknowledged.push(...(await intakeUntilKilled(holdings.dir, round, kills)))
  }
  await holdings.start()

  const studies = await collect(holdings.studies.studies())
  const held = (
    await Promise.all(studies.map((study) => collect(holdings.studies.instances(study.handle))))
  ).flat()
  const uids = held.map((instance) => instance.sopInstanceUid)
  expect(acknowledged.length).toBeGreaterThanOrEqual(281)
  expect(acknowledged.filter((uid) => !uids.includes(uid))).toEqual([])
  expect(new Set(uids).size).toBe(uids.length)
  expect(studies.map((study) => study.instances).reduce((a, b) => a + b)).toBe(uids.length)
  for (const instance of held) {
    const seed = createHash('sha512').update(instance.sopInstanceUid).digest()
    const pieces = 1 + (Number(instance.sopInstanceUid.split('.').at(-1)) % 5)
    const expected = Buffer.concat(Array<Buffer>(pieces).fill(Buffer.alloc(40_000, seed)))
    expect((await holdings.bytesOf(instance)).equals(expected)).toBe(true)
  }
  expect(await readdir(join(holdings.dir, 'studies', 'incoming'))).toEqual([])
  const blobs = await readdir(join(holdings.dir, 'studies', 'blobs'), { recursive: true })
  expect(blobs.filter((path) => path.length > 2)).toHaveLength(held.length)
})
