import { randomBytes } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Temporary files of an interrupted write end in this; whoever owns the folder may sweep them at start. */
export const temporarySuffix = '.tmp'

/**
 * The whole file or the old one, whatever happens meanwhile: temporary file → write → fsync → rename → fsync of the folder.
 * Once it resolves, a power cut cannot undo it. `mustBe` is awaited last, when only the rename is left: when it throws, the
 * old file stays.
 */
export async function writeFileDurably(
  path: string,
  bytes: Uint8Array,
  options: { mode?: number; mustBe?: () => Promise<void> } = {},
): Promise<void> {
  const temporary = join(
    dirname(path),
    `.${basename(path)}.${randomBytes(6).toString('hex')}${temporarySuffix}`,
  )
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await options.mustBe?.()
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path))
}

/** Makes the names in a folder durable: files created there, renamed, removed. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
