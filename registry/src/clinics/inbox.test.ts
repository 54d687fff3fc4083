import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Books } from '../ledger/books.ts'
import { applicationOf, csrOf, provenApplicationOf } from '../testing.ts'
import { Applications } from './applications.ts'
import { checksOf } from './automatic-checks.ts'
import { Inbox } from './inbox.ts'
import { approvalsOf, standingOf } from './standing.ts'
import type { Form } from './submitted-application.ts'

const day = 86_400_000
const privacy = { role: 'privacy', name: 'Jo Voorbeeld', email: 'privacy@kliniek.example' } as const
let dir = ''
let clock: ManualClock
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-inbox-'))
  clock = new ManualClock(Date.UTC(2026, 10, 1))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Ledger and inbox as they lie in `dir`, without the rest of a registry. */
async function open() {
  const sealer = await Sealer.open(join(dir, 'master.key'))
  const store = new Store({ dir: join(dir, 'store') }, { sealer, log: silentLogger })
  await store.start()
  const books = await Books.open({ file: join(dir, 'ledger.jsonl') }, { clock })
  const inbox = new Inbox({}, { store })
  await inbox.load()
  const applications = new Applications({}, { books, inbox })
  const close = async () => {
    await books.close()
    await store.stop()
  }
  return { applications, books, inbox, close, [Symbol.asyncDispose]: close }
}
type Opened = Awaited<ReturnType<typeof open>>

const standing = ({ applications, books }: Opened, id: string) =>
  standingOf(books.register, applications.get(id)).state
const approvals = ({ applications, books }: Opened, id: string) => {
  const { current, voided } = approvalsOf(books.register, applications.get(id), clock.now())
  return { current: current.map(({ by }) => by), voided: voided.map(({ by }) => by) }
}
const checks = ({ applications, books }: Opened, id: string) =>
  Object.fromEntries(
    checksOf(applications.get(id), {
      register: books.register,
      submitted: applications.list(),
      now: clock.now(),
    }).map(({ name, result, detail }) => [name, detail ?? result]),
  )

test('an approval is of exactly what lay there: any change after it makes it void, also one that is taken back', async () => {
  await using registry = await open()
  const { applications } = registry
  const form = await provenApplicationOf('10000001')
  const { id } = (await applications.submit(form)).submitted
  await applications.approve(id, 'anna')
  const before = applications.get(id).digest
  await applications.change(id, { ...form, declaredPatients: 2_000 })
  expect(approvals(registry, id)).toEqual({ current: [], voided: ['anna'] })
  await applications.change(id, form)
  expect(approvals(registry, id)).toEqual({ current: [], voided: ['anna'] })
  await expect(applications.approve(id, 'bert', { digest: before })).rejects.toThrow('APPLICATION_CHANGED')
  expect((await applications.approve(id, 'bert')).enrolment).toBeUndefined()
  expect((await applications.approve(id, 'anna')).enrolment).toBeDefined()
  expect(approvals(registry, id)).toEqual({ current: ['bert', 'anna'], voided: ['anna'] })
})

test('a first approval is worth nothing after a week: it takes two again', async () => {
  await using registry = await open()
  const { applications } = registry
  const { id } = (await applications.submit(await provenApplicationOf('10000001'))).submitted
  await applications.approve(id, 'anna')
  await clock.advance(7 * 86_400_000)
  expect(approvals(registry, id)).toEqual({ current: [], voided: ['anna'] })
  expect((await applications.approve(id, 'bert')).enrolment).toBeUndefined()
  expect((await applications.approve(id, 'anna')).enrolment).toBeDefined()
  await clock.advance(30 * 86_400_000)
  expect(approvals(registry, id)).toEqual({ current: ['bert', 'anna'], voided: ['anna'] })
})

test('sending the same again is no change, and neither is a message', async () => {
  await using registry = await open()
  const { applications } = registry
  const form = { ...(await provenApplicationOf('10000001')), contacts: [privacy], remarks: 'Graag snel' }
  const { id } = (await applications.submit(form)).submitted
  await applications.approve(id, 'anna')
  await applications.change(id, form)
  await applications.say(id, 'applicant', 'Nog iets nodig?')
  expect((await applications.approve(id, 'bert')).enrolment).toBeDefined()
})

test('contacts and remarks are part of what is approved', async () => {
  await using registry = await open()
  const { applications } = registry
  const form: Form = { ...(await provenApplicationOf('10000001')), contacts: [privacy] }
  const { id } = (await applications.submit(form)).submitted
  for (const changed of [
    { ...form, contacts: [] },
    { ...form, remarks: 'x' },
    { ...form, phone: '0101234567' },
  ]) {
    await applications.approve(id, 'anna')
    await applications.change(id, changed)
    expect(approvals(registry, id).current).toEqual([])
  }
})

test('a second approval and a change that arrive together: what is admitted is what was approved twice', async () => {
  await using registry = await open()
  const { applications, books } = registry
  // In both orders, and with the change already on its way to the disk.
  for (let round = 0; round < 20; round++) {
    const { csr, ...form } = await provenApplicationOf(String(10_000_000 + round))
    const { id } = (await applications.submit({ ...form, csr })).submitted
    await applications.approve(id, 'anna')
    const approve = () => applications.approve(id, 'bert')
    const change = () => applications.change(id, { ...form, declaredPatients: 5_000 })
    const calls = round % 2 === 0 ? [approve(), change()] : [change(), approve()]
    await Promise.allSettled(calls)
    const known = books.register.applications.get(id)
    const { application, digest } = applications.get(id)
    if (known?.state === 'approved') {
      expect(application.declaredPatients).toBe(1_000)
      expect([known.application, known.digest]).toEqual([application, digest])
      expect(round % 2).toBe(0)
    } else {
      expect(application.declaredPatients).toBe(5_000)
      expect(approvals(registry, id)).toEqual({ current: ['bert'], voided: ['anna'] })
    }
  }
})

test('one person who approves many times at once is one person', async () => {
  await using registry = await open()
  const { applications } = registry
  const { id } = (await applications.submit(await provenApplicationOf('10000001'))).submitted
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () => applications.approve(id, 'anna')),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(standing(registry, id)).toBe('open')
})

test('a call that waited while its caller became an auditor does nothing', async () => {
  await using registry = await open()
  const { applications, books } = registry
  const { id } = (await applications.submit(await provenApplicationOf('10000001'))).submitted
  const person = { act: 'person-admitted', id: 'anna', by: 'console' } as const
  await books.record(() => ({ ...person, role: 'administrator' }))
  const demoted = books.record(() => ({ ...person, role: 'auditor' }))
  const waiting = [applications.approve(id, 'anna'), applications.reject(id, 'anna', 'duplicate')]
  await demoted
  for (const call of waiting) await expect(call).rejects.toThrow('ROLE_NOT_PERMITTED')
  await books.record(() => ({ ...person, role: 'administrator' }))
  await applications.approve(id, 'anna')
})

test('the approval of a person who was dismissed counts no more, and neither does a call that waited meanwhile', async () => {
  await using registry = await open()
  const { applications, books } = registry
  const { id } = (await applications.submit(await provenApplicationOf('10000001'))).submitted
  await applications.approve(id, 'anna')
  await books.record(() => ({ act: 'person-dismissed', id: 'anna', by: 'console' }))
  expect((await applications.approve(id, 'bert')).enrolment).toBeUndefined()
  await expect(applications.approve(id, 'anna')).rejects.toThrow('ROLE_NOT_PERMITTED')
  await expect(applications.reject(id, 'anna', 'duplicate')).rejects.toThrow('ROLE_NOT_PERMITTED')
  expect(standing(registry, id)).toBe('open')
})

test('until somebody approves or rejects, nothing of an application is in the ledger; and never its people', async () => {
  await using registry = await open()
  const { applications } = registry
  const form = { ...(await provenApplicationOf('10000001')), contacts: [privacy], remarks: 'Vraag naar Jo' }
  const { id } = (await applications.submit(form)).submitted
  const ledger = () => readFile(join(dir, 'ledger.jsonl'), 'utf8')
  expect(await ledger()).toBe('')
  await applications.say(id, 'applicant', 'Jo is er dinsdag')
  await applications.approve(id, 'anna')
  await applications.approve(id, 'bert')
  expect(await ledger()).toContain('10000001')
  expect(await ledger()).not.toMatch(/Jo|privacy@/)
  await registry.close()
  for (const file of await readdir(join(dir, 'store'))) {
    const bytes = await readFile(join(dir, 'store', file), 'latin1')
    expect(bytes).not.toMatch(/Jo Voorbeeld|privacy@|10000001/)
  }
})

test('a restart has everything again: contents, approvals, messages, refusals and the status token', async () => {
  const first = await open()
  const form = { ...(await provenApplicationOf('10000001')), contacts: [privacy] }
  const { submitted, statusToken } = await first.applications.submit(form)
  const { id } = submitted
  await first.applications.approve(id, 'anna')
  await first.applications.say(id, 'registry', 'Bel even')
  const other = (await first.applications.submit(await provenApplicationOf('10000002'))).submitted
  await first.applications.reject(other.id, 'anna', 'notACareProvider')
  const before = first.applications.list()
  await first.close()

  await using again = await open()
  expect(again.applications.list()).toEqual(before)
  expect(approvals(again, id).current).toEqual(['anna'])
  expect(standing(again, other.id)).toBe('rejected')
  expect(again.applications.ofApplicant(id, statusToken).id).toBe(id)
  expect(() => again.applications.ofApplicant(other.id, statusToken)).toThrow('NOT_AUTHENTICATED')
  expect(() => again.applications.ofApplicant('nowhere', '')).toThrow('NOT_AUTHENTICATED')
  expect((await again.applications.approve(id, 'bert')).enrolment).toBeDefined()
})

test('strangers fill the inbox to its bound and no further; the registry itself has always room', async () => {
  await using registry = await open()
  const { applications } = registry
  const uraOf = (n: number) => String(20_000_000 + n)
  for (let i = 0; i < 200; i++) await applications.submit(applicationOf(uraOf(i)))
  await expect(applications.submit(applicationOf('10000001'))).rejects.toThrow('INBOX_FULL')
  await applications.submit(applicationOf('10000001'), 'anna')
  const [first] = applications.list()
  await applications.reject(first?.id ?? '', 'anna', 'unknown')
  await applications.submit(applicationOf('10000002'))
})

test('of two open applications of a clinic both are pointed at, and the approval of one closes the other', async () => {
  await using registry = await open()
  const { applications } = registry
  const older = (await applications.submit(await provenApplicationOf('10000001'))).submitted.id
  const newer = (await applications.submit(await provenApplicationOf('10000001'))).submitted.id
  expect(checks(registry, older)['other-applications']).toBe('ANOTHER_APPLICATION_OPEN')
  expect(checks(registry, newer)['other-applications']).toBe('ANOTHER_APPLICATION_OPEN')
  // One person's word closes nothing.
  await applications.approve(newer, 'anna')
  await applications.approve(older, 'bert')
  expect([standing(registry, older), standing(registry, newer)]).toEqual(['open', 'open'])
  await applications.approve(newer, 'bert')
  expect([standing(registry, older), standing(registry, newer)]).toEqual(['superseded', 'approved'])
  await expect(applications.approve(older, 'anna')).rejects.toThrow('APPLICATION_CLOSED')
  const later = (await applications.submit(await provenApplicationOf('10000001'))).submitted.id
  expect(standing(registry, later)).toBe('open')
})

test('what came to nothing is forgotten after a while; what was admitted is not', async () => {
  await using registry = await open()
  const { applications } = registry
  const submit = async (ura: string) =>
    (await applications.submit(await provenApplicationOf(ura))).submitted.id
  const [admitted, refused, waiting, approvedOnce] = [
    await submit('10000001'),
    await submit('10000002'),
    await submit('10000003'),
    await submit('10000004'),
  ]
  await applications.approve(admitted, 'anna')
  await applications.approve(admitted, 'bert')
  await applications.approve(approvedOnce, 'anna')
  await applications.reject(refused, 'anna', 'unknown')
  const ids = () => new Set(applications.list().map(({ id }) => id))
  await clock.advance(89 * day)
  await applications.tidy()
  expect(ids()).toEqual(new Set([admitted, refused, waiting, approvedOnce]))
  await clock.advance(2 * day)
  await applications.tidy()
  expect(ids()).toEqual(new Set([admitted, waiting, approvedOnce]))
  await clock.advance(90 * day)
  await applications.tidy()
  expect(ids()).toEqual(new Set([admitted, approvedOnce]))
})

test('the people in an application can be erased; of one that is open that is a change', async () => {
  await using registry = await open()
  const { applications } = registry
  const form = { ...(await provenApplicationOf('10000001')), contacts: [privacy], remarks: 'Vraag naar Jo' }
  const { id } = (await applications.submit(form)).submitted
  await applications.say(id, 'applicant', 'Jo is er dinsdag')
  await applications.approve(id, 'anna')
  await applications.erasePeople(id)
  expect(JSON.stringify(applications.get(id))).not.toMatch(/Jo/)
  expect(approvals(registry, id)).toEqual({ current: [], voided: ['anna'] })
  await applications.change(id, form)
  await applications.approve(id, 'anna')
  await applications.approve(id, 'bert')
  await applications.erasePeople(id)
  expect(JSON.stringify(applications.get(id))).not.toMatch(/Jo/)
  expect(standing(registry, id)).toBe('approved')
  expect(approvals(registry, id).current).toEqual(['anna', 'bert'])
})

test('the key of a certificate request is proven, kept when a form comes without one, and taken away by an empty one', async () => {
  await using registry = await open()
  const { applications } = registry
  const key = NodeKey.generate()
  const form = applicationOf('10000001')
  const csr = await csrOf(key, '10000001')
  const { id } = (await applications.submit({ ...form, csr })).submitted
  const peerId = () => applications.get(id).application.peerId
  expect(peerId()).toBe(key.peerId)
  await applications.change(id, { ...form, declaredPatients: 2_000 })
  expect(peerId()).toBe(key.peerId)
  await applications.change(id, { ...form, csr: '' })
  expect(peerId()).toBeUndefined()
  const altered = Buffer.from(csr, 'base64')
  altered[altered.length - 1]! ^= 1
  await expect(applications.change(id, { ...form, csr: altered.toString('base64') })).rejects.toThrow(
    'CSR_INVALID',
  )
  await expect(applications.submit({ ...form, csr: 'AAAA' })).rejects.toThrow('CSR_INVALID')
})

test('each check says by a code what it found', async () => {
  await using registry = await open()
  const { applications, books } = registry
  const submit = async (form: Partial<Form>, by?: string) =>
    (await applications.submit({ ...applicationOf('10000001'), ...form }, by)).submitted.id
  const all: Partial<Form> = {
    ...{
      category: 'hospital' as const,
      declaredPatients: 250_000,
      organisation: 'Ziekenhuis De Linde',
      contacts: [privacy],
    },
    ...{ kvk: '12345678', agb: '12345678', csr: await csrOf(NodeKey.generate(), '10000001') },
  }
  expect(new Set(Object.values(checks(registry, await submit(all))))).toEqual(new Set(['passed']))

  // A member that everything can be compared with.
  const member = NodeKey.generate()
  const admitted = await submit({ ...all, ura: '10000009', csr: await csrOf(member, '10000009') })
  await applications.approve(admitted, 'anna')
  const { enrolment } = await applications.approve(admitted, 'bert')
  expect(enrolment).toBeDefined()
  const [token] = books.register.tokens.keys()
  const validity = { notBefore: clock.now(), notAfter: clock.now() + 30 * day }
  const subject = { peerId: member.peerId, ura: '10000009', role: 'member' } as const
  await books.record(() => ({ act: 'certifying', ...subject, ...validity, token: token ?? '' }))
  await books.record(() => ({
    ...{ act: 'issued', serial: '0a', name: 'Ziekenhuis De Linde', certificate: 'AA==' },
    ...{ ...subject, ...validity },
  }))

  const finds = async (form: Partial<Form>, name: string, code: string) =>
    expect([form, checks(registry, await submit({ ...all, ...form }))[name]]).toEqual([form, code])
  await finds({ organisation: 'De  Linde' }, 'name', 'NAME_NOT_CLEAN')
  await finds({ organisation: ' De Linde' }, 'name', 'NAME_NOT_CLEAN')
  await finds({ organisation: 'De Lindе' }, 'name', 'NAME_OTHER_SCRIPT')
  await finds({ organisation: 'Stichting Zïekenhuis de Lynde' }, 'other-names', 'NAME_RESEMBLES_A_MEMBER')
  await finds({ organisation: 'Ziekenhuis De Eik' }, 'other-names', 'passed')
  await finds({ ura: '10000009' }, 'ura', 'CLINIC_HAS_KEY')
  await finds({ ura: '10000009' }, 'other-names', 'passed')
  await finds({ csr: '' }, 'key', 'KEY_NOT_GIVEN')
  await finds({ csr: await csrOf(member, '10000001') }, 'key', 'KEY_TAKEN')
  await finds({ csr: await csrOf(NodeKey.generate(), '10000002') }, 'key', 'CSR_OF_ANOTHER_URA')
  await finds({ declaredPatients: 10 }, 'patients', 'PATIENTS_IMPLAUSIBLE')
  await finds({ declaredPatients: 20_000_000 }, 'patients', 'PATIENTS_IMPLAUSIBLE')
  await finds({ mailboxes: ['Radiologie', 'radiologie '] }, 'mailboxes', 'MAILBOX_TWICE')
  await finds({ mailboxes: ['radio\u202elogie'] }, 'mailboxes', 'MAILBOX_NOT_CLEAN')
  await finds({ mailboxes: [] }, 'mailboxes', 'MAILBOX_MISSING')
  await finds({ contacts: [] }, 'privacy', 'PRIVACY_CONTACT_MISSING')
  const bare = await submit({ csr: await csrOf(NodeKey.generate(), '10000001') })
  expect(checks(registry, bare)).toMatchObject({ kvk: 'KVK_MISSING', agb: 'AGB_MISSING' })
  const twice = NodeKey.generate()
  await submit({ ...all, ura: '10000003', csr: await csrOf(twice, '10000003') })
  await finds({ csr: await csrOf(twice, '10000001') }, 'key', 'KEY_IN_ANOTHER_APPLICATION')
  await expect(
    applications.approve(await submit({ ...all, csr: await csrOf(member, '10000001') }), 'anna'),
  ).rejects.toMatchObject({ code: 'CHECK_FAILED', facts: { reason: 'KEY_TAKEN' } })

  await books.record(() => ({
    ...{ act: 'suspended', peerId: member.peerId, serials: ['0a'], reason: 'certificateHold', by: ['anna'] },
  }))
  await finds({ ura: '10000009' }, 'ura', 'CLINIC_SUSPENDED')
  await books.record(() => ({
    ...{ act: 'revoked', peerId: member.peerId, serials: ['0a'], reason: 'keyCompromise', by: ['anna'] },
  }))
  await finds({ ura: '10000009' }, 'ura', 'CLINIC_WAS_MEMBER')
  const withRevokedKey = submit({ ...all, ura: '10000009', csr: await csrOf(member, '10000009') })
  await expect(withRevokedKey).rejects.toThrow('KEY_REVOKED')
})
