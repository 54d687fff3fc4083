import { TwiinError, codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import type { Person } from '../people/people-file.ts'
import type { FetchStudy } from '../retrieve/fetch-study.ts'
import type { Retrievals } from '../retrieve/retrievals.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { TransferDesk } from '../transfers/transfer-desk.ts'
import { isWaiting } from '../transfers/transfer-record.ts'
import type { Retrieval } from '../transfers/transfer-record.ts'

interface Deps {
  retrievals: Pick<Retrievals, 'request'>
  fetcher: Pick<FetchStudy, 'brought'>
  book: Pick<TransferBook, 'get' | 'onWork'>
  desk: Pick<TransferDesk, 'cancel'>
  log: Logger
}

/**
 * Brings a study of another hospital here to be shared (spec 25 §7): resolves to what its holder's manifest names, verified.
 * Throws what the holder said (`SHARING_NOT_PERMITTED`, `CONSENT_MISSING`, …), and the signal's reason, when nothing more is
 * brought.
 */
export async function bringStudy(
  of: { searchId: string; studyInstanceUid: string; holder: string },
  person: Person,
  signal: AbortSignal,
  deps: Deps,
): Promise<InstanceRecord[]> {
  const { retrievals, fetcher, desk, log } = deps
  const id = await retrievals.request({ ...of, destination: 'viewer', use: 'share' }, person)
  let over: Retrieval
  try {
    over = await untilOver(id, signal, deps)
  } catch (error) {
    await desk
      .cancel(id, person)
      .catch((cause: unknown) => log.info('retrieval not cancelled', { transfer: id, code: codeOf(cause) }))
    throw error
  }
  if (over.state !== 'delivered') throw new TwiinError(over.reason ?? 'UNEXPECTED')
  const { studyInstanceUid, counterparty } = over
  return (await fetcher.brought({ transferId: id, studyInstanceUid, holder: counterparty })).instances
}

async function untilOver(id: string, signal: AbortSignal, { book }: Deps): Promise<Retrieval> {
  for (;;) {
    // Listened to before it is looked at, so that nothing falls in between.
    const changed = Promise.withResolvers<void>()
    const tell = () => changed.resolve()
    const stop = book.onWork(tell)
    signal.addEventListener('abort', tell)
    try {
      signal.throwIfAborted()
      const record = await book.get(id)
      if (record?.kind !== 'retrieval') throw new TwiinError('STUDY_UNKNOWN')
      if (!isWaiting(record)) return record
      await changed.promise
    } finally {
      stop()
      signal.removeEventListener('abort', tell)
    }
  }
}
