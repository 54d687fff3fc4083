import type { MediaLimits } from './limits.ts'

/** Random access to an image or archive. A `SealedBlobReader` of packages/store is one. */
export interface MediaBytes {
  readonly length: number
  read(offset: number, length: number): Promise<Buffer>
  stream(range?: { offset?: number; length?: number }): AsyncGenerator<Buffer>
}

/** Where on the disc something stands: names of folders, and of the file last. May hold patient data. */
export type Place = readonly string[]

export interface MediaFile {
  /** Its place in the order in which the source tells its files: the same each time it is walked. */
  readonly ordinal: number
  readonly place: Place
  /** Other names under which the disc knows it. */
  readonly aliases: readonly Place[]
  /** Bytes, as the disc says; fewer may come, and then reading throws. */
  readonly size: number
  /** Throws `FILE_UNREADABLE`. Leave the loop early to read less. */
  read(): AsyncGenerator<Buffer>
}

export type Oddity = 'NAME_REFUSED' | 'LINK_NOT_FOLLOWED' | 'FILE_UNREADABLE'
export type MediaEntry = { file: MediaFile } | { oddity: Oddity; place: Place }

/** A disc: a folder, an ISO 9660 image or a zip. */
export interface MediaSource extends AsyncDisposable {
  readonly format: 'folder' | 'iso9660' | 'zip'
  /** Every file once. Throws `DISC_TOO_LARGE`, `DISC_UNREADABLE`. */
  entries(limits: MediaLimits, signal?: AbortSignal): AsyncGenerator<MediaEntry>
}
