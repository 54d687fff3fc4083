import type { StaleBy } from '@twiin/ui-kit'
import type { LiveEvent } from './api-types.ts'
import { keys } from './query-keys.ts'

/** What an event of the node (spec 10 §2) makes old on the page. */
export const staleBy = {
  transfer: (id) => [keys.transfers, keys.send(id), keys.queues],
  search: (id) => [keys.search(id)],
  study: () => [keys.studies],
  exception: () => [keys.exceptions],
  disc: () => [keys.discs],
  peer: () => [keys.members, keys.status],
  share: () => [keys.shares],
  emergency: () => [keys.emergencies, keys.status],
} as const satisfies Record<LiveEvent['kind'], StaleBy[string]>
