import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cheapPassword } from '@twiin/web/testing'
import { People } from '../people/people-file.ts'
import { patient, twoHospitals } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'

const password = 'een lang wachtwoord'
const minutes = (count: number) => count * 60_000

/** A hospital with one study and a person with a session, and what they do. */
async function atWork() {
  const stack = new AsyncDisposableStack()
  const net = stack.use(await twoHospitals())
  const { studyInstanceUid } = await net.a.receive({ size: 32 })
  const web = stack.use(await TestWeb.start(net.a))
  const people = new People({ file: join(net.a.dir, 'people.json'), passwordCost: cheapPassword })
  await people.addUser({ id: 'rad', name: 'R. de Radioloog', role: 'radiologist', password })
  const call = async (method: string, path: string, headers: Record<string, string>, body?: object) =>
    web.call(path, {
      ...{ method, as: 'nobody' },
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const withCookie = (answer: Awaited<ReturnType<typeof call>>) => ({
    cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '',
    'x-twiin-csrf': '1',
  })
  const session = '/api/v1/session'
  const logIn = async () => withCookie(await call('POST', session, {}, { username: 'rad', password }))
  const ticketOf = async (headers: Record<string, string>, uid = studyInstanceUid) => {
    const made = await call('POST', '/api/v1/viewer-tickets', headers, { studyInstanceUid: uid })
    return made.status === 201 ? (made.json() as { ticket: string }).ticket : made.status
  }
  const look = async (ticket: string | number) =>
    (await call('GET', `/dicom-web/studies/${studyInstanceUid}`, { authorization: `Bearer ${ticket}` }))
      .status
  return {
    ...{ stack, net, web, people, call, withCookie, session, logIn, ticketOf, look, studyInstanceUid },
  }
}

describe('the ticket of a viewer', () => {
  it('waits while its session is locked, and ends with it', async () => {
    const { stack, net, call, withCookie, session, logIn, ticketOf, look } = await atWork()
    await using _ = stack
    const headers = await logIn()
    const other = await ticketOf(await logIn())
    const ticket = await ticketOf(headers)
    expect(await look(ticket)).toBe(200)
    await call('POST', `${session}/lock`, headers)
    expect([await look(ticket), await look(other)]).toEqual([401, 200])
    const opened = withCookie(await call('POST', `${session}/unlock`, headers, { password }))
    expect(await look(ticket)).toBe(200)
    await call('DELETE', session, opened)
    expect([await look(ticket), await look(other)]).toEqual([401, 200])
    // What it reads does not keep the session open.
    net.network.clock.moveOn(minutes(16))
    expect(await look(other)).toBe(401)
  })

  it.each([
    ['is disabled', (people: People) => people.setDisabled('rad', true)],
    ['gets another password', (people: People) => people.setPassword('rad', 'een ander lang wachtwoord')],
    [
      'gets another role',
      (people: People) => people.addUser({ id: 'rad', name: 'R', role: 'auditor', password }),
    ],
  ])('ends when its person %s', async (_what, change) => {
    const { stack, people, logIn, ticketOf, look } = await atWork()
    await using _ = stack
    const ticket = await ticketOf(await logIn())
    expect(await look(ticket)).toBe(200)
    await change(people)
    expect(await look(ticket)).toBe(401)
  })

  it('made by a script ends with the token of that script', async () => {
    const { stack, people, web, ticketOf, look } = await atWork()
    await using _ = stack
    const ticket = await ticketOf({ authorization: `Bearer ${web.tokens.radiologist}` })
    expect(await look(ticket)).toBe(200)
    await people.addToken({ id: 'radiologist token', name: 'radiologist', role: 'radiologist' })
    expect(await look(ticket)).toBe(401)
  })

  it('is made for what its person may look at, and is on record', async () => {
    const { stack, net, logIn, ticketOf, studyInstanceUid } = await atWork()
    await using _ = stack
    expect(await ticketOf(await logIn(), '1.2.3')).toBe(404)
    expect(await net.a.audit('study-viewed')).toEqual([])
    await ticketOf(await logIn())
    expect(await net.a.audit('study-viewed')).toMatchObject([
      {
        ...{ user: { id: 'rad' }, patient: { citizenNumber: patient.bsn } },
        ...{ objects: { studyInstanceUids: [studyInstanceUid] }, protocol: 'spec 24 §7: ticket' },
      },
    ])
  })
})

describe('a picture', () => {
  it('that a page fetches does not keep a session from being locked', async () => {
    const { stack, net, call, logIn, studyInstanceUid } = await atWork()
    await using _ = stack
    const headers = await logIn()
    const picture = async () =>
      (await call('GET', `/dicom-web/studies/${studyInstanceUid}/thumbnail`, headers)).status
    expect(await picture()).toBe(200)
    net.network.clock.moveOn(minutes(10))
    expect(await picture()).toBe(200)
    net.network.clock.moveOn(minutes(10))
    expect(await picture()).toBe(423)
  })
})
