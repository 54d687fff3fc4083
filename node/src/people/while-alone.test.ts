import { mkdtemp, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { cheapPassword } from '@twiin/web/testing'
import { People } from './people-file.ts'
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

  it('that became another’s while its work was slow: the older file is not written over theirs', async () => {
    const file = join(dir, 'people.json')
    const people = new People({ file, passwordCost: cheapPassword })
    await people.addUser({
      id: 'rad',
      name: 'R (fictief)',
      role: 'radiologist',
      password: 'een lang wachtwoord',
    })
    const before = await readFile(file, 'utf8')
    const added = { id: 'new', name: 'N (fictief)', role: 'radiologist', password: 'welkom hier' } as const
    // As long as this takes, another process could take the lock over.
    const slow = people.addNew(added, () => writeFile(lock, 'another’s'))
    await expect(slow).rejects.toThrow('PEOPLE_FILE_BUSY')
    expect(await readFile(file, 'utf8')).toBe(before)
    expect((await readdir(dir)).sort()).toEqual(['people.json', 'people.json.lock'])
  })

  it('that became another’s meanwhile is left to them', async () => {
    await whileAlone(lock, () => writeFile(lock, 'another’s'))
    expect(await readFile(lock, 'utf8')).toBe('another’s')
  })
})
