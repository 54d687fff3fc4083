import { randomUUID } from 'node:crypto'
import { open, readFile, stat, unlink } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { TwiinError } from '@twiin/runtime'

/** A change takes milliseconds: who holds the file for longer is gone. */
const staleMs = 10_000
const triesMs = 20
const mostTries = 250

/**
 * `work` while no other process, and nobody else in this one, does the same under this file. `mustBeAlone`, for just before
 * what cannot be undone: throws when somebody took this for gone meanwhile. Throws PEOPLE_FILE_BUSY.
 */
export async function whileAlone<T>(
  lockFile: string,
  work: (mustBeAlone: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const mark = randomUUID()
  // After a slow disk or a long sleep of this process it may be another's.
  const isOurs = async () => (await readFile(lockFile, 'utf8').catch(() => '')) === mark
  await take(lockFile, mark)
  try {
    return await work(async () => {
      if (!(await isOurs())) throw new TwiinError('PEOPLE_FILE_BUSY')
    })
  } finally {
    if (await isOurs()) await unlink(lockFile).catch(() => {})
  }
}

async function take(lockFile: string, mark: string): Promise<void> {
  for (let tries = 0; tries < mostTries; tries++) {
    try {
      const handle = await open(lockFile, 'wx', 0o600)
      try {
        return await handle.writeFile(mark)
      } finally {
        await handle.close()
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (await isStale(lockFile)) await removeStale(lockFile)
    else await pause(triesMs)
  }
  throw new TwiinError('PEOPLE_FILE_BUSY')
}

/** One at a time, each looking once more: of several who found it stale, a late one would remove the lock of the first. */
function removeStale(lockFile: string): Promise<void> {
  return whileAlone(`${lockFile}.stale`, async () => {
    if (await isStale(lockFile)) await unlink(lockFile).catch(() => {})
  })
}

async function isStale(lockFile: string): Promise<boolean> {
  const since = await stat(lockFile).catch(() => undefined)
  return since !== undefined && Date.now() - since.mtimeMs > staleMs
}
