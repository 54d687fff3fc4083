import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cheapPassword } from '@twiin/web/testing'
import { People } from '../people/people-file.ts'
import { patient, twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'
import type { WebCall } from '../testing/test-web.ts'

const bsn = patient.bsn
const password = 'een lang wachtwoord'
let net: Awaited<ReturnType<typeof twoHospitals>>
let web: TestWeb

beforeAll(async () => {
  net = await twoHospitals()
  web = await TestWeb.start(net.a)
  const people = new People({ file: join(net.a.dir, 'people.json'), passwordCost: cheapPassword })
  await people.addUser({ id: 'rad', name: 'R. de Radioloog', role: 'radiologist', password })
})
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  await net[Symbol.asyncDispose]()
})

async function api(
  method: string,
  path: string,
  { as, headers, body }: { as?: WebCall['as']; headers?: Record<string, string>; body?: object } = {},
) {
  const answer = await web.call(`/api/v1${path}`, {
    ...{ method, as: as ?? 'nobody' },
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = answer.body.toString('utf8')
  const content = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  return { status: answer.status, headers: answer.headers, body: content }
}

describe('emergency access', () => {
  const wanted = { bsn, cause: 'life-threatening', reason: 'bloeding, geen tijd om te vragen', password }

  it('is opened by a person of a session with the password again, listed, used and ended', async () => {
    const headers = await logIn()
    const wrong = await api('POST', '/emergency-accesses', { headers, body: { ...wanted, password: 'x' } })
    expect([wrong.status, wrong.body['code']]).toEqual([403, 'CONFIRMATION_WRONG'])
    const opened = await api('POST', '/emergency-accesses', { headers, body: wanted })
    expect(opened).toMatchObject({
      status: 201,
      body: { state: 'open', cause: 'life-threatening', patient: { bsn: '*****0019' } },
    })
    const id = String(opened.body['id'])
    const purpose = { basis: 'emergency', reason: 'x' }
    const begun = await api('POST', '/patient-searches', { headers, body: { bsn, purpose } })
    expect(begun.status).toBe(201)
    const search = await api('GET', `/patient-searches/${String(begun.body['id'])}`, { headers })
    expect(search.body).toMatchObject({ emergency: { id } })
    const list = await api('GET', '/emergency-accesses', { as: 'auditor' })
    expect(list.body).toMatchObject({ accesses: [{ id, state: 'open', searches: 1, direction: 'own' }] })
    expect(JSON.stringify(list.body)).not.toContain(bsn)
    // Another person's list is another list.
    expect((await api('GET', '/emergency-accesses', { as: 'radiologist' })).body['accesses']).toEqual([])
    expect((await api('DELETE', `/emergency-accesses/${id}`, { as: 'radiologist' })).status).toBe(404)
    const review = { verdict: 'follow-up', note: 'navragen' }
    const early = await api('POST', `/emergency-accesses/${id}/review`, { as: 'auditor', body: review })
    expect(early.body['code']).toBe('STATE_CONFLICT')
    expect((await api('DELETE', `/emergency-accesses/${id}`, { headers })).status).toBe(204)
    expect((await api('GET', '/status', { as: 'auditor' })).body).toMatchObject({
      emergencies: { unreviewed: 1 },
    })
    const done = await api('POST', `/emergency-accesses/${id}/review`, { as: 'auditor', body: review })
    expect(done.body).toMatchObject({
      state: 'ended',
      review: { verdict: 'follow-up', by: { id: 'auditor token' } },
    })
    expect((await api('GET', '/status', { as: 'auditor' })).body).toMatchObject({
      emergencies: { unreviewed: 0 },
    })
  })

  it('shows nothing of what it found once it is over, by whatever address', async () => {
    const { studyInstanceUid } = await net.a.receive()
    const headers = await logIn()
    const opened = await api('POST', '/emergency-accesses', { headers, body: wanted })
    const begun = await api('POST', '/patient-searches', {
      ...{ headers, body: { bsn, purpose: { basis: 'emergency', reason: 'x' } } },
    })
    const id = String(begun.body['id'])
    const found = () => api('GET', `/patient-searches/${id}`, { headers })
    const look = async (path: string) => {
      const answer = await web.call(`/dicom-web/searches/${id}/studies${path}`, { as: 'nobody', headers })
      return [answer.status, (answer.json() as { code?: string }).code]
    }
    expect((await found()).body).toMatchObject({
      ...{ patient: { name: patient.name }, studies: [{ studyInstanceUid }] },
      holders: [{ status: 'answered', studies: 1 }],
    })
    expect(await look('')).toEqual([200, undefined])
    await api('DELETE', `/emergency-accesses/${String(opened.body['id'])}`, { headers })
    const { body } = await found()
    expect(body).toMatchObject({ studies: [], holders: [{ status: 'answered', studies: 0 }] })
    expect(body).toMatchObject({ emergency: { open: false } })
    expect(body).not.toHaveProperty('patient')
    for (const path of ['', `/${studyInstanceUid}/metadata`, `/${studyInstanceUid}/series`])
      expect([path, ...(await look(path))]).toEqual([path, 403, 'EMERGENCY_NOT_OPEN'])
  })

  it('is no way to guess a password: five wrong ones end the session, and each is on record', async () => {
    const before = (await net.a.audit('emergency')).length
    const headers = await logIn()
    const wrong = { ...wanted, password: 'geraden' }
    for (let i = 0; i < 5; i++) await api('POST', '/emergency-accesses', { headers, body: wrong })
    expect((await api('POST', '/emergency-accesses', { headers, body: wanted })).status).toBe(401)
    const lines = (await net.a.audit('emergency')).slice(before)
    expect(lines.map(({ reason }) => reason)).toEqual(Array.from({ length: 5 }, () => 'CONFIRMATION_WRONG'))
  })

  it('takes a confirmation for one box: the next one needs another', async () => {
    const headers = await logIn()
    const { password: _, ...unproved } = wanted
    const tries = async () =>
      (await api('POST', '/emergency-accesses', { headers, body: unproved })).body['code']
    expect(await tries()).toBe('CONFIRMATION_REQUIRED')
    // One for a change of accounts, or whatever else, was not asked for this.
    await api('POST', '/session/confirmations', { headers, body: { password } })
    expect(await tries()).toBe('CONFIRMATION_REQUIRED')
    const body = { password, for: 'emergency' }
    expect((await api('POST', '/session/confirmations', { headers, body })).status).toBe(200)
    expect([await tries(), await tries()]).toEqual([undefined, 'CONFIRMATION_REQUIRED'])
    // The password that opened one opens no other without it.
    await api('POST', '/emergency-accesses', { headers, body: wanted })
    expect(await tries()).toBe('CONFIRMATION_REQUIRED')
  })

  it('is looked at before the proof is: nobody guesses beside a BSN that is none', async () => {
    const headers = await logIn()
    const wrong = { ...wanted, bsn: '123', password: 'geraden' }
    for (let i = 0; i < 6; i++)
      expect((await api('POST', '/emergency-accesses', { headers, body: wrong })).body['code']).toBe(
        'BSN_INVALID',
      )
    expect((await api('POST', '/emergency-accesses', { headers, body: wanted })).status).toBe(201)
  })

  async function logIn(): Promise<{ cookie: string; 'x-twiin-csrf': string }> {
    const { headers } = await api('POST', '/session', { body: { username: 'rad', password } })
    return { cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '', 'x-twiin-csrf': '1' }
  }
})
