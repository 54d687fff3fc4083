import { auditEvents } from '@twiin/audit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestWeb } from '../testing/test-web.ts'
import { patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import { sentences } from './plain-texts.ts'

let net: Awaited<ReturnType<typeof twoHospitals>>
let web: TestWeb
beforeAll(async () => {
  net = await twoHospitals()
  const { account } = net.a.ground
  const about = { patient: { citizenNumber: patient.bsn } }
  const purpose = { basis: 'treatment', reason: 'poli' }
  const peerId = net.b.key.peerId
  await account.record({ ...about, event: 'search', outcome: 'success', user: radiologist, purpose })
  await account.record({ event: 'login', outcome: 'success', user: radiologist })
  await account.record({
    ...{ event: 'search-refused', outcome: 'refused', reason: 'CONSENT_MISSING', peerId, purpose },
    user: { id: 'x', name: 'B. Vreemd', role: 'radiologist' },
    ...about,
  })
  await account.record({ ...about, event: 'study-released', outcome: 'success', peerId, requestId: 'job' })
  await account.record({ event: 'study-served', outcome: 'success', peerId, requestId: 'job' })
  // Served to somebody else, who took the same number for it.
  await account.record({
    ...{ event: 'study-served', outcome: 'success', peerId: 'another', requestId: 'job' },
  })
  // A box here, which opened once and ended; and one of the other hospital.
  const inEmergency = { basis: 'emergency', reason: 'not-responsive: van de trap gevallen' }
  const box = { ...about, event: 'emergency', outcome: 'success', purpose: inEmergency } as const
  await account.record({ ...box, user: radiologist })
  await account.record({ ...box, user: radiologist, reason: 'EXPIRED' })
  await account.record({ ...box, peerId, user: { id: 'x', name: 'B. Vreemd', role: 'radiologist' } })
  // Of others: another number, and one that is only a local one.
  await account.record({ event: 'search', outcome: 'success', patient: { citizenNumber: '999990020' } })
  await account.record({ event: 'study-viewed', outcome: 'success', patient: { localId: patient.id } })
  web = await TestWeb.start(net.a)
})
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  await net[Symbol.asyncDispose]()
})

const ask = (body: object) =>
  web.call('/api/v1/patient-accounts', {
    ...{ method: 'POST', as: 'auditor', body: JSON.stringify(body) },
    headers: { 'content-type': 'application/json' },
  })

it('has words for every event in both languages, or says that it means nothing to a patient', () => {
  for (const language of ['nl', 'en'] as const)
    expect(Object.keys(sentences[language]).sort()).toEqual([...auditEvents].sort())
})

it('tells the patient who searched, saw and was refused, of this number and no other, in either language', async () => {
  const answer = await ask({ bsn: patient.bsn })
  expect(answer.json()).toMatchObject({
    more: false,
    lines: [
      // The newest first.
      {
        ...{ who: 'B. Vreemd (radioloog)', organisation: 'B', emergency: true },
        why: 'u kon niets zeggen: van de trap gevallen',
      },
      { who: 'R. de Radioloog (radioloog)', organisation: 'A', emergency: true },
      { organisation: 'B', what: 'heeft een onderzoek van u ontvangen van dit ziekenhuis' },
      { organisation: 'B', what: 'kreeg toegang tot een onderzoek van u' },
      { who: 'B. Vreemd (radioloog)', organisation: 'B', outcome: 'refused' },
      { who: 'R. de Radioloog (radioloog)', organisation: 'A', outcome: 'success', why: 'poli' },
    ],
  })
  expect((answer.json() as { lines: object[] }).lines).toHaveLength(6)
  const english = (await ask({ bsn: patient.bsn, language: 'en' })).json() as { lines: { what: string }[] }
  expect(english.lines.at(-1)?.what).toBe('searched for images of you in other hospitals')
  const none = (await ask({ bsn: patient.bsn, from: '2099-01-01' })).json()
  expect(none).toMatchObject({ lines: [] })
})

it('is a document to print, and making it is on record with whose list it was', async () => {
  const answer = await ask({ bsn: patient.bsn, format: 'pdf' })
  expect(answer.headers['content-type']).toBe('application/pdf')
  expect(answer.body.subarray(0, 5).toString()).toBe('%PDF-')
  expect(answer.headers['cache-control']).toContain('no-store')
  const reads = (await net.a.audit('log-read')).filter(({ patient: whose }) => whose !== undefined)
  expect(reads.at(-1)).toMatchObject({ patient: { citizenNumber: patient.bsn }, user: { role: 'auditor' } })
  expect((await ask({ bsn: '123456789' })).status).toBe(422)
})
