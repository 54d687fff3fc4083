import { codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { buckets } from '../config/buckets.ts'
import { EmergencyAccesses } from '../emergency/emergency-accesses.ts'
import { EmergencyBook } from '../emergency/emergency-book.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { TransferRunner } from '../transfers/transfer-runner.ts'
import type { Ground } from './ground.ts'

/** Emergency access of this hospital's people (spec 21). */
export function composeEmergency({ self, store, events, account, clock, log, random }: Ground) {
  const uses = new EmergencyBook({
    uses: store.repository(buckets.emergencyUses, { keys: 'plain-opaque' }),
    ...{ store, events, clock, random },
  })
  return { uses, emergencies: new EmergencyAccesses({ self }, { book: uses, account, clock, log }) }
}

/** What was not brought under an emergency when it ended is not brought any more (spec 21 §2). Never rejects. */
export function endRetrievals(
  emergency: string,
  { book, runner, log }: { book: TransferBook; runner: Pick<TransferRunner, 'cancel'>; log: Logger },
): void {
  for (const record of book.active()) {
    if (record.kind !== 'retrieval' || record.emergency !== emergency || record.brought === true) continue
    runner
      .cancel(record.id, 'EMERGENCY_ENDED')
      .catch((error: unknown) =>
        log.error('retrieval not ended', { transfer: record.id, code: codeOf(error) }),
      )
  }
}
