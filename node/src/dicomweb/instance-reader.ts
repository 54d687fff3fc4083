import { FrameIndex, describeTransferSyntax, openDataSet, readImage } from '@twiin/dicom'
import type { DataSetSource, Span } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'

interface Opened extends DataSetSource {
  /** Looked up once; undefined: it holds no image. */
  frames: () => Promise<FrameIndex | undefined>
}

/** Instances whose structure is remembered: a viewer asks for their frames one after the other. */
const mostOpen = 64
/** Deflated ones are in memory as long as they are open. */
const mostDeflated = 2

/** Reads single values and frames of stored instances without reading the rest. */
export class InstanceReader {
  readonly #holdings: Holdings
  readonly #open = new Map<string, { opened: Promise<Opened>; isDeflated: boolean }>()

  constructor(deps: { holdings: Holdings }) {
    this.#holdings = deps.holdings
  }

  /** Throws `DICOM_UNREADABLE`. */
  open(instance: InstanceRecord): Promise<Opened> {
    const known = this.#open.get(instance.blob)
    const entry = known ?? {
      opened: this.#read(instance),
      isDeflated: describeTransferSyntax(instance.transferSyntaxUid)?.deflated === true,
    }
    // The one used last stands last.
    this.#open.delete(instance.blob)
    this.#open.set(instance.blob, entry)
    if (known === undefined) entry.opened.catch(() => this.#open.delete(instance.blob))
    this.#shrink()
    return entry.opened
  }

  /** Throws `NO_IMAGE`, `DICOM_UNREADABLE`. */
  async frames(instance: InstanceRecord): Promise<FrameIndex> {
    const index = await (await this.open(instance)).frames()
    if (index === undefined) throw new TwiinError('NO_IMAGE')
    return index
  }

  /** The bytes of spans behind each other, in pieces. */
  async *bytes(instance: InstanceRecord, spans: readonly Span[]): AsyncGenerator<Uint8Array> {
    const isDeflated = describeTransferSyntax(instance.transferSyntaxUid)?.deflated === true
    for (const span of spans) {
      if (isDeflated) yield await (await this.open(instance)).source.read(span.offset, span.length)
      else yield* this.#holdings.readDataSet(instance, span)
    }
  }

  async #read(instance: InstanceRecord): Promise<Opened> {
    const read = (range: Span) => this.#holdings.readDataSet(instance, range)
    const opened = await openDataSet(instance, { read })
    let frames: Promise<FrameIndex | undefined> | undefined
    const find = async () => {
      const image = await readImage(opened.source, opened.encoding)
      return image && new FrameIndex(image, opened.source)
    }
    return { ...opened, frames: () => (frames ??= find()) }
  }

  #shrink(): void {
    let deflated = [...this.#open.values()].filter(({ isDeflated }) => isDeflated).length
    for (const [blob, { isDeflated }] of this.#open) {
      const isTooMuch = this.#open.size > mostOpen || (isDeflated && deflated > mostDeflated)
      if (!isTooMuch) continue
      this.#open.delete(blob)
      if (isDeflated) deflated--
    }
  }
}
