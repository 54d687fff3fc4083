import { NodeKey, keyFingerprint } from '@twiin/identity'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestRegistry, applicationOf, csrOf, provenApplicationOf } from '../testing.ts'
import type { Answer } from '../testing.ts'
import type { Detail } from './application-detail.ts'

let registry: TestRegistry
beforeAll(async () => {
  registry = await TestRegistry.create({ settings: { http: { port: 0, applicationsPerHour: 1_000 } } })
}, 60_000)
afterAll(() => registry[Symbol.asyncDispose]())

type As = 'administrator' | 'approver'
const path = '/api/v1/applications'
let lastUra = 10_000_000
const nextUra = () => String(++lastUra)
const outcome = (answer: Answer) => [answer.status, answer.json().code]
/** What lies there now, unless it is said otherwise. */
const approve = async (id: string, as: As, json: object = {}) => {
  const { digest } = await asStaff(id)
  return registry.call('POST', `${path}/${id}/approvals`, { as, json: { digest, ...json } })
}
const contacts = [
  { role: 'privacy', name: 'Jo Voorbeeld', email: 'privacy@kliniek.example', phone: '010 123 45 67' },
]

/** As somebody nobody knows. */
async function submit(form: object) {
  const answer = await registry.call('POST', path, { json: form })
  expect(answer.status).toBe(201)
  const { id, statusToken } = answer.json<Detail & { statusToken: string }>()
  const headers = { 'x-twiin-status-token': statusToken }
  return {
    ...{ id, statusToken, headers },
    shown: answer.json<Detail>(),
    see: async () => (await registry.call('GET', `${path}/${id}`, { headers })).json<Detail>(),
    change: (json: object) => registry.call('PUT', `${path}/${id}`, { headers, json }),
  }
}
const asStaff = async (id: string) =>
  (await registry.call('GET', `${path}/${id}`, { as: 'approver' })).json<Detail>()

test('a script with two bearer tokens and the bare facts of a clinic, which proves its key, gets an enrolment token, shown once', async () => {
  const ura = nextUra()
  const applied = await registry.call('POST', path, { as: 'approver', json: await provenApplicationOf(ura) })
  expect(applied.status).toBe(201)
  const { id } = applied.json<{ id: string }>()

  const first = await approve(id, 'approver')
  expect([first.status, first.json().enrolmentToken]).toEqual([202, undefined])
  expect(outcome(await approve(id, 'approver'))).toEqual([409, 'SECOND_PERSON_REQUIRED'])
  const second = await approve(id, 'administrator')
  expect(second.status).toBe(200)
  const { enrolmentToken, expiresAt } = second.json<{ enrolmentToken: string; expiresAt: string }>()
  expect(enrolmentToken).toMatch(/^([0-9a-f]{4}-){7}[0-9a-f]{4}$/)
  expect(Date.parse(expiresAt) - registry.clock.now()).toBe(72 * 3_600_000)
  expect(outcome(await approve(id, 'administrator'))).toEqual([409, 'APPLICATION_CLOSED'])

  const list = await registry.call('GET', path, { as: 'administrator' })
  const listed = list.json<Detail[]>().find((one) => one.id === id)
  expect(listed).toMatchObject({ ura, state: 'approved', mailboxes: ['radiology'] })
  expect(listed?.approvals.map(({ by }) => by)).toEqual(['approver', 'administrator'])
  const ledger = await registry.read('data/ledger.jsonl')
  expect(ledger).not.toContain(enrolmentToken)
  expect(ledger).not.toContain(enrolmentToken.replaceAll('-', ''))
})

test('from an application by a stranger to an enrolled node, step by step, as the applicant sees it', async () => {
  const ura = nextUra()
  const key = NodeKey.generate()
  const csr = await csrOf(key, ura)
  const { id, shown, see, headers } = await submit({
    ...applicationOf(ura),
    ...{ contacts, csr, kvk: '12345678', agb: '12345678', level: 3, remarks: 'Graag voor de zomer' },
  })
  expect(shown).toMatchObject({
    ...{ state: 'open', peerId: key.peerId, fingerprint: keyFingerprint(key.publicKey), contacts, level: 3 },
    ...{ approvals: [], checks: [] },
  })
  const reached = async () =>
    (await see()).progress.filter(({ at }) => at !== undefined).map(({ step }) => step)
  expect(await reached()).toEqual(['applied'])

  const { checks, digest } = await asStaff(id)
  expect(checks.filter(({ result }) => result === 'failed')).toEqual([])
  await registry.call('POST', `${path}/${id}/messages`, { as: 'approver', json: { text: 'Wij bellen u' } })
  await registry.call('POST', `${path}/${id}/messages`, { headers, json: { text: 'Graag\nna tienen' } })
  expect((await see()).messages.map(({ from, text }) => [from, text])).toEqual([
    ['registry', 'Wij bellen u'],
    ['applicant', 'Graag\nna tienen'],
  ])

  await approve(id, 'administrator', { digest, confirm: `Clinic ${ura}` })
  expect(await reached()).toEqual(['applied', 'approved-once'])
  expect(JSON.stringify(await see())).not.toMatch(/"by"|administrator/)
  const approved = await approve(id, 'approver', { digest })
  const { enrolmentToken } = approved.json<{ enrolmentToken: string }>()
  expect(await reached()).toEqual(['applied', 'approved-once', 'approved'])

  expect((await registry.enrol(key, ura, enrolmentToken)).status).toBe(200)
  expect(await reached()).toEqual(['applied', 'approved-once', 'approved', 'enrolled'])
  const { enrolled } = await see()
  expect(enrolled?.peerId).toBe(key.peerId)
  const certificates = await registry.certificates()
  expect(certificates.find(({ serial }) => serial === enrolled?.serial)).toMatchObject({
    ...{ ura, status: 'valid', daysLeft: 29 },
    approvedBy: ['administrator', 'approver'],
  })
})

test('a token of an application with a key is worth nothing for another key, and says no more than that', async () => {
  const ura = nextUra()
  const key = NodeKey.generate()
  const csr = await csrOf(key, ura)
  const { id } = await submit({ ...applicationOf(ura), csr })
  await approve(id, 'administrator')
  const { enrolmentToken } = (await approve(id, 'approver')).json<{ enrolmentToken: string }>()
  const stolen = await registry.enrol(NodeKey.generate(), ura, enrolmentToken)
  const unknown = await registry.enrol(NodeKey.generate(), ura, 'not-a-token')
  const { instance: _, ...said } = stolen.json()
  expect(unknown.json()).toMatchObject(said)
  expect(outcome(stolen)).toEqual([401, 'ENROLMENT_TOKEN_INVALID'])
  expect((await registry.call('GET', '/metrics')).body.toString()).toContain(
    'outcome="KEY_OTHER_THAN_APPLIED"',
  )
  expect((await registry.enrol(key, ura, enrolmentToken)).status).toBe(200)
})

test('nobody approves an application without a key: who sees the enrolment token could bring their own', async () => {
  const ura = nextUra()
  const key = NodeKey.generate()
  const { id, change } = await submit(applicationOf(ura))
  const first = await approve(id, 'administrator')
  expect([...outcome(first), first.json().detail]).toEqual([422, 'CHECK_FAILED', 'KEY_NOT_GIVEN'])
  expect((await asStaff(id)).approvals).toEqual([])
  // The applicant adds it later.
  expect((await change(await provenApplicationOf(ura, key))).status).toBe(200)
  expect((await approve(id, 'administrator')).status).toBe(202)
  // And does not take it away between the two.
  await change({ ...applicationOf(ura), csr: '' })
  expect(outcome(await approve(id, 'approver'))).toEqual([422, 'CHECK_FAILED'])
  await change(await provenApplicationOf(ura, key))
  await approve(id, 'administrator')
  const { enrolmentToken } = (await approve(id, 'approver')).json<{ enrolmentToken: string }>()
  expect(outcome(await registry.enrol(NodeKey.generate(), ura, enrolmentToken))).toEqual([
    ...[401, 'ENROLMENT_TOKEN_INVALID'],
  ])
  expect((await registry.enrol(key, ura, enrolmentToken)).status).toBe(200)
})

test('only who holds its status token sees or changes an application, and nobody learns that it exists', async () => {
  const { id, statusToken } = await submit(applicationOf(nextUra()))
  const other = await submit(applicationOf(nextUra()))
  const text = { text: 'hallo' }
  for (const token of [undefined, '', 'wrong', other.statusToken, statusToken.slice(1)]) {
    const headers: Record<string, string> = token === undefined ? {} : { 'x-twiin-status-token': token }
    for (const [method, place, json] of [
      ['GET', id, undefined],
      ['PUT', id, applicationOf(nextUra())],
      ['POST', `${id}/messages`, text],
      ['GET', 'nowhere', undefined],
    ] as const) {
      const answer = await registry.call(method, `${path}/${place}`, { headers, ...(json && { json }) })
      expect([token, method, ...outcome(answer)]).toEqual([token, method, 401, 'NOT_AUTHENTICATED'])
    }
  }
  const headers = { 'x-twiin-status-token': statusToken }
  // What only the registry's people do, the applicant cannot do either.
  for (const [method, place, json] of [
    ['GET', '', undefined],
    ['POST', `/${id}/approvals`, undefined],
    ['POST', `/${id}/rejection`, { reason: 'unknown' }],
    ['DELETE', `/${id}/contacts`, undefined],
  ] as const)
    expect(outcome(await registry.call(method, path + place, { headers, ...(json && { json }) }))).toEqual([
      401,
      'NOT_AUTHENTICATED',
    ])
  const missing = await registry.call('GET', `${path}/nowhere`, { as: 'approver' })
  expect(outcome(missing)).toEqual([404, 'NOT_FOUND'])
  // Its token is nowhere on disk either.
  expect(await registry.read('data/ledger.jsonl')).not.toContain(statusToken)
})

test('a change by the applicant makes an approval void, and the second person sees whose', async () => {
  const ura = nextUra()
  const { id, change, see } = await submit({ ...(await provenApplicationOf(ura)), contacts })
  const { digest } = await asStaff(id)
  expect((await approve(id, 'administrator', { digest })).status).toBe(202)
  expect((await change({ ...applicationOf(ura), contacts, phone: '0101234567' })).status).toBe(200)
  const changed = await asStaff(id)
  expect(changed.approvals).toEqual([])
  expect(changed.voided?.map(({ by }) => by)).toEqual(['administrator'])
  expect((await see()).voided?.map(({ by }) => by)).toEqual([undefined])
  expect(outcome(await approve(id, 'approver', { digest }))).toEqual([409, 'APPLICATION_CHANGED'])
  expect((await approve(id, 'approver', { digest: changed.digest })).status).toBe(202)
  expect((await approve(id, 'administrator', { digest: changed.digest })).status).toBe(200)
  expect(outcome(await change(applicationOf(ura)))).toEqual([409, 'APPLICATION_CLOSED'])
})

test('an approval names what was looked at: one that does not say it is none', async () => {
  const { id } = await submit(applicationOf(nextUra()))
  const bare = (json?: object) =>
    registry.call('POST', `${path}/${id}/approvals`, { as: 'approver', ...(json && { json }) })
  for (const answer of [await bare(), await bare({}), await bare({ confirm: 'Clinic' })])
    expect(outcome(answer)).toEqual([400, 'VALIDATION'])
  expect((await asStaff(id)).approvals).toEqual([])
})

test('an approval asks for the name when it is given one, and for checks that did not fail', async () => {
  const { id, change } = await submit({
    ...(await provenApplicationOf(nextUra())),
    mailboxes: ['Radiologie', 'radiologie'],
  })
  const failed = await approve(id, 'administrator')
  expect(outcome(failed)).toEqual([422, 'CHECK_FAILED'])
  expect(failed.json().detail).toBe('MAILBOX_TWICE')
  const ura = nextUra()
  await change(await provenApplicationOf(ura))
  const confirm = 'Clinic Somebody Else'
  expect(outcome(await approve(id, 'administrator', { confirm }))).toEqual([422, 'NAME_NOT_CONFIRMED'])
  expect((await approve(id, 'administrator', { confirm: `Clinic ${ura}` })).status).toBe(202)
})

test('a rejection has a reason, a code, that the applicant sees; it is the end', async () => {
  const { id, see } = await submit(applicationOf(nextUra()))
  const reject = (reason: string) =>
    registry.call('POST', `${path}/${id}/rejection`, { as: 'approver', json: { reason } })
  expect(outcome(await reject('Jan zei dat het niet mag'))).toEqual([400, 'VALIDATION'])
  expect((await reject('notACareProvider')).json()).toMatchObject({
    state: 'rejected',
    reason: 'notACareProvider',
  })
  expect(await see()).toMatchObject({ state: 'rejected', reason: 'notACareProvider' })
  expect(outcome(await approve(id, 'administrator'))).toEqual([409, 'APPLICATION_CLOSED'])
  expect(outcome(await reject('duplicate'))).toEqual([409, 'APPLICATION_CLOSED'])
})

test('the people in an application can be erased', async () => {
  const { id, see } = await submit({ ...applicationOf(nextUra()), contacts, remarks: 'Vraag naar Jo' })
  const erased = await registry.call('DELETE', `${path}/${id}/contacts`, { as: 'administrator' })
  expect(erased.status).toBe(200)
  for (const shown of [erased.json<Detail>(), await see()])
    expect([shown.contacts, shown.remarks, shown.messages]).toEqual([[], undefined, []])
})

test('strangers apply five times an hour from one address; the registry’s people as often as they like', async () => {
  await using strict = await TestRegistry.create()
  const post = (options: object) => strict.call('POST', path, { json: applicationOf(nextUra()), ...options })
  for (let i = 0; i < 5; i++) expect((await post({})).status).toBe(201)
  expect(outcome(await post({}))).toEqual([429, 'TOO_MANY_ATTEMPTS'])
  expect((await post({ as: 'administrator' })).status).toBe(201)
  // A wrong token is no stranger.
  expect(outcome(await post({ headers: { authorization: 'Bearer wrong' } }))).toEqual([
    401,
    'NOT_AUTHENTICATED',
  ])
})

/** What anybody may call; what each lets out has its own tests. Everything else is for people of the registry. */
const open = new Set([
  ...['GET /self-tests', 'GET /self-tests/{run}', 'GET /self-tests/waiting'],
  ...['POST /session', 'DELETE /session', 'POST /applications', 'POST /announcements', 'POST /reports'],
  ...[
    'GET /bundle',
    'GET /directory',
    'GET /statistics',
    'GET /statistics.csv',
    'POST /statistics/simulation',
  ],
  ...[
    'GET /log/checkpoint',
    'GET /log/state',
    'GET /log/entries',
    'GET /log/inclusion',
    'GET /log/consistency',
  ],
  ...['GET /log/evidence/{serial}', 'POST /log/cosignatures', 'POST /log/witnessed'],
])

test('nobody without a token of the two people decides, lists or reads anything: no call of the description', async () => {
  // What an applicant may call by a header of their own is judged after its shape.
  const bodies = { PUT: applicationOf('10000001'), POST: { reason: 'unspecified' } }
  const bodyOf = (method: 'PUT' | 'POST', place: string) =>
    place.endsWith('/messages') ? { text: 'x' } : bodies[method]
  const described = (await registry.call('GET', '/openapi.json')).json<{ paths: Record<string, object> }>()
  const all = Object.entries(described.paths).flatMap(([place, operations]) =>
    Object.keys(operations).map((method) => [method.toUpperCase(), place] as const),
  )
  const calls = all
    .filter(([, place]) => place.startsWith('/api/v1/'))
    .filter(([method, place]) => !open.has(`${method} ${place.replace('/api/v1', '')}`))
    .map(
      ([method, place]) =>
        [method as 'GET' | 'PUT' | 'POST' | 'DELETE', place.replace(/\{\w+\}/g, '00ff')] as const,
    )
  for (const known of [
    'DELETE contacts',
    'POST messages',
    'POST self-tests',
    'GET backup',
    'GET applications',
  ])
    expect(calls.map(([method, place]) => `${method} ${place.split('/').at(-1)}`)).toContain(known)
  for (const [method, place] of calls) {
    for (const authorization of [undefined, '', 'Bearer', 'Bearer wrong', 'Basic YTpi']) {
      const answer = await registry.call(method, place, {
        headers: authorization === undefined ? {} : { authorization },
        ...((method === 'PUT' || method === 'POST') && { json: bodyOf(method, place) }),
      })
      expect([place, ...outcome(answer)]).toEqual([place, 401, 'NOT_AUTHENTICATED'])
      expect(answer.headers['content-type']).toContain('application/problem+json')
    }
  }
})

test('what would not fit in a certificate, or in the inbox, is refused before anybody looks at it', async () => {
  const good = applicationOf('10000001')
  const [contact] = contacts
  const bad = [
    { ...good, ura: '1000001' },
    { ...good, organisation: '' },
    { ...good, organisation: 'x'.repeat(65) },
    { ...good, organisation: 'two\nlines' },
    { ...good, declaredPatients: -1 },
    { ...good, declaredPatients: 20_000_001 },
    { ...good, category: 'bank' },
    { ...good, extra: true },
    { ...good, peerId: NodeKey.generate().peerId },
    { ...good, level: 5 },
    { ...good, kvk: '1234' },
    { ...good, phone: 'bel mij' },
    { ...good, remarks: 'x'.repeat(1_001) },
    { ...good, remarks: 'left\u202eright' },
    { ...good, contacts: Array.from({ length: 7 }, () => contact) },
    { ...good, contacts: [{ ...contact, role: 'boss' }] },
    { ...good, contacts: [{ ...contact, email: 'no address' }] },
    { ...good, contacts: [{ ...contact, name: 'Jo\nVoorbeeld' }] },
    { ...good, contacts: [{ ...contact, bsn: '999990019' }] },
    { ...good, csr: 'not base64!' },
    { ...good, csr: 'A'.repeat(8_193) },
  ]
  for (const json of bad) {
    const answer = await registry.call('POST', path, { as: 'administrator', json })
    expect([json, ...outcome(answer)]).toEqual([json, 400, 'VALIDATION'])
  }
  const csr = { ...good, csr: Buffer.from('no request').toString('base64') }
  expect(outcome(await registry.call('POST', path, { json: csr }))).toEqual([422, 'CSR_INVALID'])
  const { id } = await submit(good)
  for (const text of ['', 'x'.repeat(1_001), 'a\u0000b'])
    expect(
      outcome(await registry.call('POST', `${path}/${id}/messages`, { as: 'approver', json: { text } })),
    ).toEqual([400, 'VALIDATION'])
  const huge = await registry.call('POST', path, { json: { ...good, remarks: 'x'.repeat(100_000) } })
  expect(huge.status).toBe(413)
})
