import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { TwiinError } from '@twiin/runtime'
import { Compile } from 'typebox/compile'
import { Act } from './acts.ts'
import type { Recorded } from './acts.ts'
import { DurableLines } from './durable-lines.ts'

const shape = Compile(Act)
const actNames: ReadonlySet<unknown> = new Set(Act.anyOf.map(({ properties }) => properties.act.const))
/** Of any version: it ends up in messages. */
const actName = /^[a-z][a-z-]{1,31}$/
const newline = 0x0a
const firstPrevious = '0'.repeat(64)

/** Told of every line: the act, its bytes without newline, and its index from 0. */
export type TakeLine = (act: Recorded, line: Uint8Array, index: number) => void

/** The append-only ledger: JSON lines, each with the SHA-256 of the line before it. */
export class Ledger {
  readonly #path: string
  readonly #file: DurableLines
  readonly #take: TakeLine
  /** Where each line begins; the last number is where the next one will. */
  readonly #offsets: number[] = [0]
  #head = firstPrevious

  private constructor(path: string, file: DurableLines, take: TakeLine) {
    this.#path = path
    this.#file = file
    this.#take = take
  }

  /**
   * Hands every line to `take`, in order, while it reads, and later every new one once it is durable.
   * @throws TwiinError LEDGER_BROKEN with the number of the first line that does not follow from the one before; LEDGER_NEWER (LedgerReader).
   */
  static async open(path: string, take: TakeLine): Promise<Ledger> {
    const ledger = new Ledger(path, await DurableLines.open(path), take)
    try {
      await readLedger(path, (act, line) => ledger.#add(act, line))
    } catch (error) {
      await ledger.close()
      throw error
    }
    return ledger
  }

  /** Lines so far. */
  get size(): number {
    return this.#offsets.length - 1
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
    const line = JSON.stringify({ seq: this.size + 1, prev: this.#head, ...act })
    // One such line would keep the registry from ever starting again.
    if (typeof readLine(line, this.size + 1, this.#head) !== 'object')
      throw new TwiinError('ACT_INVALID', { act: act.act })
    await this.#file.append(line)
    this.#add(act, Buffer.from(line))
  }

  /** Lines `start` to `end` (exclusive), without newlines, as they stand on disk. */
  async lines(start: number, end: number): Promise<Uint8Array[]> {
    const [from, to] = [this.#offsets[start], this.#offsets[Math.min(end, this.size)]]
    if (from === undefined || to === undefined || to <= from) return []
    const file = await open(this.#path, 'r')
    try {
      const bytes = Buffer.alloc(to - from)
      await file.read(bytes, 0, bytes.length, from)
      return this.#offsets
        .slice(start, Math.min(end, this.size))
        .map((at, i) => bytes.subarray(at - from, (this.#offsets[start + i + 1] ?? at) - from - 1))
    } finally {
      await file.close()
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  #add(act: Recorded, line: Uint8Array): void {
    const index = this.size
    this.#offsets.push((this.#offsets[index] ?? 0) + line.length + 1)
    this.#head = sha256(line)
    this.#take(act, line, index)
  }
}

/**
 * Reads a ledger file, or a copy of one, without changing it; a last line without its end is not looked at.
 * @throws TwiinError LEDGER_BROKEN with the number of the first line that does not follow from the one before.
 */
async function readLedger(path: string, take: TakeLine): Promise<{ size: number; head: string }> {
  const reader = new LedgerReader()
  for await (const line of readRawLines(path)) take(reader.read(line), line, reader.size - 1)
  return { size: reader.size, head: reader.head }
}

/** Reads lines one after the other, wherever they come from, and holds each against the one before. */
export class LedgerReader {
  /** Lines so far. */
  size = 0
  /** SHA-256 of the last line. */
  head = firstPrevious

  /**
   * @throws TwiinError LEDGER_BROKEN with the line's number, from 1; LEDGER_NEWER with the number and the name of an act that
   * this version does not know: the line follows, and somebody has to install a newer version (spec 11 §2).
   */
  read(line: Uint8Array): Recorded {
    const act = readLine(line, this.size + 1, this.head)
    if (act === undefined) throw new TwiinError('LEDGER_BROKEN', { line: this.size + 1 })
    if (typeof act === 'string') throw new TwiinError('LEDGER_NEWER', { line: this.size + 1, act })
    this.size++
    this.head = sha256(line)
    return act
  }
}

/** Whole lines of a file without their newlines, unjudged. A ledger may be larger than memory. Only 0x0a ends a line: JSON leaves U+2028 as it is. */
export async function* readRawLines(path: string): AsyncGenerator<Buffer> {
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

/** The act; its name, when the line follows and the name is all that is unknown; undefined for any other line. */
function readLine(
  line: Uint8Array | string,
  expectedSeq: number,
  expectedPrev: string,
): Recorded | string | undefined {
  try {
    const text = typeof line === 'string' ? line : Buffer.from(line).toString('utf8')
    const { seq, prev, at, ...act } = JSON.parse(text) as Record<string, unknown>
    if (seq !== expectedSeq || prev !== expectedPrev || typeof at !== 'number') return undefined
    if (shape.Check(act)) return { at, ...act }
    const { act: name } = act as { act?: unknown }
    const isNewName = typeof name === 'string' && actName.test(name) && !actNames.has(name)
    return isNewName ? name : undefined
  } catch {
    return undefined
  }
}

function sha256(text: Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}
