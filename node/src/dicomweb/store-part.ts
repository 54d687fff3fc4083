import { readPart10Meta } from '@twiin/dicom'
import type { Part10Meta } from '@twiin/dicom'
import type { AssociationInfo, StoreStatus } from '@twiin/dimse'
import { dimseStatus } from '@twiin/dimse'
import { isTwiinError } from '@twiin/runtime'
import type { Intake } from '../intake/intake.ts'

export interface StoredPart {
  /** Absent when the part is no DICOM file. */
  meta?: Part10Meta
  status: StoreStatus
}

/** File meta information is never longer. */
const mostMetaBytes = 64 * 1024

/** One file of a request, through the same checks as what comes by C-STORE; durable when it says success. */
export async function storePart(
  body: AsyncIterable<Buffer>,
  association: AssociationInfo,
  study: { studyInstanceUid?: string },
  intake: Intake,
): Promise<StoredPart> {
  const pieces = body[Symbol.asyncIterator]()
  const start = await fileStart(pieces)
  if (start === undefined) return { status: dimseStatus.cannotUnderstand }
  const { meta, rest } = start
  const sink = await intake.openStore({ association, ...meta }, { ...study, byUser: true })
  if ('refuse' in sink) return { meta, status: sink.refuse }
  try {
    if (rest.length > 0) await sink.write(rest)
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next())
      await sink.write(next.value)
    return { meta, status: await sink.finish() }
  } catch (error) {
    await sink.abort('the request broke off')
    if (isTwiinError(error, 'OUT_OF_RESOURCES')) return { meta, status: dimseStatus.outOfResources }
    throw error
  }
}

/** Preamble and group 2, and what came of the data set with them. */
async function fileStart(
  pieces: AsyncIterator<Buffer>,
): Promise<{ meta: Part10Meta; rest: Buffer } | undefined> {
  let head = Buffer.alloc(0)
  for (;;) {
    const next = await pieces.next()
    const isWhole = next.done === true
    if (next.done !== true) head = Buffer.concat([head, next.value])
    // The group may go on in what has not come yet.
    if (!isWhole && head.length < mostMetaBytes) continue
    try {
      const { dataSetOffset, ...meta } = readPart10Meta(head)
      return { meta, rest: head.subarray(dataSetOffset) }
    } catch {
      return undefined
    }
  }
}
