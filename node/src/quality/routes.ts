import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { BsnQuality, Measure } from './bsn-quality.ts'

/** How good the BSNs are that come in (spec 16 §5). */
export function qualityRoutes(deps: {
  quality: BsnQuality
  bundle: NetworkBundle
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/quality', { config: { roles: ['operator'] } }, async () => ({
      bsn: (await deps.quality.totals()).map(({ source, counts }) => ({
        ...source,
        ...(source.kind === 'partner' ? { name: deps.bundle.memberByUra(source.ura)?.name ?? '' } : {}),
        ...counts,
      })),
      adt: [...deps.quality.invalidStated()].map(([application, invalid]) => ({ application, invalid })),
    }))
  }
}

/** The same for Prometheus. */
export function qualityMetrics(deps: { quality: BsnQuality }, registry: Registry): void {
  new Gauge({
    name: 'twiin_adt_invalid_bsns',
    help: 'Patients whom the administration stated with a BSN that is none, since the start, by MSH-3',
    labelNames: ['application'],
    registers: [registry],
    collect() {
      for (const [application, count] of deps.quality.invalidStated()) this.set({ application }, count)
    },
  })
  new Gauge({
    name: 'twiin_bsn_studies',
    help: 'Studies by where they came from and what can be said of the BSN in them',
    labelNames: ['source', 'modality', 'measure'],
    registers: [registry],
    async collect() {
      this.reset()
      for (const { source, counts } of await deps.quality.totals()) {
        const modality = source.kind === 'device' ? source.modality : ''
        const from =
          source.kind === 'partner' ? source.ura : source.kind === 'device' ? source.callingAe : 'disc'
        for (const [measure, count] of Object.entries(counts) as [Measure, number][])
          this.set({ source: from, modality, measure }, count)
      }
    },
  })
}
