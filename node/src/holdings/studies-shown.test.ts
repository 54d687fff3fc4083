import { parseBsn } from '@twiin/patient-token'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { patient, twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'

const bsn = parseBsn(patient.bsn)
let net: Awaited<ReturnType<typeof twoHospitals>>
let web: TestWeb

beforeEach(async () => {
  net = await twoHospitals()
  web = await TestWeb.start(net.a)
})
afterEach(async () => {
  await web[Symbol.asyncDispose]()
  await net[Symbol.asyncDispose]()
})

describe('the list of studies', () => {
  it('tells the operator that a patient is shielded, and a radiologist nothing of it', async () => {
    await net.a.receive()
    const permit = { scope: { kind: 'all' }, decision: 'permit', by: 'op' } as const
    await net.a.index.consents.record(bsn, permit)
    await net.a.index.shieldings.mark(bsn, { index: 'hidden', by: 'op' })
    const reason = async (as: 'radiologist' | 'operator') => {
      const answer = await web.call('/api/v1/studies', { method: 'GET', as })
      const body = JSON.parse(answer.body.toString('utf8')) as {
        studies: { publication: { reason?: string } }[]
      }
      return body.studies.map(({ publication }) => publication.reason)
    }
    expect([await reason('operator'), await reason('radiologist')]).toEqual([
      ['SHIELDED'],
      ['CONSENT_MISSING'],
    ])
  })
})
