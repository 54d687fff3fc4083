import { defaultLimits } from '../limits.ts'
import type { MediaSource } from '../media-source.ts'
import { namesProgram } from '../names.ts'
import type { PlannedFile } from './disc-plan.ts'
import { zipArchive } from './zip-writer.ts'

/** The files of a disc as one zip, to be sent somewhere; what names a program stays where it is. */
export async function packSource(source: MediaSource, at: Date): Promise<AsyncGenerator<Uint8Array>> {
  const files: PlannedFile[] = []
  for await (const entry of source.entries(defaultLimits)) {
    if (!('file' in entry) || namesProgram(entry.file.place.at(-1) ?? '')) continue
    const { place, size } = entry.file
    files.push({ place, size, read: () => entry.file.read() })
  }
  return zipArchive({ at }, files)
}
