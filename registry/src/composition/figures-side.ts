import type { Clock } from '@twiin/runtime'
import type { Store } from '@twiin/store'
import type { Settings } from '../config/settings.ts'
import type { Register } from '../ledger/register.ts'
import { ActivityReports } from '../statistics/activity-reports.ts'
import { countMembers } from '../statistics/count-members.ts'
import { Replay2021 } from '../statistics/replay-2021.ts'
import { statisticsRoutes } from '../statistics/routes.ts'

/** What can be counted: spec 06 §9. */
export function composeFigures(
  { statistics, http }: Pick<Settings, 'statistics' | 'http'>,
  deps: { register: Register; store: Store; openApplications: () => number; clock: Clock },
) {
  const { register, openApplications, clock } = deps
  const reports = new ActivityReports({}, deps)
  const replay = statistics.replay ? new Replay2021({}, { clock }) : undefined
  const counts = () => ({
    ...countMembers(register, clock.now()),
    openApplications: openApplications(),
  })
  const routes = statisticsRoutes(
    { ...statistics, reportsPerMinute: http.enrolmentsPerMinute },
    { register, counts, reports, clock, replay },
  )
  return { reports, counts, routes }
}
