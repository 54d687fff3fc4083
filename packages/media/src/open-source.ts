import { stat } from 'node:fs/promises'
import { TwiinError } from '@twiin/runtime'
import { FileBytes } from './file-bytes.ts'
import { FolderSource } from './folder-source.ts'
import { IsoSource } from './iso/iso-source.ts'
import { isIso9660 } from './iso/volume.ts'
import type { MediaBytes, MediaSource } from './media-source.ts'
import { ZipSource } from './zip-source.ts'

/** By its content, whatever its name. Throws `DISC_FORMAT_UNKNOWN`. */
export async function sourceOf(bytes: MediaBytes): Promise<MediaSource> {
  if (await isIso9660(bytes)) return new IsoSource({ bytes })
  const start = bytes.length < 4 ? '' : (await bytes.read(0, 4)).toString('latin1')
  if (start === 'PK\x03\x04' || start === 'PK\x05\x06') return new ZipSource({ bytes })
  throw new TwiinError('DISC_FORMAT_UNKNOWN')
}

/** A folder, image or zip on this machine. Throws `DISC_FORMAT_UNKNOWN`, and what the disk says. */
export async function openSource(path: string): Promise<MediaSource> {
  const found = await stat(path)
  if (found.isDirectory()) return new FolderSource({ path })
  if (!found.isFile()) throw new TwiinError('DISC_FORMAT_UNKNOWN')
  const bytes = await FileBytes.open(path)
  try {
    const source = await sourceOf(bytes)
    return {
      format: source.format,
      entries: (...args) => source.entries(...args),
      async [Symbol.asyncDispose]() {
        await source[Symbol.asyncDispose]()
        await bytes[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await bytes[Symbol.asyncDispose]()
    throw error
  }
}
