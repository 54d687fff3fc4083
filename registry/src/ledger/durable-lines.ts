import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '@twiin/store'
import { TwiinError } from '@twiin/runtime'

/**
 * A file that only grows, line by line; a line is on disk when `append` resolves. Lines that arrive while others are
 * being synced share the next fsync. After one failed write nothing more is accepted: what a failed fsync left on the
 * disk is unknown until the file is read again.
 */
export class DurableLines {
  readonly #file: FileHandle
  #waiting: { line: string; resolve: () => void; reject: (error: unknown) => void }[] = []
  #writing: Promise<void> | undefined
  #broken: unknown

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** Opens or makes the file, and returns the complete lines in it. A last line without its end was never promised: it is cut off. */
  static async open(path: string): Promise<{ file: DurableLines; lines: string[] }> {
    const handle = await open(path, 'a+', 0o600)
    const bytes = await handle.readFile()
    const end = bytes.lastIndexOf(0x0a) + 1
    if (end < bytes.length) {
      await handle.truncate(end)
      await handle.sync()
    }
    await syncFolder(dirname(path))
    const lines = end === 0 ? [] : bytes.toString('utf8', 0, end - 1).split('\n')
    return { file: new DurableLines(handle), lines }
  }

  get failed(): boolean {
    return this.#broken !== undefined
  }

  append(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject })
      this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
    })
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
  }

  async #write(): Promise<void> {
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
  }
}
