import { createWebCertificate } from '@twiin/identity'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { shareMetrics } from './share-health.ts'

it('shares are counted by state, failed messages by kind, and days until the certificate ends', async () => {
  const at = new Date('2026-06-01T00:00:00Z')
  const { certificate } = await createWebCertificate({
    ...{ commonName: 'A (fictief)', dnsNames: ['localhost'], ipAddresses: [], at },
  })
  const registry = new Registry()
  const sources = {
    ...{ certificate, door: { closed: undefined }, mail: { away: undefined, failed: 4 } },
    ...{ sms: { away: undefined, failed: 0 }, book: { counts: () => new Map([['open', 2]]) } },
  }
  shareMetrics(sources, registry, () => at.getTime())
  // Twice: what was counted is not counted again.
  await registry.metrics()
  const lines = (await registry.metrics()).split('\n').filter((line) => /^twiin/.test(line))
  expect(lines).toEqual([
    expect.stringMatching(/^twiin_share_certificate_days_left 39\d$/),
    'twiin_shares{state="open"} 2',
    'twiin_share_messages_failed_total{kind="mail"} 4',
    'twiin_share_messages_failed_total{kind="sms"} 0',
  ])
})
