import { headSizes } from '@twiin/dicom'
import type { HeadReader, InstanceHead } from '@twiin/dicom'
import { codeOf } from '@twiin/runtime'
import type { IncomingInstance } from '@twiin/study-store'

/** The head of what came in: most fit in 64 KiB, ever more is read for those that do not. Throws `DICOM_UNREADABLE`. */
export async function readHead(
  transferSyntaxUid: string,
  incoming: Pick<IncomingInstance, 'head' | 'size'>,
  heads: HeadReader,
): Promise<InstanceHead> {
  for (const size of headSizes) {
    const head = await incoming.head(size)
    const complete = head.byteLength === incoming.size
    try {
      return await heads.read({ transferSyntaxUid, head, complete })
    } catch (error) {
      if (codeOf(error) !== 'DICOM_HEAD_TOO_SHORT' || complete || size === headSizes.at(-1)) throw error
    }
  }
  throw new Error('unreachable: the last size throws')
}
