import type { PackageReader } from '@twiin/share-package'

/** Decrypted pictures held at once: some 20 MB. */
const mostHeld = 60

/** Pictures as `blob:` addresses: made when asked for, the ones longest unused let go. */
export class Pictures {
  readonly #reader: PackageReader
  readonly #held = new Map<number, Promise<string>>()

  constructor(_options: object, deps: { reader: PackageReader }) {
    this.#reader = deps.reader
  }

  address(entry: number): Promise<string> {
    const held = this.#held.get(entry) ?? this.#make(entry)
    this.#held.delete(entry)
    this.#held.set(entry, held)
    for (const [oldest, address] of this.#held) {
      if (this.#held.size <= mostHeld) break
      this.#held.delete(oldest)
      void address.then((text) => URL.revokeObjectURL(text)).catch(() => {})
    }
    return held
  }

  /** Asked for soon: fetched now, and nobody waits. */
  expect(entries: readonly (number | undefined)[]): void {
    for (const entry of entries) if (entry !== undefined) this.address(entry).catch(() => {})
  }

  #make(entry: number): Promise<string> {
    const made = blobOf(this.#reader, entry, 'image/jpeg').then((blob) => URL.createObjectURL(blob))
    made.catch(() => this.#held.delete(entry))
    return made
  }
}

export async function blobOf(reader: PackageReader, entry: number, type: string): Promise<Blob> {
  const parts: BlobPart[] = []
  for await (const piece of reader.entry(entry)) parts.push(piece as Uint8Array<ArrayBuffer>)
  return new Blob(parts, { type })
}
