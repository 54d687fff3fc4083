import { join } from 'node:path'
import { Sealer } from '@twiin/store'
import { hashPassword, newSecret } from '@twiin/web'
import { cheapPassword, codeAt } from '@twiin/web/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { AccountsFile } from '../people/accounts-file.ts'
import { sealSecret } from '../people/sealed-secret.ts'
import { TestRegistry, provenApplicationOf } from '../testing.ts'
import type { Answer } from '../testing.ts'

const password = 'een lang wachtwoord'
const secret = newSecret()
const hash = hashPassword(password, cheapPassword)
const minute = 60_000
const keyCompromise = { reason: 'keyCompromise' }
let registry: TestRegistry
let file: AccountsFile
let serial = ''
let lastUra = 10_000_000
beforeAll(async () => {
  registry = await TestRegistry.create()
  file = new AccountsFile({ file: join(registry.dir, 'people.json') })
  for (const [id, role] of [
    ['administrator', 'administrator'],
    ['jansen', 'administrator'],
    ['bakker', 'auditor'],
  ] as const)
    await put(id, role)
}, 60_000)
afterAll(() => registry[Symbol.asyncDispose]())
beforeEach(async () => {
  await registry.clock.advance(70 * minute)
  const ura = String(++lastUra)
  await registry.member(ura)
  serial = (await registry.certificates()).find((one) => one.ura === ura)?.serial ?? ''
})

async function put(id: string, role: 'administrator' | 'auditor'): Promise<void> {
  const sealer = await Sealer.open(join(registry.dir, 'keys/master.key'))
  const totpSecret = sealSecret(sealer, id, secret)
  await file.put({ id, name: `${id} (fictief)`, role, password: await hash, totpSecret })
}

/** Somebody at a page: their cookie, confirmed by a second code. */
async function atPage(username: string, isConfirmed = true): Promise<Record<string, string>> {
  const nextCode = async () => {
    await registry.clock.advance(31_000)
    return codeAt(secret, registry.clock.now())
  }
  const json = { username, password, code: await nextCode() }
  const begun = await registry.call('POST', '/api/v1/session', { json })
  expect(begun.status).toBe(200)
  const cookie = begun.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  const headers = { cookie, 'x-twiin-csrf': '1' }
  if (isConfirmed)
    await registry.call('POST', '/api/v1/session/confirmation', { headers, json: { code: await nextCode() } })
  return headers
}
type By = { as: 'administrator' | 'approver' } | { headers: Record<string, string> }
const act = (what: string, by: By, json: object = keyCompromise) =>
  registry.call('POST', `/api/v1/certificates/${serial}/${what}`, { ...by, json })
const outcome = (answer: Answer) => [answer.status, answer.json<{ code?: string }>().code]
const status = async () => (await registry.certificates()).find((one) => one.serial === serial)?.status
async function revokedLines(): Promise<string[]> {
  const lines = (await registry.read('data/ledger.jsonl')).split('\n')
  return lines.filter((line) => line.includes('"act":"revoked"') && line.includes(serial))
}

test('one person at a page and with a bearer token is one person', async () => {
  const headers = await atPage('administrator')
  expect((await act('revocation', { headers })).status).toBe(202)
  expect(outcome(await act('revocation', { as: 'administrator' }))).toEqual([409, 'SECOND_PERSON_REQUIRED'])
  expect(await status()).toBe('valid')
  const application = await registry.call('POST', '/api/v1/applications', {
    ...{ as: 'administrator', json: await provenApplicationOf(String(++lastUra)) },
  })
  const { id, digest } = application.json<{ id: string; digest: string }>()
  const approve = (by: By) =>
    registry.call('POST', `/api/v1/applications/${id}/approvals`, { ...by, json: { digest } })
  expect((await approve({ as: 'administrator' })).status).toBe(202)
  expect(outcome(await approve({ headers }))).toEqual([409, 'SECOND_PERSON_REQUIRED'])
  expect((await approve({ as: 'approver' })).status).toBe(200)
  expect((await act('revocation', { as: 'approver' })).status).toBe(200)
})

test('of many calls of one person at the same moment one counts, and it counts once', async () => {
  const headers = await atPage('administrator')
  const calls = Array.from({ length: 24 }, (_, i) =>
    act('revocation', i % 2 === 0 ? { headers } : { as: 'administrator' }),
  )
  const statuses = (await Promise.all(calls)).map((answer) => answer.status)
  expect(statuses.filter((one) => one === 202)).toHaveLength(1)
  expect(statuses.filter((one) => one === 409)).toHaveLength(23)
  expect(await status()).toBe('valid')
})

test('of many calls of two people at the same moment the revocation happens once', async () => {
  const calls = Array.from({ length: 12 }, (_, i) =>
    act('revocation', { as: i % 2 === 0 ? 'administrator' : 'approver' }),
  )
  const statuses = (await Promise.all(calls)).map((answer) => answer.status)
  expect([
    statuses.filter((one) => one === 202).length,
    statuses.filter((one) => one === 200).length,
  ]).toEqual([1, 1])
  expect(await status()).toBe('revoked')
  expect(await revokedLines()).toHaveLength(1)
})

test('when two people give different reasons the first one’s stands', async () => {
  await act('revocation', { as: 'approver' }, { reason: 'affiliationChanged' })
  expect((await act('revocation', { as: 'administrator' })).status).toBe(200)
  const [line = ''] = await revokedLines()
  expect(JSON.parse(line)).toMatchObject({ reason: 'affiliationChanged', by: ['approver', 'administrator'] })
})

test('what somebody types as a reason does not get into the public log', async () => {
  await act('revocation', { as: 'approver' }, { reason: 'Jan heeft de sleutel verloren' })
  await act('revocation', { as: 'administrator' }, { reason: 'gone' })
  expect(await status()).toBe('revoked')
  const ledger = await registry.read('data/ledger.jsonl')
  expect(ledger).not.toContain('Jan heeft')
  expect(ledger).toContain('"reason":"unspecified"')
})

test('a page that was confirmed more than five minutes ago, or never, does nothing that cannot be undone', async () => {
  const fresh = await atPage('jansen', false)
  const calls = ['revocation', 'suspension', 'resumption'] as const
  for (const what of calls)
    expect(outcome(await act(what, { headers: fresh }))).toEqual([403, 'CONFIRMATION_REQUIRED'])
  expect(outcome(await act('review', { headers: fresh }, { upheld: true }))).toEqual([
    403,
    'CONFIRMATION_REQUIRED',
  ])
  const quota = { json: { tokensPerDay: 1, reason: 'abuse' } }
  const setQuota = (headers: Record<string, string>) =>
    registry.call('POST', `/api/v1/organisations/${lastUra}/quota`, { headers, ...quota })
  expect(outcome(await setQuota(fresh))).toEqual([403, 'CONFIRMATION_REQUIRED'])
  // One that fails may take a member from exchanging.
  const ordered = await registry.call('POST', '/api/v1/self-tests', {
    ...{ headers: fresh, json: { peerId: registry.runtime.peerId } },
  })
  expect(outcome(ordered)).toEqual([403, 'CONFIRMATION_REQUIRED'])
  const headers = await atPage('jansen')
  expect((await act('revocation', { headers })).status).toBe(202)
  await registry.clock.advance(5 * minute + 1)
  expect(outcome(await act('suspension', { headers }))).toEqual([403, 'CONFIRMATION_REQUIRED'])
  expect(outcome(await setQuota(headers))).toEqual([403, 'CONFIRMATION_REQUIRED'])
  // Looking and taking back need no code.
  const requests = await registry.call('GET', '/api/v1/requests', { headers })
  const mine = requests.json<{ id: string; request: { serial: string } }[]>().at(-1)
  expect(mine?.request.serial).toBe(serial)
  expect((await registry.call('DELETE', `/api/v1/requests/${mine?.id}`, { headers })).status).toBe(204)
})

test('an auditor sees what waits, and can do none of it', async () => {
  const headers = await atPage('bakker')
  await act('revocation', { as: 'approver' })
  const requests = await registry.call('GET', '/api/v1/requests', { headers })
  expect(requests.json<object[]>().at(-1)).toMatchObject({
    by: 'approver',
    request: { kind: 'revocation', serial, reason: 'keyCompromise' },
  })
  const people = await registry.call('GET', '/api/v1/people', { headers })
  expect(people.json()).toEqual([
    { id: 'approver', role: 'administrator' },
    { id: 'administrator', role: 'administrator' },
    { id: 'jansen', role: 'administrator' },
    { id: 'bakker', role: 'auditor' },
  ])
  for (const what of ['revocation', 'suspension', 'resumption'])
    expect(outcome(await act(what, { headers }))).toEqual([403, 'ROLE_NOT_PERMITTED'])
  expect(await status()).toBe('valid')
})

test('a request is taken back by who asked, and by nobody else; then it takes two people again', async () => {
  const { request } = (await act('revocation', { as: 'approver' })).json<{ request: string }>()
  const withdraw = (as: 'administrator' | 'approver', id = request) =>
    registry.call('DELETE', `/api/v1/requests/${id}`, { as })
  expect(outcome(await withdraw('administrator'))).toEqual([403, 'REQUEST_OF_ANOTHER'])
  expect((await withdraw('approver')).status).toBe(204)
  expect(outcome(await withdraw('approver'))).toEqual([404, 'NOT_FOUND'])
  expect((await act('revocation', { as: 'administrator' })).status).toBe(202)
  expect(await status()).toBe('valid')
})

test('what somebody asked for or approved is worth nothing once their account is gone, or only looks on', async () => {
  for (const leave of [() => file.remove('jansen'), () => put('jansen', 'auditor')]) {
    const headers = await atPage('jansen')
    const json = await provenApplicationOf(String(++lastUra))
    const applied = await registry.call('POST', '/api/v1/applications', { as: 'approver', json })
    const { id, digest } = applied.json<{ id: string; digest: string }>()
    const approve = (by: By) =>
      registry.call('POST', `/api/v1/applications/${id}/approvals`, { ...by, json: { digest } })
    expect([(await approve({ headers })).status, (await act('revocation', { headers })).status]).toEqual([
      202, 202,
    ])
    await leave()
    expect((await act('revocation', { headers })).status).toBe(401)
    expect([
      (await approve({ as: 'approver' })).status,
      (await act('revocation', { as: 'approver' })).status,
    ]).toEqual([202, 202])
    expect(await status()).toBe('valid')
    await put('jansen', 'administrator')
    expect((await act('revocation', { as: 'administrator' })).status).toBe(200)
    const ura = String(++lastUra)
    await registry.member(ura)
    serial = (await registry.certificates()).find((one) => one.ura === ura)?.serial ?? ''
  }
  const lines = (await registry.read('data/ledger.jsonl')).split('\n')
  expect(lines.some((line) => line.includes('"act":"person-dismissed","id":"jansen","by":"console"'))).toBe(
    true,
  )
  expect(lines.join()).not.toContain('fictief')
})

test('an account by the id of a bearer token may come and go: the person is still there', async () => {
  await put('approver', 'administrator')
  expect((await act('suspension', { as: 'approver' })).status).toBe(202)
  await file.remove('approver')
  expect((await act('suspension', { as: 'administrator' })).status).toBe(200)
  expect((await act('resumption', { as: 'approver' })).status).toBe(202)
})
