import type { SubOperations } from '../retrieval.ts'
import type { Response } from '../messages/response-queue.ts'
import { isUid } from '../uids.ts'
import { atOnce } from './in-turns.ts'
import { encodingOf, readElements } from './small-data-set.ts'

const failedSopInstanceUidList = 0x00080058

/** Reads the counters of a C-MOVE or C-GET response, and the list in the last one as far as it can be read. */
export function progressOf(transferSyntaxUid: string): (response: Response) => SubOperations {
  return ({ command, dataSet }) => {
    const failedSopInstanceUids = dataSet === undefined ? [] : listOf(dataSet, transferSyntaxUid)
    return {
      remaining: command.remainingSubOperations ?? 0,
      completed: command.completedSubOperations ?? 0,
      failed: command.failedSubOperations ?? 0,
      warning: command.warningSubOperations ?? 0,
      ...(failedSopInstanceUids.length > 0 && { failedSopInstanceUids }),
    }
  }
}

function listOf(dataSet: Buffer, transferSyntaxUid: string): string[] {
  const encoding = encodingOf(transferSyntaxUid)
  if (encoding === undefined) return []
  try {
    const list = atOnce(readElements(dataSet, encoding, () => false)).find(
      ({ tag }) => tag === failedSopInstanceUidList,
    )
    const text = list?.value.toString('latin1').replace(/[ \0]+$/, '') ?? ''
    return text.split('\\').filter(isUid)
  } catch {
    return [] // the counters tell that some failed
  }
}
