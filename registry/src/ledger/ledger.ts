import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { TwiinError } from '@twiin/runtime'
import { Compile } from 'typebox/compile'
import { Act } from './acts.ts'
import type { Recorded } from './acts.ts'
import { DurableLines } from './durable-lines.ts'

const shape = Compile(Act)
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

  /** @throws TwiinError LEDGER_BROKEN with the number of the first line that does not follow from the one before. */
  static async open(path: string): Promise<{ ledger: Ledger; acts: Recorded[] }> {
    const file = await DurableLines.open(path)
    const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
    const acts: Recorded[] = []
    let head = firstPrevious
    for (const [i, line] of lines.entries()) {
      const act = readLine(line, i + 1, head)
      if (act === undefined) {
        await file.close()
        throw new TwiinError('LEDGER_BROKEN', { line: i + 1 })
      }
      acts.push(act)
      head = sha256(line)
    }
    return { ledger: new Ledger(file, lines.length + 1, head), acts }
  }

  /** SHA-256 of the last line. */
  get head(): string {
    return this.#head
  }

  get failed(): boolean {
    return this.#file.failed
  }

  /** Durable when it resolves. Callers take turns. */
  async append(act: Recorded): Promise<void> {
    const line = JSON.stringify({ seq: this.#next, prev: this.#head, ...act })
    await this.#file.append(line)
    this.#next++
    this.#head = sha256(line)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

function readLine(line: string, expectedSeq: number, expectedPrev: string): Recorded | undefined {
  try {
    const { seq, prev, at, ...act } = JSON.parse(line) as Record<string, unknown>
    if (seq !== expectedSeq || prev !== expectedPrev || typeof at !== 'number' || !shape.Check(act))
      return undefined
    return { at, ...act }
  } catch {
    return undefined
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
