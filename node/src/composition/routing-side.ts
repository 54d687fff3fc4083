import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import { CompleteStudies } from '../routing/complete-studies.ts'
import { RouteByRules } from '../routing/route-by-rules.ts'
import type { Sends } from '../send/sends.ts'
import type { Ground } from './ground.ts'

/** Studies that are sent by themselves once they are complete (spec 17 §4). */
export function composeRouting({ routing }: Settings, ground: Ground, { sends }: { sends: Sends }) {
  const { store, studies, heads, clock, log } = ground
  const rules = new RouteByRules({ routing }, { studies, heads, sends, clock, log })
  const complete = new CompleteStudies({
    waiting: store.repository(buckets.incompleteStudies, { keys: 'plain-opaque' }),
    quietTimes: rules.quietTimes,
    complete: (handle, quietMs) => rules.complete(handle, quietMs),
    clock,
    log,
  })
  return { rules, complete }
}
