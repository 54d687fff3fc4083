import { readFile } from 'node:fs/promises'
import { codeOf } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { inRounds } from './in-rounds.ts'

/** A small file of which only the newest text matters; texts that arrive during a write share the next. */
export class LatestFile {
  readonly #path: string
  readonly #round: () => Promise<void>
  #text = ''

  constructor(options: { path: string }) {
    this.#path = options.path
    this.#round = inRounds(() => writeFileDurably(this.#path, Buffer.from(this.#text)))
  }

  /** Undefined when there is none. */
  async read(): Promise<string | undefined> {
    try {
      return await readFile(this.#path, 'utf8')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** On disk when it resolves: this text, or a later one. */
  write(text: string): Promise<void> {
    this.#text = text
    return this.#round()
  }
}
