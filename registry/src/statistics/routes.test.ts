import { activityReport } from '@twiin/protocol'
import { expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'

test('anybody reads the figures; members report them, signed, and what was reported is shown', async () => {
  await using registry = await TestRegistry.create()
  const { key } = await registry.member('10000001')
  const month = new Date(registry.clock.now()).toISOString().slice(0, 7)
  const half = { sent: 0, received: 40, bytesReceived: 1 }
  const report = { kind: 'activity' as const, peerId: key.peerId, issuedAt: registry.clock.now(), month }
  const signed = activityReport.sign({ ...report, halves: [half, half] }, key).bytes
  const headers = { 'content-type': 'application/cbor' }
  const told = await registry.call('POST', '/api/v1/reports', { headers, body: Buffer.from(signed) })
  expect(told.status).toBe(204)
  const figures = await registry.call('GET', '/api/v1/statistics')
  expect(figures.json()).toMatchObject({
    members: 1,
    // Certified, but it has not shown yet that it exchanges.
    coverage: { clinics: { exchanging: 0, joined: 1 } },
    months: [{ month, studies: 80 }],
    studiesPerDisc: 1,
    simulation: null,
  })
  const csv = await registry.call('GET', '/api/v1/statistics.csv')
  expect(csv.body.toString()).toBe(
    `month,half,studies,discs_replaced\r\n${month},1,40,40\r\n${month},2,40,40\r\n`,
  )
  const noise = await registry.call('POST', '/api/v1/reports', { headers, body: Buffer.from('noise') })
  expect([noise.status, noise.json().code]).toEqual([400, 'MESSAGE_INVALID'])
  const play = await registry.call('POST', '/api/v1/statistics/simulation', { json: { action: 'start' } })
  expect(play.status).toBe(404)
})

test('a simulation stands beside what is real, never among it', async () => {
  await using registry = await TestRegistry.create({ settings: { statistics: { replay: true } } })
  const control = (action: string) =>
    registry.call('POST', '/api/v1/statistics/simulation', { json: { action } })
  expect((await control('pause')).status).toBe(204)
  const { coverage, simulation } = (await registry.call('GET', '/api/v1/statistics')).json()
  expect(coverage).toMatchObject({ hospitals: { exchanging: 0 } })
  expect(simulation).toMatchObject({
    name: 'spring-2021',
    running: false,
    figures: { coverage: { hospitals: { exchanging: 65, total: 74 } } },
  })
  expect((await control('rewind')).status).toBe(400)
})
