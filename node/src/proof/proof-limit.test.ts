import { expect, it } from 'vitest'
import { twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'

it('proofs are made twenty a minute for one client network', async () => {
  await using net = await twoHospitals()
  await using web = await TestWeb.start(net.a)
  const statuses: number[] = []
  for (let count = 0; count < 21; count++)
    statuses.push((await web.call('/api/v1/studies/1.2.3/proof', { as: 'auditor' })).status)
  expect(statuses.filter((status) => status === 429)).toHaveLength(1)
  expect(statuses.at(-1)).toBe(429)
})
