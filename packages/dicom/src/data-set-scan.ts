import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { isTwiinError } from '@twiin/runtime'
import type { ElementHeader } from './element-header.ts'
import { ElementWalker } from './element-walker.ts'
import { inflate, maxDeflatedElements } from './inflate.ts'
import { tags } from './tags.ts'
import { describeTransferSyntax } from './transfer-syntax.ts'
import { unreadable } from './unreadable.ts'

export interface ScanResult {
  /** The data set ends where its last element ends. */
  complete: boolean
  /** Why not. Never a value of an element. */
  reason?: string
  /** Offset of the Pixel Data element in the (inflated) data set. */
  pixelDataOffset?: number
}

/** Millions of empty items are walked in turns; what is pixel data costs nothing. */
const bytesAtOnce = 64 * 1024
const headersAtOnce = 4096

const pixelDataTags: ReadonlySet<number> = new Set([0x7fe0_0008, 0x7fe0_0009, tags.pixelData])

/**
 * Walks a data set as it comes in, to know at its end whether it is whole. Memory does not grow with the data set;
 * pixel data is skipped by length. Never throws on hostile input: the verdict stands in `end()`.
 */
export class DataSetScan {
  readonly #walker: ElementWalker
  readonly #inflating: Inflating | undefined
  #refusal: string | undefined
  #empty = true
  #pixelDataOffset: number | undefined
  /** Headers when others last had their turn. */
  #walkedBefore = 0

  constructor(options: { transferSyntaxUid: string; maxInflatedBytes?: number }) {
    const syntax = describeTransferSyntax(options.transferSyntaxUid)
    if (syntax === undefined) this.#refusal = 'unknown transfer syntax'
    this.#walker = new ElementWalker(syntax ?? { explicit: true, littleEndian: true }, {
      begin: (header, offset) => this.#begin(header, offset),
      bytes: () => {},
      end: () => {},
    })
    if (syntax?.deflated === true) {
      this.#inflating = new Inflating(options.maxInflatedBytes, (bytes) => this.#walkInflated(bytes))
    }
  }

  /** Await it, before anything else is pushed: a deflated data set is inflated on the way, and much work is done in turns. */
  push(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#refusal !== undefined) return undefined
    if (this.#inflating !== undefined) return this.#inflating.push(chunk)
    return this.#walk(chunk)
  }

  #walk(chunk: Uint8Array): Promise<void> | undefined {
    for (let at = 0; at < chunk.length; at += bytesAtOnce) {
      this.#walker.push(chunk.subarray(at, at + bytesAtOnce))
      if (this.#walker.headers - this.#walkedBefore < headersAtOnce) continue
      this.#walkedBefore = this.#walker.headers
      const rest = chunk.subarray(at + bytesAtOnce)
      return setImmediate().then(() => this.#walk(rest))
    }
    return undefined
  }

  async end(): Promise<ScanResult> {
    this.#refusal ??= await this.#inflating?.end()
    const reason = this.#refusal ?? this.#walker.broken ?? this.#ending()
    return {
      complete: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      ...(this.#pixelDataOffset === undefined ? {} : { pixelDataOffset: this.#pixelDataOffset }),
    }
  }

  #begin(header: ElementHeader, offset: number): undefined {
    this.#empty = false
    if (pixelDataTags.has(header.tag)) this.#pixelDataOffset ??= offset
    return undefined
  }

  /** Throws for what is not worth inflating any further. */
  #walkInflated(bytes: Uint8Array): void {
    this.#walker.push(bytes)
    if (this.#walker.broken !== undefined) throw unreadable(this.#walker.broken)
    if (this.#walker.headers > maxDeflatedElements) throw unreadable('too many elements')
  }

  #ending(): string | undefined {
    if (this.#walker.missing > 0) return `cut off: ${this.#walker.missing} bytes of a value are missing`
    if (!this.#walker.atBoundary) return 'cut off within a header or a sequence'
    return this.#empty ? 'empty' : undefined
  }
}

/** Feeds what comes in, inflated, to `onBytes`, with backpressure. */
class Inflating {
  readonly #input = new PassThrough()
  /** Settles when all is inflated, with the reason when that was impossible. */
  readonly #done: Promise<string | undefined>

  constructor(maxBytes: number | undefined, onBytes: (bytes: Uint8Array) => void) {
    this.#done = this.#run(maxBytes, onBytes)
  }

  async push(chunk: Uint8Array): Promise<void> {
    if (this.#input.destroyed || this.#input.write(chunk)) return
    await Promise.race([once(this.#input, 'drain').catch(() => {}), this.#done])
  }

  end(): Promise<string | undefined> {
    this.#input.end()
    return this.#done
  }

  async #run(
    maxBytes: number | undefined,
    onBytes: (bytes: Uint8Array) => void,
  ): Promise<string | undefined> {
    try {
      for await (const bytes of inflate(this.#input, maxBytes === undefined ? {} : { maxBytes }))
        onBytes(bytes)
      return undefined
    } catch (error) {
      return isTwiinError(error) ? String(error.facts.reason) : 'cannot be inflated'
    } finally {
      this.#input.destroy()
    }
  }
}
