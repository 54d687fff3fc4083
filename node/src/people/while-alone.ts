import { open, stat, unlink } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { TwiinError } from '@twiin/runtime'

/** A change takes milliseconds: who holds the file for longer is gone. */
const staleMs = 10_000
const triesMs = 20
const mostTries = 250

/** `work` while no other process, and nobody else in this one, does the same under this file. Throws PEOPLE_FILE_BUSY. */
export async function whileAlone<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  await take(lockFile)
  try {
    return await work()
  } finally {
    await unlink(lockFile).catch(() => {})
  }
}

async function take(lockFile: string): Promise<void> {
  for (let tries = 0; tries < mostTries; tries++) {
    try {
      const handle = await open(lockFile, 'wx', 0o600)
      return await handle.close()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const since = await stat(lockFile).catch(() => undefined)
    if (since !== undefined && Date.now() - since.mtimeMs > staleMs) await unlink(lockFile).catch(() => {})
    else await pause(triesMs)
  }
  throw new TwiinError('PEOPLE_FILE_BUSY')
}
