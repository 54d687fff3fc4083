import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { TwiinError } from '@twiin/runtime'
import { Compile } from 'typebox/compile'
import { Act } from './acts.ts'
import type { Recorded } from './acts.ts'
import { DurableLines } from './durable-lines.ts'

const shape = Compile(Act)
const newline = 0x0a
const firstPrevious = '0'.repeat(64)

/** The append-only ledger: JSON lines, each with the SHA-256 of the line before it. */
export class Ledger {
  readonly #file: DurableLines
  #next: number
  #head: string

  private constructor(file: DurableLines, next: number, head: string) {
    this.#file = file
    this.#next = next
    this.#head = head
  }

  /**
   * Hands every act to `take`, in order, while it reads.
   * @throws TwiinError LEDGER_BROKEN with the number of the first line that does not follow from the one before.
   */
  static async open(path: string, take: (act: Recorded) => void): Promise<Ledger> {
    const file = await DurableLines.open(path)
    let [next, head] = [1, firstPrevious]
    try {
      for await (const line of linesOf(path)) {
        const act = readLine(line, next, head)
        if (act === undefined) throw new TwiinError('LEDGER_BROKEN', { line: next })
        take(act)
        head = sha256(line)
        next++
      }
    } catch (error) {
      await file.close()
      throw error
    }
    return new Ledger(file, next, head)
  }

  /** SHA-256 of the last line. */
  get head(): string {
    return this.#head
  }

  get failed(): boolean {
    return this.#file.failed
  }

  /**
   * Durable when it resolves. Callers take turns.
   * @throws TwiinError ACT_INVALID for an act that could not be read back; nothing was written.
   */
  async append(act: Recorded): Promise<void> {
    const line = JSON.stringify({ seq: this.#next, prev: this.#head, ...act })
    // One such line would keep the registry from ever starting again.
    if (readLine(line, this.#next, this.#head) === undefined)
      throw new TwiinError('ACT_INVALID', { act: act.act })
    await this.#file.append(line)
    this.#next++
    this.#head = sha256(line)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** The whole ledger may be larger than memory. Only 0x0a ends a line: JSON leaves U+2028 as it is. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)])
      rest = []
      start = end + 1
    }
    rest.push(chunk.subarray(start))
  }
}

function readLine(line: Buffer | string, expectedSeq: number, expectedPrev: string): Recorded | undefined {
  try {
    const { seq, prev, at, ...act } = JSON.parse(line.toString()) as Record<string, unknown>
    if (seq !== expectedSeq || prev !== expectedPrev || typeof at !== 'number' || !shape.Check(act))
      return undefined
    return { at, ...act }
  } catch {
    return undefined
  }
}

function sha256(text: Buffer | string): string {
  return createHash('sha256').update(text).digest('hex')
}
