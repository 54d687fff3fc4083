/** A file with the folders it stood in, as somebody dropped or chose it. */
export interface Gathered {
  path: string
  file: File
}

/** What one disc may hold (spec 19 §2). */
export const mostFiles = 200_000

/** Chosen with a file or folder dialog. */
export const fromList = (files: Iterable<File>): Gathered[] =>
  [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }))

/** Dropped: folders are walked. The entries must be taken before the event is over. */
export async function fromDrop(items: DataTransferItemList): Promise<Gathered[]> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  const found: Gathered[] = []
  for (const entry of entries) await walk(entry, '', found)
  return found
}

async function walk(entry: FileSystemEntry, above: string, found: Gathered[]): Promise<void> {
  if (found.length > mostFiles) return
  const path = `${above}${entry.name}`
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    found.push({ path, file })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  // A reader gives a hundred at a time, and none when it is through.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return
    for (const one of some) await walk(one, `${path}/`, found)
  }
}

/** One image or archive goes as it is; anything else is packed. */
export function isDisc(gathered: readonly Gathered[]): boolean {
  const [only] = gathered
  return gathered.length === 1 && only !== undefined && /\.(zip|iso|img)$/i.test(only.file.name)
}
