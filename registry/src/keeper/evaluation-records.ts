import { join } from 'node:path'
import { PeerAllowance } from '@twiin/network'
import type { EvaluationRecord } from '@twiin/patient-token'
import type { Clock } from '@twiin/runtime'
import { DurableLines } from '../ledger/durable-lines.ts'

/** Refusals of one peer that get a line each: an honest node has a handful in a day. spec 02 §6 */
const refusals = { burst: 60, perSecond: 1 / 60 }

/**
 * Who asked for how many tokens, when and to what end: a line for each request that was answered, in one file a month, on
 * disk before the answer leaves. Refusals too, until a peer has had its share of lines: further ones are counted, and the
 * next line of that peer says how many (`unrecorded`). No element of a request stands here, only the hash of all.
 */
export class EvaluationRecords {
  readonly #folder: string
  readonly #refusals: PeerAllowance
  /** peer → refusals since its last line. */
  readonly #unrecorded = new Map<string, number>()
  #month = ''
  #file: Promise<DurableLines> | undefined

  constructor(options: { folder: string }, deps: { clock: Pick<Clock, 'now'> }) {
    this.#folder = options.folder
    this.#refusals = new PeerAllowance(refusals, deps)
  }

  /** A refusal that gets no line of its own. */
  countRefusal(peerId: string): void {
    this.#unrecorded.set(peerId, (this.#unrecorded.get(peerId) ?? 0) + 1)
  }

  async write(record: EvaluationRecord): Promise<void> {
    const { peerId, outcome } = record
    if (outcome === 'refused' && !this.#refusals.take(peerId)) return this.countRefusal(peerId)
    const unrecorded = this.#unrecorded.get(peerId)
    this.#unrecorded.delete(peerId)
    const at = new Date(record.at).toISOString()
    const opened = this.#fileOf(at.slice(0, 7))
    try {
      const line = { ...record, at, ...(unrecorded !== undefined && { unrecorded }) }
      await (await opened).append(JSON.stringify(line))
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
