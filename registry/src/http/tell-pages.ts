import type { LiveEvents } from '@twiin/web'
import type { Act } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'

/** What a page may have to ask for again. */
export type Topic = 'applications' | 'certificates' | 'requests' | 'log' | 'bundle' | 'statistics'

const topics: Partial<Record<Act['act'], readonly Topic[]>> = {
  approved: ['applications'],
  rejected: ['applications'],
  issued: ['applications', 'certificates', 'statistics'],
  requested: ['requests'],
  'request-withdrawn': ['requests'],
  revoked: ['certificates', 'requests', 'statistics'],
  suspended: ['certificates', 'requests', 'statistics'],
  resumed: ['certificates', 'requests', 'statistics'],
  reviewed: ['certificates', 'requests'],
  'quota-set': ['requests'],
  'self-tested': ['applications', 'statistics'],
  'person-dismissed': ['applications', 'requests'],
  published: ['bundle'],
}

/** Tells open pages that something changed, and nothing of what: they ask again, as whoever they are. spec 06 §4 */
export function tellPages(events: LiveEvents, books: Books): (topic: Topic) => void {
  const tell = (topic: Topic, state = 'changed') => events.emit({ kind: topic, id: '', state })
  books.onRecorded(({ act }) => {
    for (const topic of topics[act] ?? []) tell(topic, act)
    tell('log', act)
  })
  return tell
}
