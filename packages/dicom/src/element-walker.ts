import { contentEncoding, maxDepth, maxHeaderBytes, readHeader, undefinedLength } from './element-header.ts'
import type { ElementHeader, Encoding } from './element-header.ts'
import { describeTag, tags } from './tags.ts'

/** Receives the top-level elements of a data set in the order and pieces in which they arrive. */
export interface ElementSink {
  /** An element starts at `offset`. Answer `stop` to end the walk before it. */
  begin(header: ElementHeader, offset: number): 'stop' | undefined
  /** The next bytes of the current element, its header included; together they are exactly its bytes. */
  bytes(piece: Uint8Array): void
  end(): void
}

/** An open element or item of undefined length. */
interface Frame {
  holds: 'elements' | 'items' | 'fragments'
  encoding: Encoding
}

/**
 * Follows the structure of a data set through chunks of any size: defined lengths are skipped, undefined lengths
 * followed to their delimiter, at most 64 levels deep. Holds one header and the stack, whatever the data set's size.
 * Does not throw on any input (a sink may): a data set that makes no sense sets `broken`.
 */
export class ElementWalker {
  /** Why the walk cannot go on. */
  broken: string | undefined
  /** The sink has seen enough. */
  stopped = false
  /** Elements, items and delimiters so far, at all levels. */
  headers = 0
  readonly #encoding: Encoding
  readonly #sink: ElementSink
  readonly #stack: Frame[] = []
  /** A header of which only the first bytes have come. */
  #partial: Uint8Array = new Uint8Array(0)
  /** Bytes left of the current value or fragment. */
  #left = 0
  #offset = 0
  #chunk: Uint8Array = new Uint8Array(0)
  /** How much of the chunk the sink has had. */
  #passed = 0

  constructor(encoding: Encoding, sink: ElementSink) {
    this.#encoding = encoding
    this.#sink = sink
  }

  /** True when the bytes so far end exactly where an element ends. */
  get atBoundary(): boolean {
    return this.#left === 0 && this.#stack.length === 0 && this.#partial.length === 0
  }

  /** Bytes of the value at hand that are still to come. */
  get missing(): number {
    return this.#left
  }

  push(chunk: Uint8Array): void {
    let at = 0
    this.#chunk = chunk
    this.#passed = 0
    while (at < chunk.length && this.broken === undefined && !this.stopped) {
      at = this.#left > 0 ? this.#skipValue(at) : this.#readHeader(at)
    }
    if (this.broken === undefined && !this.stopped) this.#pass(chunk.length - this.#partial.length)
    this.#chunk = new Uint8Array(0)
  }

  #skipValue(at: number): number {
    const size = Math.min(this.#left, this.#chunk.length - at)
    this.#left -= size
    this.#offset += size
    this.#endIfDone(at + size)
    return at + size
  }

  /** Takes one header; one that is cut by the chunk's end waits in `#partial`. Returns where it ends. */
  #readHeader(at: number): number {
    const chunk = this.#chunk
    const before = this.#partial
    const encoding = this.#stack.at(-1)?.encoding ?? this.#encoding
    const window =
      before.length === 0 ? chunk : joined(before, chunk.subarray(at, at + maxHeaderBytes - before.length))
    const start = before.length === 0 ? at : 0
    const header = readHeader(window, start, encoding)
    if (header === undefined) {
      this.#partial = new Uint8Array(window.subarray(start))
      return chunk.length
    }
    this.#partial = new Uint8Array(0)
    this.headers++
    const end = at + header.headerBytes - before.length
    this.#enter(header, before, end, encoding)
    return end
  }

  #enter(header: ElementHeader, before: Uint8Array, end: number, encoding: Encoding): void {
    const parent = this.#stack.at(-1)
    const isElement = parent === undefined || parent.holds === 'elements'
    if (parent === undefined && !isDelimiter(header.tag)) {
      if (this.#sink.begin(header, this.#offset) === 'stop') {
        this.stopped = true
        return
      }
    }
    this.broken = isElement ? this.#enterElement(header, encoding) : this.#enterItem(header, parent)
    if (this.broken !== undefined) return
    this.#offset += header.headerBytes
    if (before.length > 0) this.#sink.bytes(before)
    this.#endIfDone(end)
  }

  #enterElement(header: ElementHeader, encoding: Encoding): string | undefined {
    if (header.tag === tags.itemDelimitation && this.#stack.length > 0) return this.#leave(header)
    if (isDelimiter(header.tag)) return `misplaced delimiter ${describeTag(header.tag)}`
    if (header.length !== undefinedLength) {
      this.#left = header.length
      return undefined
    }
    const holds = header.vr?.startsWith('O') === true || header.tag === tags.pixelData ? 'fragments' : 'items'
    return this.#open({ holds, encoding: contentEncoding(header, encoding) })
  }

  #enterItem(header: ElementHeader, sequence: Frame): string | undefined {
    if (header.tag === tags.sequenceDelimitation) return this.#leave(header)
    if (header.tag !== tags.item) return `${describeTag(header.tag)} where an item should start`
    if (header.length !== undefinedLength) {
      this.#left = header.length
      return undefined
    }
    if (sequence.holds === 'fragments') return 'fragment of undefined length'
    return this.#open({ holds: 'elements', encoding: sequence.encoding })
  }

  #open(frame: Frame): string | undefined {
    // A level of a sequence takes two frames: the sequence and its item.
    if (this.#stack.length >= 2 * maxDepth) return 'nested too deeply'
    this.#stack.push(frame)
    return undefined
  }

  #leave(delimiter: ElementHeader): string | undefined {
    this.#stack.pop()
    return delimiter.length === 0 ? undefined : 'delimiter with a length'
  }

  #endIfDone(at: number): void {
    if (this.#left > 0 || this.#stack.length > 0) return
    this.#pass(at)
    this.#sink.end()
  }

  /** Hands on what the current element has in this chunk up to `at`, in one piece. */
  #pass(at: number): void {
    if (at > this.#passed) this.#sink.bytes(this.#chunk.subarray(this.#passed, at))
    this.#passed = at
  }
}

function isDelimiter(tag: number): boolean {
  return tag >>> 16 === 0xfffe
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}
