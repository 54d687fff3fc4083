import { parseCharacterSets } from './character-set.ts'
import { encodeElement, encodeUint32 } from './element-encoding.ts'
import type { ElementHeader, Encoding } from './element-header.ts'
import type { ElementSink } from './element-walker.ts'
import { appendItem, encodeModification } from './original-attributes.ts'
import { planEdits } from './overlay-edits.ts'
import type { Edit, EgressOverlay } from './overlay-edits.ts'
import { describeTag, tags } from './tags.ts'
import { unreadable } from './unreadable.ts'

/** The most that is kept in memory: the attributes concerned, and what stands between them and their group length. */
export const maxHeldBytes = 4 * 1024 * 1024

/** An element that is kept until it is whole. */
interface Held {
  header: ElementHeader
  pieces: Uint8Array[]
}

/** A group with a length element (retired, PS3.5 §7.2): kept until the last edit in it, then written with its new length. */
interface HeldGroup {
  lengthTag: number
  change: number
  pieces: Uint8Array[]
}

/**
 * Passes elements on and swaps the overlay's in, at their place in tag order. What comes out is collected by `take`.
 * Throws `DICOM_UNREADABLE` when an attribute of the overlay is repeated or out of order: which one a receiver
 * would believe is not ours to guess.
 */
export class OverlaySplice implements ElementSink {
  readonly #overlay: EgressOverlay
  readonly #encoding: Encoding
  /** What is still ahead, in tag order. */
  readonly #ahead: Edit[]
  readonly #edited: ReadonlySet<number>
  readonly #originals: Uint8Array[] = []
  #recorded = false
  #characterSets: readonly string[] = ['']
  #held: Held | undefined
  #group: HeldGroup | undefined
  #heldBytes = 0
  #out: Uint8Array[] = []

  constructor(overlay: EgressOverlay, encoding: Encoding) {
    this.#overlay = overlay
    this.#encoding = encoding
    this.#ahead = planEdits(overlay, encoding)
    this.#edited = new Set(this.#ahead.map(({ tag }) => tag))
  }

  /** Every edit has met its attribute or its absence. */
  get decided(): boolean {
    return this.#ahead.length === 0
  }

  /** Something differs from the original. */
  get changed(): boolean {
    return this.#originals.length > 0
  }

  /** What has come out since the last time. */
  take(): Uint8Array[] {
    return this.#out.splice(0)
  }

  begin(header: ElementHeader): undefined {
    const { tag } = header
    this.#passAbsent(tag)
    const isNext = this.#ahead[0]?.tag === tag
    if ((this.#edited.has(tag) && !isNext) || (tag === tags.originalAttributesSequence && this.#recorded)) {
      throw unreadable(`${describeTag(tag)} is repeated or out of order`)
    }
    const isGroupLength = (tag & 0xffff) === 0 && header.length === 4 && this.#hasWorkIn(tag)
    const isTrail = tag === tags.originalAttributesSequence && this.changed
    if (isNext || isTrail || isGroupLength || tag === tags.specificCharacterSet)
      this.#held = { header, pieces: [] }
    return undefined
  }

  bytes(piece: Uint8Array): void {
    if (this.#held === undefined) this.#emit(piece)
    else this.#held.pieces.push(this.#keep(piece))
  }

  end(): void {
    const held = this.#held
    if (held === undefined) return
    this.#held = undefined
    const raw = Buffer.concat(held.pieces)
    if (held.header.tag === tags.originalAttributesSequence) return this.#record({ header: held.header, raw })
    if (this.#ahead[0]?.tag === held.header.tag)
      return this.#apply(this.#ahead.shift(), { header: held.header, raw })
    if (held.header.tag === tags.specificCharacterSet) {
      this.#characterSets = parseCharacterSets(raw.subarray(held.header.headerBytes))
    }
    if ((held.header.tag & 0xffff) === 0)
      this.#group = { lengthTag: held.header.tag, change: 0, pieces: [raw] }
    else this.#emit(raw)
  }

  /** The data set is at its end: whatever is still to be inserted comes now. */
  finish(): void {
    this.#passAbsent(Infinity)
  }

  /** The walk reaches `tag`: everything that should have stood before it is absent. */
  #passAbsent(tag: number): void {
    while (this.#ahead[0] !== undefined && this.#ahead[0].tag < tag)
      this.#apply(this.#ahead.shift(), undefined)
    if (tag > tags.originalAttributesSequence && this.changed && !this.#recorded) this.#record(undefined)
    if (this.#group !== undefined && !this.#hasWorkIn(this.#group.lengthTag, tag))
      this.#releaseGroup(this.#group)
  }

  /** True while an edit, or the trail of edits, may still come in the group of `groupTag` at or after `from`. */
  #hasWorkIn(groupTag: number, from = 0): boolean {
    const inGroup = (tag: number) => tag >>> 16 === groupTag >>> 16
    const trailAhead = !this.#recorded && this.changed && from <= tags.originalAttributesSequence
    return (
      this.#ahead.some(({ tag }) => inGroup(tag)) || (trailAhead && inGroup(tags.originalAttributesSequence))
    )
  }

  #apply(edit: Edit | undefined, original: { header: ElementHeader; raw: Buffer } | undefined): void {
    if (edit === undefined) return
    const element = original && {
      header: original.header,
      value: original.raw.subarray(original.header.headerBytes),
    }
    if (edit.isSatisfiedBy(element)) {
      if (original !== undefined) this.#emit(original.raw)
      return
    }
    this.#originals.push(original?.raw ?? encodeElement(edit.tag, edit.vr, '', this.#encoding))
    this.#swap(original?.raw, edit.wanted)
  }

  #record(existing: { header: ElementHeader; raw: Buffer } | undefined): void {
    this.#recorded = true
    const item = encodeModification(this.#overlay, this.#originals, this.#characterSets, this.#encoding)
    this.#swap(existing?.raw, appendItem(item, existing, this.#encoding))
  }

  #swap(old: Uint8Array | undefined, replacement: Uint8Array | undefined): void {
    if (this.#group !== undefined) this.#group.change += (replacement?.length ?? 0) - (old?.length ?? 0)
    if (replacement !== undefined) this.#emit(replacement)
  }

  #emit(piece: Uint8Array): void {
    if (this.#group === undefined) this.#out.push(piece)
    else this.#group.pieces.push(this.#keep(piece))
  }

  #releaseGroup(group: HeldGroup): void {
    this.#group = undefined
    const [length, ...rest] = group.pieces
    if (length === undefined) return
    this.#out.push(group.change === 0 ? length : this.#relengthened(group, length), ...rest)
  }

  #relengthened(group: HeldGroup, raw: Uint8Array): Uint8Array {
    const value = new DataView(raw.buffer, raw.byteOffset + raw.length - 4, 4).getUint32(
      0,
      this.#encoding.littleEndian,
    )
    return encodeUint32(group.lengthTag, (value + group.change) >>> 0, this.#encoding)
  }

  /** A copy, for the source may use its buffer again. */
  #keep(piece: Uint8Array): Uint8Array {
    this.#heldBytes += piece.length
    if (this.#heldBytes > maxHeldBytes) throw unreadable('the attributes to change are too large')
    return new Uint8Array(piece)
  }
}
