import { isTwiinError } from '@twiin/runtime'
import { Tally } from '../limits.ts'
import type { MediaLimits } from '../limits.ts'
import type { MediaBytes, MediaEntry, MediaSource, Place } from '../media-source.ts'
import { isPlainName } from '../names.ts'
import { readDirectory } from './directory.ts'
import type { DirectoryEntry } from './directory.ts'
import { rangeOf, readVolumes } from './volume.ts'
import type { Extent, Volume } from './volume.ts'

type Found = { entry: DirectoryEntry; place: Place; volumePlace: Place } | { oddity: 'broken'; place: Place }

/**
 * An ISO 9660 image. A file's name is that of Rock Ridge, else of Joliet, else of the volume itself; it is known by the
 * others too, since a DICOMDIR may use any.
 */
export class IsoSource implements MediaSource {
  readonly format = 'iso9660'
  readonly #bytes: MediaBytes

  constructor(deps: { bytes: MediaBytes }) {
    this.#bytes = deps.bytes
  }

  async *entries(limits: MediaLimits, signal?: AbortSignal): AsyncGenerator<MediaEntry> {
    const { primary, joliet } = await readVolumes(this.#bytes)
    const longNames = new Map<string, { place: Place; entry: DirectoryEntry }>()
    if (joliet !== undefined)
      for await (const found of this.#walk(joliet, limits, signal))
        if ('entry' in found && found.entry.bytes > 0) longNames.set(keyOf(found.entry, joliet), found)
    const tally = new Tally(limits, signal)
    let ordinal = 0
    for await (const found of this.#walk(primary, limits, signal)) {
      if ('oddity' in found) {
        yield { oddity: 'FILE_UNREADABLE', place: found.place }
        continue
      }
      const { entry, place, volumePlace } = found
      const key = keyOf(entry, primary)
      const long = longNames.get(key)?.place
      longNames.delete(key)
      const names = entry.rockRidge.name === undefined && long !== undefined ? [long, place] : [place, long]
      yield this.#toEntry(entry, primary, [...names, volumePlace], () => ordinal++, tally)
    }
    // What only the other tree has.
    if (joliet !== undefined)
      for (const { entry, place } of longNames.values())
        yield this.#toEntry(entry, joliet, [place], () => ordinal++, tally)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #toEntry(
    entry: DirectoryEntry,
    volume: Volume,
    places: readonly (Place | undefined)[],
    ordinal: () => number,
    tally: Tally,
  ): MediaEntry {
    const [place = [], ...aliases] = places.filter((one) => one !== undefined)
    if (!place.every(isPlainName)) return { oddity: 'NAME_REFUSED', place }
    if (entry.rockRidge.special === true) return { oddity: 'LINK_NOT_FOLLOWED', place }
    if (entry.unreadable || !this.#lieWithin(entry.extents, volume))
      return { oddity: 'FILE_UNREADABLE', place }
    tally.file(entry.bytes)
    const read = () => this.#read(entry.extents, volume)
    return { file: { ordinal: ordinal(), place, aliases, size: entry.bytes, read } }
  }

  /** Every file of a volume, folder by folder. A folder that was read is not read again. */
  async *#walk(volume: Volume, limits: MediaLimits, signal: AbortSignal | undefined): AsyncGenerator<Found> {
    const tally = new Tally(limits, signal)
    const visited = new Set<number>()
    const waiting: { extent: Extent; place: Place; volumePlace: Place }[] = [
      { extent: volume.root, place: [], volumePlace: [] },
    ]
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      if (visited.has(folder.extent.block)) continue
      visited.add(folder.extent.block)
      const below: typeof waiting = []
      try {
        for await (const entry of readDirectory(this.#bytes, volume, folder.extent, tally)) {
          tally.entry(folder.place.length + 1)
          const ownName = entry.name.replace(/;\d+$/, '').replace(/\.$/, '')
          const place = [...folder.place, entry.rockRidge.name ?? ownName]
          const volumePlace = [...folder.volumePlace, ownName]
          const moved = entry.rockRidge.movedTo
          if (moved !== undefined)
            below.push({ extent: await this.#movedFolder(moved, volume), place, volumePlace })
          else if (entry.rockRidge.isMoved === true) continue
          else if (!entry.folder) yield { entry, place, volumePlace }
          else if (entry.extents[0] !== undefined)
            below.push({ extent: entry.extents[0], place, volumePlace })
        }
      } catch (error) {
        if (!isTwiinError(error, 'FILE_UNREADABLE')) throw error
        yield { oddity: 'broken', place: folder.place }
      }
      waiting.push(...below.reverse())
    }
  }

  /** Its length stands in its own first record. */
  async #movedFolder(block: number, volume: Volume): Promise<Extent> {
    const { offset } = rangeOf(this.#bytes, volume, { block, bytes: 34 })
    return { block, bytes: (await this.#bytes.read(offset, 34)).readUInt32LE(10) }
  }

  #lieWithin(extents: readonly Extent[], { blockBytes }: Volume): boolean {
    return extents.every(({ block, bytes }) => block * blockBytes + bytes <= this.#bytes.length)
  }

  async *#read(extents: readonly Extent[], volume: Volume): AsyncGenerator<Buffer> {
    for (const extent of extents) yield* this.#bytes.stream(rangeOf(this.#bytes, volume, extent))
  }
}

const keyOf = ({ extents, bytes }: DirectoryEntry, { blockBytes }: Volume) =>
  `${(extents[0]?.block ?? 0) * blockBytes} ${bytes}`
