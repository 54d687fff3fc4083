import type { Account, Line } from '../account/account.ts'
import type { SelfTestRun } from './self-test-run.ts'

/** What of a run stands in the audit, at both ends (spec 07 §3). */
export type Part =
  'begin' | 'hold' | 'withdraw' | 'find' | 'search' | 'offer' | 'release' | 'receive' | 'receipt'

/** On record before it takes effect outside. No patient and no number: there is nobody. */
export async function recordPart(
  account: Account,
  run: Pick<SelfTestRun, 'name'>,
  part: Part,
  line: Pick<Line, 'peerId' | 'reason' | 'objects'> & { outcome?: Line['outcome'] },
): Promise<void> {
  await account.record({
    outcome: 'success',
    ...line,
    event: 'self-test',
    protocol: `spec 12 §2 ${part}`,
    requestId: run.name,
  })
}
