import { TwiinError } from '@twiin/runtime'
import { ElementWalker } from './element-walker.ts'
import type { ElementSink } from './element-walker.ts'
import type { ElementHeader, Encoding } from './element-header.ts'
import { unreadable } from './unreadable.ts'
import type { Element } from './element-spans.ts'
import { inflate } from './inflate.ts'
import { HeadText } from './head-text.ts'
import type { InstanceHead } from './instance-head.ts'
import { describeTag, tags } from './tags.ts'
import { describeTransferSyntax } from './transfer-syntax.ts'

/** No head needs more; a deflated one must not make us inflate more either. */
export const headBytesLimit = 4 * 1024 * 1024

const wanted: ReadonlySet<number> = new Set([
  tags.specificCharacterSet,
  tags.sopClassUid,
  tags.sopInstanceUid,
  tags.studyDate,
  tags.studyTime,
  tags.accessionNumber,
  tags.seriesDate,
  tags.seriesTime,
  tags.modality,
  tags.institutionName,
  tags.institutionalDepartmentName,
  tags.referringPhysicianName,
  tags.studyDescription,
  tags.seriesDescription,
  tags.patientName,
  tags.patientId,
  tags.issuerOfPatientId,
  tags.issuerOfPatientIdQualifiersSequence,
  tags.patientBirthDate,
  tags.patientSex,
  tags.otherPatientIds,
  tags.otherPatientIdsSequence,
  tags.bodyPartExamined,
  tags.studyInstanceUid,
  tags.seriesInstanceUid,
  tags.studyId,
  tags.seriesNumber,
  tags.instanceNumber,
  tags.numberOfFrames,
  tags.rows,
  tags.columns,
])

/** Who asked for it, and how urgently: far into a data set, so only for who wants to know. */
const wantedOfRequest: ReadonlySet<number> = new Set([
  ...wanted,
  tags.referringPhysicianIdentificationSequence,
  tags.studyPriorityId,
  tags.requestingService,
  tags.requestAttributesSequence,
  tags.requestedProcedurePriority,
])

/**
 * Reads the head from the first bytes of a data set. Throws `DICOM_HEAD_TOO_SHORT` when more bytes may help and
 * `DICOM_UNREADABLE` when they cannot. Linear in `head`; to be run in a worker all the same.
 */
export async function readInstanceHead(input: {
  transferSyntaxUid: string
  head: Uint8Array
  complete: boolean
  /** Also what is known of the request. */
  request?: boolean
}): Promise<InstanceHead> {
  const { elements, encoding } = await collectElements(
    input,
    input.request === true ? wantedOfRequest : wanted,
  )
  return new HeadText(elements, encoding).head()
}

/** The elements `wanted` of the first bytes of a data set. Throws as `readInstanceHead`. */
export async function collectElements(
  input: { transferSyntaxUid: string; head: Uint8Array; complete: boolean },
  wanted: ReadonlySet<number>,
): Promise<{ elements: Map<number, Element>; bytes: Buffer; encoding: Encoding }> {
  const syntax = describeTransferSyntax(input.transferSyntaxUid)
  if (syntax === undefined) throw unreadable('unknown transfer syntax')
  const collector = new HeadCollector(wanted)
  const walker = new ElementWalker(syntax, collector)
  const limits = { maxBytes: headBytesLimit, allowTruncated: !input.complete }
  for await (const bytes of syntax.deflated ? inflate([input.head], limits) : [input.head]) {
    walker.push(bytes)
    if (walker.stopped || walker.broken !== undefined) break
  }
  if (walker.broken !== undefined) throw unreadable(walker.broken)
  if (!walker.stopped) {
    if (!input.complete && input.head.length >= headBytesLimit) throw unreadable('the head is too long')
    if (!input.complete) throw new TwiinError('DICOM_HEAD_TOO_SHORT', { bytes: input.head.length })
    if (!walker.atBoundary) throw unreadable('the data set is cut off')
  }
  return { elements: collector.elements(), bytes: collector.bytesOfAll(), encoding: syntax }
}

/** Keeps the pieces of the wanted elements, up to the last of them. */
class HeadCollector implements ElementSink {
  readonly #wanted: ReadonlySet<number>
  readonly #last: number
  readonly #pieces = new Map<number, { header: ElementHeader; pieces: Uint8Array[] }>()
  #current: Uint8Array[] | undefined
  #highest = -1

  constructor(wanted: ReadonlySet<number>) {
    this.#wanted = wanted
    this.#last = Math.max(...wanted)
  }

  begin(header: ElementHeader): 'stop' | undefined {
    if (header.tag > this.#last) return 'stop'
    this.#current = undefined
    if (this.#wanted.has(header.tag)) {
      // Two patient IDs, or one where readers do not look: whoever files this may see another patient than we do.
      if (header.tag <= this.#highest)
        throw unreadable(`${describeTag(header.tag)} is repeated or out of order`)
      this.#current = []
      this.#pieces.set(header.tag, { header, pieces: this.#current })
    }
    this.#highest = Math.max(this.#highest, header.tag)
    return undefined
  }

  bytes(piece: Uint8Array): void {
    this.#current?.push(piece)
  }

  end(): void {
    this.#current = undefined
  }

  /** The wanted elements one behind the other: a data set of them alone. */
  bytesOfAll(): Buffer {
    return Buffer.concat([...this.#pieces.values()].flatMap(({ pieces }) => pieces))
  }

  elements(): Map<number, Element> {
    const elements = new Map<number, Element>()
    for (const [tag, { header, pieces }] of this.#pieces) {
      elements.set(tag, { header, value: Buffer.concat(pieces).subarray(header.headerBytes) })
    }
    return elements
  }
}
