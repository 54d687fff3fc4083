import { setImmediate as nextTurn } from 'node:timers/promises'
import { TwiinError } from '@twiin/runtime'
import type { ByteSource } from './byte-source.ts'
import { readHeader } from './element-header.ts'
import type { Encoding } from './element-header.ts'
import type { Image } from './image-description.ts'
import type { Span } from './span.ts'
import { tags } from './tags.ts'
import { unreadable } from './unreadable.ts'

const encoding: Encoding = { explicit: true, littleEndian: true }
/** More fragments than any object we know; bounds what finding frames costs. */
const maxFragments = 500_000
const fragmentsPerTurn = 2000
const itemBytes = 8

/**
 * The frames of compressed pixel data (PS3.5 A.4): by the Extended Offset Table or the Basic Offset Table where it is
 * right, else by a scan of the fragments. A table that does not agree with the fragments counts for nothing.
 */
export class EncapsulatedFrames {
  readonly #image: Image
  readonly #source: ByteSource
  readonly #start: number
  readonly #end: number
  readonly #frames: number
  #table: Promise<{ first: number; offsets: readonly number[] | undefined }> | undefined
  #scanned: Promise<readonly (readonly Span[])[]> | undefined

  constructor(image: Image, source: ByteSource) {
    this.#image = image
    this.#source = source
    this.#start = image.pixels.element.offset
    this.#end = this.#start + image.pixels.element.length
    this.#frames = image.description.numberOfFrames
  }

  async frame(number: number): Promise<readonly Span[]> {
    if (number > this.#frames) throw new TwiinError('FRAME_UNKNOWN')
    const spans = (await this.#byExtendedTable(number)) ?? (await this.#byBasicTable(number))
    if (spans !== undefined) return spans
    const scanned = (await this.#scan())[number - 1]
    if (scanned === undefined) throw new TwiinError('FRAME_UNKNOWN')
    return scanned
  }

  /** PS3.3 C.7.6.3.1.8: every frame is one fragment, and its exact length is stated. */
  async #byExtendedTable(number: number): Promise<Span[] | undefined> {
    const table = this.#image.extendedOffsets
    const at = (number - 1) * 8
    if (table === undefined || table.offsets.length < at + 8 || table.lengths.length < at + 8)
      return undefined
    const { first } = await this.#basicTable()
    const offset = first + (await this.#long(table.offsets.offset + at))
    const length = await this.#long(table.lengths.offset + at)
    const fragment = await this.#item(offset)
    if (fragment === undefined || length > fragment.length || length === 0) return undefined
    return [{ offset: fragment.offset, length }]
  }

  async #byBasicTable(number: number): Promise<Span[] | undefined> {
    const { first, offsets } = await this.#basicTable()
    const from = offsets?.[number - 1]
    if (offsets === undefined || from === undefined || offsets.length !== this.#frames) return undefined
    const next = offsets[number]
    const end = next === undefined ? undefined : first + next
    const spans: Span[] = []
    for (let at = first + from; ;) {
      const item = await this.#item(at)
      // The last frame ends where the fragments do; any other where the next one begins.
      if (item === undefined)
        return end === undefined && spans.length > 0 && (await this.#isEnd(at)) ? spans : undefined
      spans.push(item)
      at = item.offset + item.length
      if (at === end) return spans
      if (spans.length > maxFragments || (end !== undefined && at > end)) return undefined
      if (spans.length % fragmentsPerTurn === 0) await nextTurn()
    }
  }

  /** Where the first fragment starts, and the offsets of the frames from there when the table has any. */
  #basicTable(): Promise<{ first: number; offsets: readonly number[] | undefined }> {
    return (this.#table ??= this.#readBasicTable())
  }

  async #readBasicTable(): Promise<{ first: number; offsets: readonly number[] | undefined }> {
    const table = await this.#item(this.#start)
    if (table === undefined) throw unreadable('compressed pixel data without its first item')
    const first = table.offset + table.length
    const isTable = table.length > 0 && table.length % 4 === 0 && table.length <= 4 * maxFragments
    if (!isTable) return { first, offsets: undefined }
    const bytes = Buffer.from(await this.#source.read(table.offset, table.length))
    const offsets = Array.from({ length: table.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4))
    const isAscending = offsets.every((offset, i) => i === 0 || offset > (offsets[i - 1] ?? 0))
    return { first, offsets: isAscending ? offsets : undefined }
  }

  #scan(): Promise<readonly (readonly Span[])[]> {
    return (this.#scanned ??= this.#scanFragments())
  }

  /** Without a table (PS3.5 A.4): one frame has all fragments, as many frames as fragments have one each. */
  async #scanFragments(): Promise<readonly (readonly Span[])[]> {
    const { first } = await this.#basicTable()
    const fragments: Span[] = []
    for (let at = first; ;) {
      const item = await this.#item(at)
      if (item === undefined) {
        if (!(await this.#isEnd(at))) throw unreadable('fragments that make no sense')
        break
      }
      if (fragments.push(item) > maxFragments) throw unreadable('too many fragments')
      at = item.offset + item.length
      if (fragments.length % fragmentsPerTurn === 0) await nextTurn()
    }
    if (this.#frames === 1) return fragments.length === 0 ? [] : [fragments]
    if (fragments.length <= this.#frames) return fragments.map((fragment) => [fragment])
    return this.#byImageStart(fragments)
  }

  /** More fragments than frames: a frame begins where a picture of its format begins (T.81 SOI, T.800 SOC). */
  async #byImageStart(fragments: readonly Span[]): Promise<readonly (readonly Span[])[]> {
    const frames: Span[][] = []
    for (const [i, fragment] of fragments.entries()) {
      const [a, b, c] = await this.#source.read(fragment.offset, 3)
      const begins = a === 0xff && c === 0xff && (b === 0xd8 || b === 0x4f)
      if (begins) frames.push([fragment])
      else if (frames.length === 0) throw unreadable('frames that cannot be told apart')
      else frames.at(-1)?.push(fragment)
      if (i % fragmentsPerTurn === 0) await nextTurn()
    }
    if (frames.length !== this.#frames) throw unreadable('frames that cannot be told apart')
    return frames
  }

  /** The fragment whose item starts at `at`; undefined when none does. */
  async #item(at: number): Promise<Span | undefined> {
    if (at < this.#start || at + itemBytes > this.#end) return undefined
    const header = readHeader(await this.#source.read(at, itemBytes), 0, encoding)
    const offset = at + itemBytes
    if (header?.tag !== tags.item || offset + header.length > this.#end) return undefined
    return { offset, length: header.length }
  }

  async #isEnd(at: number): Promise<boolean> {
    if (at === this.#end) return true
    const header = readHeader(await this.#source.read(at, itemBytes), 0, encoding)
    return header?.tag === tags.sequenceDelimitation
  }

  async #long(offset: number): Promise<number> {
    const value = Buffer.from(await this.#source.read(offset, 8)).readBigUInt64LE()
    // Past the end of anything: no item stands there.
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value)
  }
}
