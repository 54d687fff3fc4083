import { constants } from 'node:fs'
import type { Dirent } from 'node:fs'
import { lstat, open, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import { Tally } from './limits.ts'
import type { MediaLimits } from './limits.ts'
import type { MediaEntry, MediaFile, MediaSource, Place } from './media-source.ts'
import { isPlainName } from './names.ts'

/** A mounted disc, or a copy of one. Links are not followed. */
export class FolderSource implements MediaSource {
  readonly format = 'folder'
  readonly #root: string

  constructor(options: { path: string }) {
    this.#root = options.path
  }

  async *entries(limits: MediaLimits, signal?: AbortSignal): AsyncGenerator<MediaEntry> {
    const tally = new Tally(limits, signal)
    const visited = new Set<string>()
    const waiting: Place[] = [[]]
    let ordinal = 0
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      if (!(await this.#isNew(folder, visited))) continue
      const names = await this.#read(folder, tally)
      const below: Place[] = []
      for (const entry of names) {
        const place = [...folder, entry.name]
        if (!isPlainName(entry.name)) yield { oddity: 'NAME_REFUSED', place }
        else if (entry.isDirectory()) below.push(place)
        else if (!entry.isFile()) yield { oddity: 'LINK_NOT_FOLLOWED', place }
        else {
          const file = await this.#file(ordinal++, place)
          tally.file(file.size)
          yield { file }
        }
      }
      waiting.push(...below.reverse())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** A folder may be mounted within itself. */
  async #isNew(folder: Place, visited: Set<string>): Promise<boolean> {
    const stat = await lstat(this.#path(folder), { bigint: true })
    const id = `${stat.dev} ${stat.ino}`
    if (visited.has(id) || (folder.length > 0 && !stat.isDirectory())) return false
    visited.add(id)
    return true
  }

  async #read(folder: Place, tally: Tally): Promise<Dirent[]> {
    const entries: Dirent[] = []
    for await (const entry of await opendir(this.#path(folder))) {
      tally.entry(folder.length + 1)
      entries.push(entry)
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async #file(ordinal: number, place: Place): Promise<MediaFile> {
    const path = this.#path(place)
    const { size } = await lstat(path)
    return { ordinal, place, aliases: [], size, read: () => readFile(path, size) }
  }

  #path(place: Place): string {
    return join(this.#root, ...place)
  }
}

async function* readFile(path: string, size: number): AsyncGenerator<Buffer> {
  // What was a file may be a link or a pipe by now.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    let read = 0
    for await (const chunk of file.createReadStream({
      autoClose: false,
      end: Math.max(0, size - 1),
      highWaterMark: 256 * 1024,
    }) as AsyncIterable<Buffer>) {
      read += chunk.length
      yield chunk
    }
    if (read < size) throw new TwiinError('FILE_UNREADABLE', { reason: 'cut off' })
  } catch (error) {
    throw error instanceof TwiinError ? error : new TwiinError('FILE_UNREADABLE', { reason: 'disk' })
  } finally {
    await file.close()
  }
}
