import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { clientNetwork } from './client-network.ts'

export interface PageLimits {
  postsPerMinute: number
  getsPerMinute: number
  /** Requests that have a bound of their own. */
  isUncounted(request: FastifyRequest): boolean
}

/** Networks that are counted at once; beyond it the one that was silent longest begins anew. */
const mostNetworks = 50_000

/** How much one client network may ask in a minute; more is 429. For the routes registered after it. */
export async function limitRates(app: FastifyInstance, limits: PageLimits): Promise<void> {
  await app.register(fastifyRateLimit, {
    timeWindow: 60_000,
    cache: mostNetworks,
    max: ({ method }: FastifyRequest) => (changes(method) ? limits.postsPerMinute : limits.getsPerMinute),
    keyGenerator: ({ method, ip }) => `${changes(method) ? 'post' : 'get'} ${clientNetwork(ip)}`,
    allowList: (request: FastifyRequest) => !changes(request.method) && limits.isUncounted(request),
    // How many are left tells nobody anything.
    addHeaders: noLimitHeaders,
    addHeadersOnExceeding: noLimitHeaders,
  })
}

export const changes = (method: string): boolean => method !== 'GET' && method !== 'HEAD'

const noLimitHeaders = {
  'x-ratelimit-limit': false,
  'x-ratelimit-remaining': false,
  'x-ratelimit-reset': false,
  'retry-after': true,
}
