import { commitmentFailure } from '@twiin/dimse'
import type { CommitmentRequest, CommitmentResult, SopReference } from '@twiin/dimse'
import { codeOf, isTwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { StudyStore } from '@twiin/study-store'

interface Deps {
  studies: Pick<StudyStore, 'instanceByUid' | 'readDataSet'>
  log: Logger
}

/**
 * Of what this node keeps for its hospital: in the catalogue, which is durable, and its bytes there at their full length.
 * A copy that came from another hospital is not what this one stored.
 */
export async function judgeReferences(
  { transactionUid, references }: CommitmentRequest,
  signal: AbortSignal,
  deps: Deps,
): Promise<CommitmentResult> {
  const committed: SopReference[] = []
  const failed: (SopReference & { reason: number })[] = []
  for (const reference of references) {
    signal.throwIfAborted()
    const reason = await reasonAgainst(reference, deps)
    if (reason === undefined) committed.push(reference)
    else failed.push({ ...reference, reason })
  }
  return { transactionUid, committed, failed }
}

async function reasonAgainst(
  { sopClassUid, sopInstanceUid }: SopReference,
  { studies, log }: Deps,
): Promise<number | undefined> {
  try {
    const instance = await studies.instanceByUid(sopInstanceUid)
    if (instance === undefined) return commitmentFailure.noSuchObject
    if (instance.sopClassUid !== sopClassUid) return commitmentFailure.classInstanceConflict
    // Opening it tells that it is there and whole in length; the first byte, that it can be read.
    for await (const _ of studies.readDataSet(instance, { offset: 0, length: Math.min(1, instance.size) }));
    return undefined
  } catch (error) {
    log.error('instance in the catalogue is not readable', { code: codeOf(error) })
    return isTwiinError(error, 'BLOB_MISSING')
      ? commitmentFailure.noSuchObject
      : commitmentFailure.processingFailure
  }
}
