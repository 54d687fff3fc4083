import { mkdtemp, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { whileAlone } from './while-alone.ts'

let dir: string
let lock: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-lock-'))
  lock = join(dir, 'people.json.lock')
})

async function leaveStaleLock(): Promise<void> {
  const longAgo = new Date(Date.now() - 60_000)
  await writeFile(lock, 'of a process that is gone')
  await utimes(lock, longAgo, longAgo)
}

describe('a lock', () => {
  it('of who is gone is taken over by one at a time, however many find it', async () => {
    for (let round = 0; round < 20; round++) {
      await leaveStaleLock()
      let inside = 0
      let most = 0
      const work = async () => {
        most = Math.max(most, ++inside)
        await turn()
        inside--
      }
      const late = async (turns: number) => {
        for (let i = 0; i < turns; i++) await turn()
        await whileAlone(lock, work)
      }
      await Promise.all(Array.from({ length: 12 }, (_, i) => late(i)))
      expect(most).toBe(1)
    }
    expect(await readdir(dir)).toEqual([])
  }, 60_000)

  it('that became another’s meanwhile is left to them', async () => {
    await whileAlone(lock, () => writeFile(lock, 'another’s'))
    expect(await readFile(lock, 'utf8')).toBe('another’s')
  })
})
