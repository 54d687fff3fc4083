import { openAssociation, storageCommitmentPush, transferSyntax } from '@twiin/dimse'
import type { CommitmentResult } from '@twiin/dimse'
import { TwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { Pacs } from '../deliver/pacs.ts'

/**
 * Tells a result on an association of its own, on which we are SCP by role selection (PS3.4 J.3.3). Resolves when the
 * peer heard it. Throws `COMMITMENT_NOT_TAKEN` and the codes of packages/dimse.
 */
export async function reportCommitment(
  result: CommitmentResult,
  { host, port, aeTitle, callingAeTitle, tls }: Pacs,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const context = {
    abstractSyntax: storageCommitmentPush,
    transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
    role: 'scp' as const,
  }
  await using association = await openAssociation(
    {
      ...{ host, port, callingAe: callingAeTitle, calledAe: aeTitle, contexts: [context], signal },
      ...(tls && { tls: tls() }),
    },
    { log },
  )
  const abort = () => association.abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    const { status } = await association.reportCommitment(result)
    if (status !== 0) throw new TwiinError('COMMITMENT_NOT_TAKEN', { status })
    await association.release()
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
