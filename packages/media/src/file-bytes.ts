import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { TwiinError } from '@twiin/runtime'
import type { MediaBytes } from './media-source.ts'

const pieceBytes = 256 * 1024

/** An image or archive in a file. */
export class FileBytes implements MediaBytes, AsyncDisposable {
  readonly length: number
  readonly #file: FileHandle

  private constructor(file: FileHandle, length: number) {
    this.#file = file
    this.length = length
  }

  static async open(path: string): Promise<FileBytes> {
    const file = await open(path, 'r')
    return new FileBytes(file, (await file.stat()).size)
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of this.stream({ offset, length })) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  async *stream(range: { offset?: number; length?: number } = {}): AsyncGenerator<Buffer> {
    const start = range.offset ?? 0
    const end = range.length === undefined ? this.length : start + range.length
    if (!(start >= 0 && start <= end && end <= this.length)) throw new TwiinError('RANGE_INVALID')
    for (let at = start; at < end;) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, end - at))
      const { bytesRead } = await this.#file.read(piece, 0, piece.length, at)
      if (bytesRead === 0) throw new TwiinError('FILE_UNREADABLE', { reason: 'cut off' })
      at += bytesRead
      yield piece.subarray(0, bytesRead)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}
