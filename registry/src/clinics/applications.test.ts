import { expect, test } from 'vitest'
import { TestRegistry, applicationOf } from '../testing.ts'

test('two different people approve, and the token is shown once', async () => {
  await using registry = await TestRegistry.create()
  const json = applicationOf('10000001')
  const applied = await registry.call('POST', '/api/v1/applications', { as: 'approver', json })
  expect(applied.status).toBe(201)
  const { id } = applied.json<{ id: string }>()
  const approve = (as: 'administrator' | 'approver') =>
    registry.call('POST', `/api/v1/applications/${id}/approvals`, { as })

  const first = await approve('approver')
  expect([first.status, first.json().enrolmentToken]).toEqual([202, undefined])
  const again = await approve('approver')
  expect([again.status, again.json().code]).toEqual([409, 'SECOND_PERSON_REQUIRED'])
  const second = await approve('administrator')
  expect(second.status).toBe(200)
  const { enrolmentToken } = second.json<{ enrolmentToken: string }>()
  expect(enrolmentToken).toMatch(/^([0-9a-f]{4}-){7}[0-9a-f]{4}$/)
  const third = await approve('administrator')
  expect([third.status, third.json().code]).toEqual([409, 'APPLICATION_CLOSED'])

  const list = await registry.call('GET', '/api/v1/applications', { as: 'administrator' })
  expect(list.json()).toMatchObject([{ id, ura: '10000001', state: 'approved', mailboxes: ['radiology'] }])
  const ledger = await registry.read('data/ledger.jsonl')
  expect(ledger).not.toContain(enrolmentToken)
  expect(ledger).not.toContain(enrolmentToken.replaceAll('-', ''))
})

test('a newer application of a clinic takes the place of an open one', async () => {
  await using registry = await TestRegistry.create()
  const apply = async () =>
    (
      await registry.call('POST', '/api/v1/applications', {
        as: 'administrator',
        json: applicationOf('10000001'),
      })
    ).json<{ id: string }>().id
  const older = await apply()
  await apply()
  const answer = await registry.call('POST', `/api/v1/applications/${older}/approvals`, { as: 'approver' })
  expect(answer.json().code).toBe('APPLICATION_CLOSED')
})

test('nobody without a token of the two people changes or lists anything', async () => {
  await using registry = await TestRegistry.create()
  const json = applicationOf('10000001')
  const calls = [
    ['GET', '/api/v1/applications'],
    ['POST', '/api/v1/applications'],
    ['POST', '/api/v1/applications/x/approvals'],
    ['GET', '/api/v1/certificates'],
    ['POST', '/api/v1/certificates/00ff/revocation'],
  ] as const
  for (const [method, path] of calls) {
    for (const authorization of ['', 'Bearer', 'Bearer wrong', 'Basic YTpi']) {
      const answer = await registry.call(method, path, {
        headers: { authorization },
        ...(method === 'POST' && { json }),
      })
      expect([path, answer.status, answer.json().code]).toEqual([path, 401, 'NOT_AUTHENTICATED'])
      expect(answer.headers['content-type']).toContain('application/problem+json')
    }
  }
})

test('what would not fit in a certificate is refused before anybody approves it', async () => {
  await using registry = await TestRegistry.create()
  const good = applicationOf('10000001')
  const bad = [
    { ...good, ura: '1000001' },
    { ...good, organisation: '' },
    { ...good, organisation: 'x'.repeat(65) },
    { ...good, organisation: 'two\nlines' },
    { ...good, declaredPatients: -1 },
    { ...good, declaredPatients: 20_000_001 },
    { ...good, category: 'bank' },
    { ...good, extra: true },
  ]
  for (const json of bad) {
    const answer = await registry.call('POST', '/api/v1/applications', { as: 'administrator', json })
    expect([json, answer.status, answer.json().code]).toEqual([json, 400, 'VALIDATION'])
  }
})
