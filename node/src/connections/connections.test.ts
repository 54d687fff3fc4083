import { describe, expect, it } from 'vitest'
import { twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'

describe('an operator who tests a connection', () => {
  it('hears whether the PACS answers an echo, and that stands on record', async () => {
    await using net = await twoHospitals()
    await using web = await TestWeb.start(net.a)
    const list = await web.call('/api/v1/connections', { as: 'operator' })
    const { connections } = list.json() as { connections: { kind: string; name: string; use: string }[] }
    expect(connections.find(({ use }) => use === 'delivery')).toMatchObject({ kind: 'dicom', name: 'PACS' })
    const test = (body: object) =>
      web.call('/api/v1/connection-tests', {
        ...{ method: 'POST', as: 'operator', body: JSON.stringify(body) },
        headers: { 'content-type': 'application/json' },
      })
    const answer = await test({ kind: 'dicom', name: 'PACS' })
    expect(answer.json()).toMatchObject({ ok: true, answer: '0000' })
    // Its own DICOM port is not open in this test.
    expect((await test({ kind: 'dicom', name: 'TWIIN (node)' })).json()).toMatchObject({
      ok: false,
      reason: 'CONNECTION_FAILED',
    })
    expect((await test({ kind: 'hl7', name: 'TWIIN (node)' })).json()).toMatchObject({
      ok: false,
      reason: 'HL7_NO_ANSWER',
    })
    expect((await test({ kind: 'dicom', name: 'elsewhere' })).status).toBe(404)
    expect(await net.a.audit('self-test')).toMatchObject([
      { user: { id: 'operator token' }, outcome: 'success', protocol: 'connection test: dicom PACS' },
      { outcome: 'failed', reason: 'CONNECTION_FAILED' },
      { outcome: 'failed', reason: 'HL7_NO_ANSWER' },
    ])
  })
})
