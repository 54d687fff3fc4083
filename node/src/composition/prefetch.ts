import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import { PrefetchOrders } from '../prefetch/prefetch-orders.ts'
import { Prefetch } from '../prefetch/prefetch.ts'
import type { Retrievals } from '../retrieve/retrievals.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { TransferDesk } from '../transfers/transfer-desk.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'

/** Earlier studies of who is expected; nothing of it when it is not configured. */
export function composePrefetch(
  { prefetch: settings, hospital, hl7 }: Settings,
  { store, sealer, holdings, clock, log }: Ground,
  { patientsKnown: patients }: IndexSide,
  exchange: { searches: PatientSearches; retrievals: Retrievals; book: TransferBook; desk: TransferDesk },
): Prefetch[] {
  // Declared always: a name is never used for something else.
  const orders = new PrefetchOrders({
    ...{ store, sealer },
    orders: store.repository(buckets.prefetchOrders, { keys: 'plain-opaque' }),
    numbers: store.repository(buckets.prefetchNumbers, { keys: 'plain-opaque' }),
  })
  if (settings === undefined) return []
  const own = { issuer: hospital.patientIdIssuer, authorities: hl7?.patientIdAuthorities ?? [] }
  return [new Prefetch({ settings, own }, { ...exchange, orders, patients, studies: holdings, clock, log })]
}
