import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { runCli } from '../cli.ts'
import { TestRegistry, applicationOf, csrOf, provenApplicationOf } from '../testing.ts'
import { visible } from './command-line.ts'

let registry: TestRegistry
beforeAll(async () => {
  registry = await TestRegistry.create()
}, 60_000)
afterAll(() => registry[Symbol.asyncDispose]())
afterEach(() => vi.restoreAllMocks())

/** What the command writes to standard output. */
async function text(...args: string[]): Promise<string> {
  let written = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    written += String(chunk)
    return true
  })
  try {
    await runCli(['node', 'twiin-registry', ...args, '--config', join(registry.dir, 'registry.yaml')])
  } finally {
    vi.restoreAllMocks()
  }
  return written
}
const json = async <T = Record<string, unknown>>(...args: string[]) =>
  JSON.parse(await text(...args, '--json')) as T
const submit = async (form: object) =>
  (await registry.call('POST', '/api/v1/applications', { json: form })).json<{ id: string }>().id
async function member(ura: string): Promise<string> {
  await registry.member(ura)
  return (await registry.certificates()).find((one) => one.ura === ura)?.serial ?? ''
}
const status = async (serial: string) =>
  (await json<{ status: string }>('certificates', 'show', serial)).status

test('an application is listed, shown, answered, approved by one and then by the other, who gets the token', async () => {
  const key = NodeKey.generate()
  const id = await submit(await provenApplicationOf('10000001', key))
  expect(await text('applications', 'list')).toContain(`${id}  10000001  open        0/2`)
  const shown = await json<{ checks: { name: string; detail?: string }[]; digest: string }>(
    ...['applications', 'show', id],
  )
  expect(shown.checks.find(({ name }) => name === 'kvk')?.detail).toBe('KVK_MISSING')
  await text('applications', 'message', id, 'Wij bellen u', '--as', 'approver')
  expect(await json('applications', 'show', id)).toMatchObject({ messages: [{ text: 'Wij bellen u' }] })
  const old = ['--digest', '0'.repeat(64)]
  await expect(text('applications', 'approve', id, '--as', 'approver', ...old)).rejects.toThrow(
    'APPLICATION_CHANGED',
  )
  const now = ['--digest', shown.digest]
  const first = await json('applications', 'approve', id, '--as', 'approver', ...now)
  expect(first).toEqual({ id, ura: '10000001', organisation: 'Clinic 10000001', state: 'recorded' })
  // As both, of whom one has spoken: the other's word is what is missing.
  const both = await json<{ state: string; enrolmentToken: string }>('applications', 'approve', id, ...now)
  expect(both.state).toBe('approved')
  expect((await registry.enrol(key, '10000001', both.enrolmentToken)).status).toBe(200)
})

test('`clinic add` admits a clinic with the key of its certificate request, and with that only', async () => {
  const key = NodeKey.generate()
  const ura = '10000011'
  const base64 = await csrOf(key, ura)
  await registry.write(
    'node.csr',
    `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----\n`,
  )
  await registry.write('no.csr', 'hello')
  const add = <T>(file: string) =>
    json<T>(
      ...['clinic', 'add', '--ura', ura, '--name', `Clinic ${ura}`, '--patients', '900'],
      ...['--csr', join(registry.dir, file)],
    )
  await expect(add('missing.csr')).rejects.toThrow('CSR_FILE_UNREADABLE')
  await expect(add('no.csr')).rejects.toThrow('CSR_FILE_UNREADABLE')
  const { enrolmentToken } = await add<{ enrolmentToken: string }>('node.csr')
  expect((await registry.enrol(NodeKey.generate(), ura, enrolmentToken)).status).toBe(401)
  expect((await registry.enrol(key, ura, enrolmentToken)).status).toBe(200)
})

test('an application is rejected, and the people in it are erased', async () => {
  const contacts = [{ role: 'privacy', name: 'Jo Voorbeeld', email: 'jo@kliniek.example' }]
  const id = await submit({ ...applicationOf('10000002'), contacts })
  await text('applications', 'reject', id, '--reason', 'duplicate', '--as', 'approver')
  await text('applications', 'erase-contacts', id, '--as', 'administrator')
  expect(await json('applications', 'show', id)).toMatchObject({
    ...{ state: 'rejected', reason: 'duplicate', contacts: [] },
  })
})

test('one person’s revocation waits, is listed, and is taken back by that person only', async () => {
  const serial = await member('10000003')
  const revoke = ['revoke', '--serial', serial, '--reason', 'keyCompromise']
  const recorded = await json<{ state: string; request: string }>(...revoke, '--as', 'approver')
  expect(recorded.state).toBe('recorded')
  expect(await text('requests', 'list')).toContain(`revocation  ${serial}  keyCompromise  by approver`)
  const withdraw = ['requests', 'withdraw', recorded.request, '--as']
  await expect(text(...withdraw, 'administrator')).rejects.toThrow('REQUEST_OF_ANOTHER')
  await text(...withdraw, 'approver')
  expect(await json('requests', 'list')).toEqual([])
  expect(await json(...revoke)).toEqual({ serial, state: 'revoked' })
  await expect(text(...revoke)).rejects.toThrow('ALREADY_REVOKED')
})

test('one person suspends in an emergency; the other one reviews it, and both resume', async () => {
  const serial = await member('10000004')
  const suspend = ['suspend', '--serial', serial, '--emergency', '--as', 'approver']
  expect(await json(...suspend)).toEqual({ serial, state: 'suspended' })
  expect(await text('requests', 'reviews')).toContain(
    `${serial}  10000004  suspended  certificateHold  by approver`,
  )
  const review = ['review', '--serial', serial, '--as']
  await expect(text(...review, 'approver', '--upheld')).rejects.toThrow('SECOND_PERSON_REQUIRED')
  await expect(text(...review, 'administrator')).rejects.toThrow('UPHELD_OR_NOT_NEEDED')
  expect(await json(...review, 'administrator', '--upheld')).toEqual({ serial, state: 'suspended' })
  expect(await status(serial)).toBe('suspended')
  expect(await json('resume', '--serial', serial)).toEqual({ serial, state: 'valid' })
  expect(await json(...suspend)).toEqual({ serial, state: 'suspended' })
  expect(await json(...review, 'administrator', '--not-upheld')).toEqual({ serial, state: 'valid' })
  expect(await status(serial)).toBe('valid')
})

test('a quota is set and taken back; organisations and the directory show how things stand', async () => {
  const serial = await member('10000005')
  const set = ['quota', 'set', '--ura', '10000005', '--reason', 'moreWork']
  await expect(text(...set)).rejects.toThrow('TOKENS_PER_DAY_OR_DEFAULT_NEEDED')
  const first = await json(...set, '--tokens-per-day', '9000', '--as', 'approver')
  expect(first).toMatchObject({ state: 'recorded' })
  expect(await json(...set, '--tokens-per-day', '9000')).toMatchObject({ state: 'set', tokensPerDay: 9_000 })
  expect(await text('organisations')).toContain(`10000005  testing     ${serial}  9000 tokens a day`)
  expect(await json(...set, '--default')).toMatchObject({ state: 'set', tokensPerDay: 5_000 })
  const { length } = await json<object[]>('directory')
  expect(await text('directory')).toContain('10000005  clinic    testing')
  expect(length).toBeGreaterThan(0)
})

test('`certificates` alone lists, as it always did', async () => {
  const serial = await member('10000006')
  const lists = [await json<object[]>('certificates'), await json<object[]>('certificates', 'list')]
  expect(lists[0]).toEqual(lists[1])
  expect(await text('certificates')).toContain(`${serial}  10000006  valid      until `)
})

test('what a stranger wrote is one line, whatever stands in it: it forges none and moves no cursor', async () => {
  const remarks = 'Dag\nstate: approved'
  const id = await submit({ ...applicationOf('10000009'), remarks })
  const shown = await text('applications', 'show', id)
  expect(shown.split('\n').filter((line) => line.startsWith('state: '))).toEqual(['state: open'])
  expect(shown).toContain(String.raw`remarks: Dag\u000astate: approved`)
  expect(visible('\u001b[2J\u009b2J\u202e\u{e0001} ë')).toBe(
    String.raw`\u001b[2J\u009b2J\u202e\udb40\udc01 ë`,
  )
  expect(await json('applications', 'show', id)).toMatchObject({ remarks })
  const [certificate] = await registry.certificates()
  expect(await text('certificates', 'show', certificate?.serial ?? '')).toContain('CERTIFICATE-----\n')
})

test('who acts in an emergency says as whom', async () => {
  const serial = await member('10000008')
  const suspend = ['suspend', '--serial', serial, '--emergency']
  await expect(text(...suspend)).rejects.toThrow('EMERGENCY_NEEDS_AS')
  expect(await status(serial)).toBe('valid')
})
