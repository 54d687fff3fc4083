import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { patient, twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'

const bsn = patient.bsn
let net: Awaited<ReturnType<typeof twoHospitals>>
let web: TestWeb

beforeAll(async () => {
  net = await twoHospitals()
  web = await TestWeb.start(net.a)
  await net.a.receive()
})
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  await net[Symbol.asyncDispose]()
})

async function api(method: string, path: string, { as, body }: { as: 'operator'; body: object }) {
  const answer = await web.call(`/api/v1${path}`, {
    ...{ method, as, body: JSON.stringify(body) },
    headers: { 'content-type': 'application/json' },
  })
  const text = answer.body.toString('utf8')
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
}

describe('an answer', () => {
  it('about a change of consent says beforehand what it does, and changes nothing', async () => {
    const as = 'operator'
    await api('PUT', '/consents', { as, body: { bsn, decision: 'permit' } })
    const ofB = { scope: { kind: 'organisation', ura: '90000002' }, decision: 'deny' }
    const preview = async (body: object) =>
      (await api('POST', '/consents/previews', { as, body: { bsn, ...body } })).body
    expect(await preview(ofB)).toMatchObject({
      entry: { before: 'listed', after: 'listed' },
      studies: 1,
      members: [{ ura: '90000002', name: 'B', before: 'yes', after: 'no' }],
    })
    expect(await preview({ decision: 'deny' })).toMatchObject({
      entry: { before: 'listed', after: 'none' },
      members: [{ after: 'no' }],
    })
    expect(await preview({ shielding: { index: 'pointer' } })).toMatchObject({
      entry: { after: 'pointer' },
      members: [{ before: 'yes', after: 'registered' }],
    })
    const lookup = await api('POST', '/consents/lookups', { as, body: { bsn } })
    expect(lookup.body).toMatchObject({ records: [{ decision: 'permit' }], givers: ['patient', 'both'] })
    expect(lookup.body['shielding']).toBeUndefined()
  })

  it('about a permit by somebody who has no say is no', async () => {
    const body = { bsn, decision: 'permit', givenBy: 'parent' }
    expect(await api('PUT', '/consents', { as: 'operator', body })).toMatchObject({
      status: 422,
      body: { code: 'GIVER_NOT_ENTITLED' },
    })
  })

  it('about somebody of whom nothing is here shows what was recorded, and that it makes nobody findable', async () => {
    const nobody = { bsn: '999990032' }
    const of = async (ura: string, decision: string) =>
      (
        await api('PUT', '/consents', {
          ...{ as: 'operator', body: { ...nobody, decision, scope: { kind: 'organisation', ura } } },
        })
      ).status
    expect([
      await of('90000002', 'permit'),
      await of('90000003', 'deny'),
      await of('90000003', 'permit'),
    ]).toEqual([200, 200, 200])
    const { body } = await api('POST', '/consents/lookups', { as: 'operator', body: nobody })
    const { records } = body as { records: { scope: { ura: string }; decision: string }[] }
    expect(records.map(({ scope, decision }) => [scope.ura, decision]).sort()).toEqual([
      ['90000002', 'permit'],
      ['90000003', 'permit'],
    ])
    expect(body).toMatchObject({ publishable: false })
  })

  it('about shielding takes effect, and is on record', async () => {
    const as = 'operator'
    await api('PUT', '/shieldings', { as, body: { bsn, index: 'hidden' } })
    const shielded = await api('POST', '/consents/lookups', { as, body: { bsn } })
    expect(shielded.body).toMatchObject({
      publishable: false,
      shielding: { index: 'hidden', by: 'operator token' },
    })
    expect((await api('POST', '/shieldings/removals', { as, body: { bsn } })).status).toBe(204)
    const after = await api('POST', '/consents/lookups', { as, body: { bsn } })
    expect(after.body).toMatchObject({ publishable: true })
    const lines = (await net.a.audit('consent-recorded')).slice(-2)
    expect(lines.map(({ consent }) => consent)).toEqual(['shielded, index hidden', 'no longer shielded'])
  })
})
