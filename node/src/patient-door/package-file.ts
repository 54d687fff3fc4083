import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { PackageSource } from '@twiin/share-package'

/** Read from the disk at once, for each who downloads: two hundred of them are 13 MB. */
const readBytes = 64 * 1024
/** Of the file: how long the encrypted manifest is. */
const trailerBytes = 8

/** A stretch of the file as it lies there, at the speed of who reads it. */
export const fileStream = (file: string, { start, end }: { start: number; end: number }): Readable =>
  createReadStream(file, { start, end: end - 1, highWaterMark: readBytes })

/** For the reader that decrypts. Each read opens the file: nothing stays open of who never comes back. */
export const fileSource = (file: string, size: number): PackageSource => ({
  size,
  async read(offset, length) {
    const handle = await open(file, 'r')
    try {
      const bytes = new Uint8Array(length)
      let got = 0
      while (got < length) {
        const { bytesRead } = await handle.read(bytes, got, length - got, offset + got)
        if (bytesRead === 0) break
        got += bytesRead
      }
      return bytes.subarray(0, got)
    } finally {
      await handle.close()
    }
  },
})

/** Where the manifest begins. Who reads no further before it has seen no picture and no report. */
export async function manifestStart(file: string, size: number): Promise<number> {
  const trailer = await fileSource(file, size).read(size - trailerBytes, trailerBytes)
  const length = Number(new DataView(trailer.buffer).getBigUint64(0))
  return Math.max(0, size - trailerBytes - length)
}
