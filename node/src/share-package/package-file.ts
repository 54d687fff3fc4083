import { open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import { onDisk, syncFolder, temporarySuffix } from '@twiin/store'
import type { DiskReserve } from '@twiin/store'

/** Between two looks at how much room is left. */
const lookEvery = 64 * 1024 * 1024

interface Deps {
  reserve: Pick<DiskReserve, 'require'>
  random: (bytes: number) => Uint8Array
}

/**
 * A file that is there whole or not at all: written beside it, on disk, then renamed; durable when it resolves, and nothing
 * is left when it rejects. Throws `OUT_OF_RESOURCES`, the signal's reason, and what `write` throws.
 */
export async function writeWholeFile<T>(
  path: string,
  signal: AbortSignal,
  deps: Deps,
  write: (put: (bytes: Uint8Array) => Promise<void>) => Promise<T>,
): Promise<T> {
  const mark = Buffer.from(deps.random(6)).toString('hex')
  const temporary = join(dirname(path), `.${basename(path)}.${mark}${temporarySuffix}`)
  let isRenamed = false
  try {
    const file = await onDisk(open(temporary, 'wx', 0o600))
    let result: T
    try {
      let left = 0
      result = await write(async (bytes) => {
        signal.throwIfAborted()
        if (left < bytes.length) {
          await deps.reserve.require(lookEvery + bytes.length)
          left = lookEvery + bytes.length
        }
        left -= bytes.length
        const { bytesWritten } = await onDisk(file.write(bytes))
        if (bytesWritten !== bytes.length) throw new TwiinError('OUT_OF_RESOURCES')
      })
      await onDisk(file.sync())
    } finally {
      await file.close()
    }
    signal.throwIfAborted()
    await rename(temporary, path)
    isRenamed = true
    await syncFolder(dirname(path))
    return result
  } catch (error) {
    await unlink(isRenamed ? path : temporary).catch(() => {})
    throw error
  }
}
