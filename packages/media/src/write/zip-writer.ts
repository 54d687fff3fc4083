import { ReadableStream, TransformStream } from 'node:stream/web'
import { ZipWriter } from '@zip.js/zip.js'
import type { PlannedFile } from './disc-plan.ts'

/** WinZip AE-2: 3 is AES-256. */
const strongest = 3

/**
 * A zip of the files, stored as they are. With a password all but the public ones are encrypted. Made while it is read:
 * who stops reading stops the work. Throws what reading a file threw.
 */
export async function* zipArchive(
  options: { password?: string; at: Date },
  files: readonly PlannedFile[],
): AsyncGenerator<Uint8Array> {
  const { password, at } = options
  const pipe = new TransformStream<Uint8Array, Uint8Array>()
  const reader = pipe.readable.getReader()
  const writing = write(pipe.writable, files, at, password)
  // Whatever it throws is told below, when the pipe ends.
  writing.catch(() => {})
  try {
    for (;;) {
      const next = await reader.read()
      if (next.done) break
      yield next.value
    }
    await writing
  } catch (error) {
    await reader.cancel(error).catch(() => {})
    throw await writing.then(
      () => error as Error,
      (cause: unknown) => cause,
    )
  } finally {
    await reader.cancel().catch(() => {})
  }
}

async function write(
  writable: WritableStream,
  files: readonly PlannedFile[],
  at: Date,
  password: string | undefined,
): Promise<void> {
  const zip = new ZipWriter(writable, {
    level: 0,
    useWebWorkers: false,
    keepOrder: true,
    bufferedWrite: false,
    lastModDate: at,
  })
  try {
    for (const file of files) {
      const isSecret = password !== undefined && file.isPublic !== true
      await zip.add(file.place.join('/'), ReadableStream.from(file.read()) as never, {
        ...(isSecret ? { password, encryptionStrength: strongest } : {}),
        uncompressedSize: file.size,
      })
    }
    await zip.close()
  } catch (error) {
    await writable.abort(error).catch(() => {})
    throw error
  }
}
