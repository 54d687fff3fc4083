import { join } from 'node:path'
import type { EvaluationRecord } from '@twiin/patient-token'
import { DurableLines } from '../ledger/durable-lines.ts'

/**
 * Who asked for how many tokens, when and to what end: a line for each request, answered or refused, in one file a
 * month. On disk before the answer leaves. No element of a request stands here, only the hash of all.
 */
export class EvaluationRecords {
  readonly #folder: string
  #month = ''
  #file: Promise<DurableLines> | undefined

  constructor(options: { folder: string }) {
    this.#folder = options.folder
  }

  async write(record: EvaluationRecord): Promise<void> {
    const at = new Date(record.at).toISOString()
    const opened = this.#fileOf(at.slice(0, 7))
    try {
      await (await opened).append(JSON.stringify({ ...record, at }))
    } catch (error) {
      // Opened again by the next request: a disk that was full may have room then.
      if (this.#file === opened) this.#file = undefined
      void opened.then((file) => file.close()).catch(() => {})
      throw error
    }
  }

  async close(): Promise<void> {
    await (await this.#file)?.close()
  }

  #fileOf(month: string): Promise<DurableLines> {
    if (this.#file !== undefined && this.#month === month) return this.#file
    const before = this.#file
    this.#month = month
    this.#file = (async () => {
      await (await before)?.close()
      return DurableLines.open(join(this.#folder, `evaluations-${month}.jsonl`))
    })()
    return this.#file
  }
}
