import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import { syncFolder } from '@twiin/store'

const chunkBytes = 64 * 1024
const newline = 0x0a

/**
 * A file that only grows, line by line; a line is on disk when `append` resolves. Lines that arrive while others are
 * being synced share the next fsync. After one failed write nothing more is accepted: what a failed fsync left on the
 * disk is unknown until the file is opened again.
 */
export class DurableLines {
  readonly #file: FileHandle
  #waiting: { line: string; resolve: () => void; reject: (error: unknown) => void }[] = []
  #running = false
  #done: Promise<void> = Promise.resolve()
  #broken: unknown

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** Opens or makes the file. A last line without its end was never promised: it is cut off. */
  static async open(path: string): Promise<DurableLines> {
    const file = await open(path, 'a+', 0o600)
    const { size } = await file.stat()
    const end = await endOfLastLine(file, size)
    if (end < size) {
      await file.truncate(end)
      await file.sync()
    }
    await syncFolder(dirname(path))
    return new DurableLines(file)
  }

  get failed(): boolean {
    return this.#broken !== undefined
  }

  append(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject })
      if (!this.#running) this.#done = this.#run()
    })
  }

  async close(): Promise<void> {
    await this.#done
    await this.#file.close()
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0)
      try {
        if (this.failed) throw new TwiinError('LEDGER_UNWRITABLE', {}, { cause: this.#broken })
        await this.#file.appendFile(group.map(({ line }) => `${line}\n`).join(''))
        await this.#file.sync()
        for (const { resolve } of group) resolve()
      } catch (error) {
        this.#broken ??= error
        for (const { reject } of group) reject(error)
      }
    }
    // In the same step as the last look at who waits, or a line could wait for ever.
    this.#running = false
  }
}

/** Looked for from behind: such a file may be far larger than memory. */
async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(chunkBytes)
  for (let start = size; start > 0;) {
    const from = Math.max(0, start - chunkBytes)
    const { bytesRead } = await file.read(chunk, 0, start - from, from)
    const at = chunk.subarray(0, bytesRead).lastIndexOf(newline)
    if (at !== -1) return from + at + 1
    start = from
  }
  return 0
}
