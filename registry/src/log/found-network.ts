import { TwiinError } from '@twiin/runtime'
import type { Books } from '../ledger/books.ts'

const dayMs = 86_400_000

/**
 * The first line of a ledger: which network, which log, and until when cosignatures are not asked for (spec 11 §6). A later
 * start compares. Throws LOG_KEY_CHANGED, NETWORK_CHANGED, LEDGER_NOT_FOUNDED.
 */
export async function foundNetwork(
  options: { trustDomain: string; logKey: Uint8Array; foundingDays: number },
  deps: { books: Books },
): Promise<void> {
  const { trustDomain, foundingDays } = options
  const logKey = Buffer.from(options.logKey).toString('hex')
  await deps.books.record(({ founded }, now) => {
    if (founded === undefined) {
      if (deps.books.tree.size > 0) throw new TwiinError('LEDGER_NOT_FOUNDED')
      return { act: 'founded', trustDomain, logKey, foundingEndsAt: now + foundingDays * dayMs }
    }
    // Every node holds on to the first key it sees: going on would make all of them refuse us.
    if (founded.logKey !== logKey) throw new TwiinError('LOG_KEY_CHANGED', { ledger: founded.logKey, logKey })
    if (founded.trustDomain !== trustDomain)
      throw new TwiinError('NETWORK_CHANGED', { ledger: founded.trustDomain, trustDomain })
    return undefined
  })
}
