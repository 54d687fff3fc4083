import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Sealer, Store } from '@twiin/store'
import type { Clock, Logger } from '@twiin/runtime'
import { WebServer } from '@twiin/web'
import type { LiveEvents } from '@twiin/web'
import type { Settings } from '../config/settings.ts'
import { bySessionOrToken } from '../http/authenticate.ts'
import { healthRoutes } from '../http/health-routes.ts'
import type { Metrics } from '../http/metrics.ts'
import { problems } from '../http/problems.ts'
import type { Books } from '../ledger/books.ts'
import type { BearerTokens } from '../people/bearer-tokens.ts'
import { openLogIns } from '../people/log-ins.ts'
import { sessionRoutes } from '../people/routes.ts'
import type { Staff } from '../people/staff.ts'

const bodyLimit = 64 * 1024

/** What the registry says over HTTPS, and to whom. */
export function composeWeb(
  { http, peopleFile }: Settings,
  deps: {
    tls: { certificate: string; key: string }
    tokens: BearerTokens
    books: Books
    store: Store
    sealer: Sealer
    events: LiveEvents
    metrics: Metrics
    bundleVersion: () => number
    api: readonly FastifyPluginAsyncTypebox[]
    plain: readonly FastifyPluginAsyncTypebox[]
    clock: Clock
    log: Logger
  },
): WebServer<Staff> {
  const { tls, tokens, books, store, sealer, events, metrics, bundleVersion, clock, log } = deps
  const logIns = openLogIns({ peopleFile }, { store, sealer, clock })
  const health = healthRoutes({ refusal: () => books.refusal, bundleVersion, metrics })
  return new WebServer(
    {
      ...http,
      ...{ tls, bodyLimit },
      uiDir: join(import.meta.dirname, '../../ui/dist'),
      api: { title: 'Twiin registry', version: '0.1.0', description: 'See docs/spec/06-registry.md.' },
    },
    {
      ...{ problems, events, log },
      authentication: bySessionOrToken({ tokens, ...logIns, clock }),
      api: [sessionRoutes({ ...logIns, events, clock, log }), ...deps.api],
      plain: [...deps.plain, health],
    },
  )
}
