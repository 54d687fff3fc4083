import { readFile } from 'node:fs/promises'
import { codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { StateFile } from './state-file.ts'

/** Two certificates each of a thousand members. */
const mostKept = 2000

/**
 * Fingerprints (SHA-256, hexadecimal) of certificates that this node admitted while it trusted the log: with these it goes
 * on when it does not any more (spec 11 §7). On disk, or a restart would cut the node off from everybody.
 */
export class AdmittedCertificates {
  readonly #file: string
  readonly #log: Logger
  readonly #stateFile: StateFile
  /** Oldest use first. */
  readonly #known = new Set<string>()

  constructor(options: { file: string }, deps: { log: Logger }) {
    this.#file = options.file
    this.#log = deps.log
    this.#stateFile = new StateFile(options.file, () => Buffer.from([...this.#known, ''].join('\n')))
  }

  async load(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(() => '')
    for (const line of text.split('\n')) if (/^[0-9a-f]{64}$/.test(line)) this.#known.add(line)
  }

  has(fingerprint: string): boolean {
    return this.#known.has(fingerprint)
  }

  /** Remembered at once, on disk soon: what is lost by a power cut in between was admitted a moment ago. */
  remember(fingerprint: string): void {
    const isNew = !this.#known.delete(fingerprint)
    this.#known.add(fingerprint)
    if (!isNew) return
    for (const oldest of this.#known) {
      if (this.#known.size <= mostKept) break
      this.#known.delete(oldest)
    }
    this.#stateFile.save().catch((error: unknown) => {
      this.#log.error('admitted certificates not written', { code: codeOf(error) })
    })
  }

  settled(): Promise<void> {
    return this.#stateFile.settled()
  }
}
