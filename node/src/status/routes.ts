import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Clock } from '@twiin/runtime'
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { BsnQuality } from '../quality/bsn-quality.ts'
import { qualityMetrics } from '../quality/routes.ts'
import { roles } from '../people/people-file.ts'
import type { NodeStatus } from './node-status.ts'
import { shareMetrics } from './share-health.ts'
import type { ShareSources } from './share-health.ts'

interface Deps {
  status: NodeStatus
  bundle: NetworkBundle
}

/** Who else is in the network, and how this node is. */
export function statusRoutes(
  options: { hospital: { ura: string; name: string }; version: string; demo: boolean },
  deps: Deps,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/members', { config: { roles } }, () => {
      const connected = deps.status.connectedPeers()
      const members = deps.bundle.current.members.map((member) => ({
        ura: member.ura,
        name: member.name,
        category: member.category,
        level: member.level,
        // `testing` until its self-test succeeded (spec 12).
        state: member.state,
        mailboxes: member.mailboxes,
        endpoints: member.addresses,
        ...(member.phone !== undefined && { phone: member.phone }),
        self: member.ura === options.hospital.ura,
        connected: connected.has(member.peerId),
        ...deps.status.lastSeen(member.peerId),
      }))
      return { members }
    })
    app.get('/status', { config: { roles } }, async () => ({ ...options, ...(await deps.status.describe()) }))
  }
}

/** For load balancers, monitoring and Prometheus: outside `/api/v1`, open, without patient data. */
export function healthRoutes(deps: {
  status: NodeStatus
  quality: BsnQuality
  shares: ShareSources | undefined
  clock: Pick<Clock, 'now'>
}): FastifyPluginAsyncTypebox {
  const metrics = nodeMetrics(deps)
  return async (app) => {
    app.get('/healthz', () => ({ status: 'alive' }))
    app.get('/readyz', async (_request, reply) => {
      const problems = await deps.status.problems()
      return reply.code(problems.length === 0 ? 200 : 503).send({ ready: problems.length === 0, problems })
    })
    app.get('/metrics', async (_request, reply) =>
      reply.type(metrics.contentType).send(await metrics.metrics()),
    )
  }
}

/** One look at the node for each scrape, before anything is written out. */
function nodeMetrics({ status, quality, shares, clock }: Parameters<typeof healthRoutes>[0]): {
  contentType: string
  metrics: () => Promise<string>
} {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'twiin_' })
  qualityMetrics({ quality }, registry)
  if (shares !== undefined) shareMetrics(shares, registry, () => clock.now())
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const transfers = gauge('twiin_transfers', 'Transfers that still have work to do, by state', ['state'])
  const daysLeft = gauge('twiin_certificate_days_left', 'Days until the certificate of this node expires')
  const bundle = gauge('twiin_bundle_version', 'Version of the network bundle in force')
  const registryUp = gauge('twiin_registry_reachable', '1 when the last fetch from the registry succeeded')
  const peers = gauge('twiin_peers_connected', 'Certified peers with an open connection')
  const disk = gauge('twiin_disk_free_bytes', 'Bytes this node may still write')
  const pending = gauge('twiin_index_pending', 'Entries that a replica does not have yet')
  const pacs = gauge('twiin_pacs_reachable', '1 when the PACS answered the last C-ECHO')
  const unreviewed = gauge(
    'twiin_emergencies_unreviewed',
    'Uses of emergency access that are over and wait for their review',
  )
  const degraded = gauge('twiin_degraded', '1 for what is not as it should be, by code and decision', [
    'code',
    'decision',
  ])
  const ready = gauge('twiin_ready', '1 when the node has nothing to complain about')
  return {
    contentType: registry.contentType,
    metrics: async () => {
      const now = await status.describe()
      for (const [state, count] of Object.entries(now.queues)) transfers.set({ state }, count)
      daysLeft.set(now.certificate.daysLeft)
      bundle.set(now.bundle.version)
      registryUp.set(Number(now.registry.reachable))
      peers.set(now.peers.filter(({ connected }) => connected).length)
      disk.set(now.disk.freeBytes)
      pending.set(now.index.pending)
      pacs.set(Number(now.pacs.reachable))
      unreviewed.set(now.emergencies.unreviewed)
      degraded.reset()
      for (const { code, decision } of now.degraded) degraded.set({ code, decision }, 1)
      ready.set(Number(now.problems.length === 0))
      return registry.metrics()
    },
  }
}
