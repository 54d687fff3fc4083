import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey, holdCeremony } from '@twiin/identity'
import { ManualClock } from '@twiin/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Certification } from '../issuance/certification.ts'
import { Books } from '../ledger/books.ts'
import { Requests } from '../requests/requests.ts'
import { effectOf } from './effect.ts'
import { Revocations } from './revocations.ts'

const day = 86_400_000
let lastUra = 10_000_000
let dir = ''
let books: Books
let revocations: Revocations
const clock = new ManualClock(Date.UTC(2026, 10, 1))
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-revocation-'))
  await open()
})
afterEach(async () => {
  await books.close()
  await rm(dir, { recursive: true, force: true })
})
async function open(): Promise<void> {
  books = await Books.open({ file: join(dir, 'ledger.jsonl') }, { clock })
  revocations = new Revocations({}, { books })
}

/** A key with certificates of these serials, as the ledger knows it. */
async function keyWith(serials: string[], role: 'member' | 'keeper' = 'member'): Promise<string> {
  const { peerId } = NodeKey.generate()
  const subject = { peerId, ura: String(++lastUra), role } as const
  const validity = { notBefore: clock.now(), notAfter: clock.now() + 30 * day }
  await books.record(() => ({ act: 'certifying', ...subject, ...validity }))
  for (const serial of serials)
    await books.record(() => ({
      act: 'issued',
      serial,
      name: 'x',
      certificate: 'AA',
      ...subject,
      ...validity,
    }))
  return peerId
}
/** SHA-256 of the enrolment token of a clinic that two people approved. */
async function admitted(facts: { ura: string; peerId?: string }): Promise<string> {
  const digest = 'd'.repeat(64)
  const application = {
    ...{ organisation: 'x', category: 'clinic' as const, declaredPatients: 1, mailboxes: [], ...facts },
  }
  const approved = { act: 'approved', id: 'x', digest, application } as const
  await books.record(() => ({ ...approved, by: 'anna' }))
  const enrolment = { digest, expiresAt: clock.now() + day }
  await books.record(() => ({ ...approved, by: 'bert', enrolment }))
  return digest
}
const endOf = (peerId: string) => books.register.keys.get(peerId)?.ended
const isActive = (peerId: string) => books.register.isActive(peerId, clock.now())
const wish = (by: string, reason = 'keyCompromise') => ({ by, reason })
const alone = (by: string) => ({ ...wish(by), emergency: true })
const waiting = () => new Requests({}, { books, clock }).list().map(({ by, request }) => [by, request.kind])

test('a suspension takes two people, ends with two, and leaves the key as it was', async () => {
  const peerId = await keyWith(['0a01', '0a02'])
  const before = books.register.keys.get(peerId)
  expect((await revocations.suspend('0a01', wish('anna', 'certificateHold'))).state).toBe('recorded')
  expect(isActive(peerId)).toBe(true)
  expect((await revocations.suspend('0a02', wish('bert'))).state).toBe('done')
  expect(isActive(peerId)).toBe(false)
  expect(endOf(peerId)).toMatchObject({ state: 'suspended', reason: 'certificateHold', by: ['anna', 'bert'] })
  await expect(revocations.suspend('0a01', wish('anna'))).rejects.toThrow('ALREADY_SUSPENDED')
  expect((await revocations.resume('0a01', wish('bert', 'resolved'))).state).toBe('recorded')
  await expect(revocations.resume('0a01', wish('bert'))).rejects.toThrow('SECOND_PERSON_REQUIRED')
  expect(isActive(peerId)).toBe(false)
  expect((await revocations.resume('0a01', wish('anna'))).state).toBe('done')
  expect(books.register.keys.get(peerId)).toEqual(before)
  await expect(revocations.resume('0a01', wish('anna'))).rejects.toThrow('NOT_SUSPENDED')
  expect(waiting()).toEqual([])
})

test('what one person asked for is worth nothing after a week: it takes two again', async () => {
  const peerId = await keyWith(['0a01'])
  await revocations.revoke('0a01', wish('anna'))
  await clock.advance(7 * day)
  expect(waiting()).toEqual([])
  expect((await revocations.revoke('0a01', wish('bert'))).state).toBe('recorded')
  expect(isActive(peerId)).toBe(true)
  expect((await revocations.revoke('0a01', wish('anna'))).state).toBe('done')
  expect(endOf(peerId)?.by).toEqual(['bert', 'anna'])
})

test('one person in an emergency acts at once; a resumption is no emergency', async () => {
  const [one, two] = [await keyWith(['0a01']), await keyWith(['0b01'])]
  expect((await revocations.revoke('0a01', alone('anna'))).state).toBe('done')
  expect((await revocations.suspend('0b01', alone('anna'))).state).toBe('done')
  expect([isActive(one), isActive(two)]).toEqual([false, false])
  expect(books.register.unreviewed().map(({ peerId }) => peerId)).toEqual([one, two])
  expect((await revocations.resume('0b01', alone('anna'))).state).toBe('recorded')
  expect(isActive(two)).toBe(false)
})

test('another person reviews what one did alone, once; the same person cannot', async () => {
  const peerId = await keyWith(['0a01'])
  await expect(revocations.review('0a01', { by: 'bert', upheld: true })).rejects.toThrow('NOTHING_TO_REVIEW')
  await revocations.suspend('0a01', alone('anna'))
  const review = (by: string, upheld: boolean) => revocations.review('0a01', { by, upheld })
  await expect(review('anna', true)).rejects.toThrow('SECOND_PERSON_REQUIRED')
  await review('bert', true)
  expect(endOf(peerId)).toMatchObject({ state: 'suspended', reviewed: { by: 'bert', upheld: true } })
  await expect(review('bert', false)).rejects.toThrow('NOTHING_TO_REVIEW')
  expect(books.register.unreviewed()).toEqual([])
})

test('a suspension that is not upheld ends; a revocation that is not upheld stays', async () => {
  const [suspended, revoked] = [await keyWith(['0a01']), await keyWith(['0b01'])]
  await revocations.suspend('0a01', alone('anna'))
  await revocations.revoke('0b01', alone('anna'))
  await revocations.review('0a01', { by: 'bert', upheld: false })
  await revocations.review('0b01', { by: 'bert', upheld: false })
  expect([isActive(suspended), isActive(revoked)]).toEqual([true, false])
  expect(endOf(revoked)).toMatchObject({ state: 'revoked', reviewed: { upheld: false } })
  await expect(revocations.resume('0b01', wish('anna'))).rejects.toThrow('ALREADY_REVOKED')
})

test('what two people did is not reviewed', async () => {
  await keyWith(['0a01'])
  await revocations.revoke('0a01', wish('anna'))
  // The other one's emergency only completes what was asked for.
  await revocations.revoke('0a01', alone('bert'))
  expect(books.register.unreviewed()).toEqual([])
  await expect(revocations.review('0a01', { by: 'carla', upheld: true })).rejects.toThrow('NOTHING_TO_REVIEW')
})

test('who asked and then acts alone has acted alone', async () => {
  const peerId = await keyWith(['0a01'])
  await revocations.suspend('0a01', wish('anna'))
  await revocations.suspend('0a01', alone('anna'))
  expect(endOf(peerId)?.by).toEqual(['anna'])
  expect(waiting()).toEqual([])
})

test('the wish of a person who was dismissed is gone: it takes two others', async () => {
  const peerId = await keyWith(['0a01'])
  await revocations.revoke('0a01', wish('anna'))
  await revocations.suspend('0a01', wish('anna'))
  await books.record(() => ({ act: 'person-dismissed', id: 'anna', by: 'console' }))
  expect(waiting()).toEqual([])
  expect((await revocations.revoke('0a01', wish('bert'))).state).toBe('recorded')
  // A call that waited in line while its caller was dismissed.
  await expect(revocations.revoke('0a01', wish('anna'))).rejects.toThrow('ROLE_NOT_PERMITTED')
  await expect(revocations.revoke('0a01', alone('anna'))).rejects.toThrow('ROLE_NOT_PERMITTED')
  await expect(revocations.resume('0a01', wish('anna'))).rejects.toThrow(/ROLE_NOT_PERMITTED|NOT_SUSPENDED/)
  expect(isActive(peerId)).toBe(true)
  await books.record(() => ({ act: 'person-admitted', id: 'anna', role: 'administrator', by: 'console' }))
  expect((await revocations.revoke('0a01', wish('anna'))).state).toBe('done')
})

test('who became an auditor has no wish left either', async () => {
  await keyWith(['0a01'])
  await revocations.revoke('0a01', wish('anna'))
  await books.record(() => ({ act: 'person-admitted', id: 'anna', role: 'auditor', by: 'console' }))
  expect(waiting()).toEqual([])
})

test('a suspended key can be revoked, and what else was asked about it is settled by that', async () => {
  const peerId = await keyWith(['0a01'])
  await revocations.suspend('0a01', alone('anna'))
  await revocations.resume('0a01', wish('anna'))
  await revocations.revoke('0a01', wish('anna'))
  expect((await revocations.revoke('0a01', wish('bert'))).state).toBe('done')
  expect(endOf(peerId)?.state).toBe('revoked')
  expect(waiting()).toEqual([])
})

test('the registry’s own key can be neither revoked nor suspended', async () => {
  const peerId = await keyWith(['0a01'], 'keeper')
  await expect(revocations.revoke('0a01', alone('anna'))).rejects.toThrow('KEEPER_KEY')
  await expect(revocations.suspend('0a01', alone('anna'))).rejects.toThrow('KEEPER_KEY')
  await expect(revocations.revoke('0f', wish('anna'))).rejects.toThrow('NOT_FOUND')
  expect(isActive(peerId)).toBe(true)
})

test('a restart knows who asked, who ended what, and what still waits for a review', async () => {
  const [one, two] = [await keyWith(['0a01']), await keyWith(['0b01'])]
  await revocations.revoke('0a01', wish('anna'))
  await revocations.suspend('0b01', alone('anna'))
  await books.close()
  await open()
  expect(waiting()).toEqual([['anna', 'revocation']])
  expect(books.register.unreviewed().map(({ peerId }) => peerId)).toEqual([two])
  await expect(revocations.revoke('0a01', wish('anna'))).rejects.toThrow('SECOND_PERSON_REQUIRED')
  expect((await revocations.revoke('0a01', wish('bert'))).state).toBe('done')
  expect(endOf(one)?.by).toEqual(['anna', 'bert'])
})

test('a key that is suspended or revoked while it is being certified gets no certificate', async () => {
  const peerId = await keyWith(['0a01'])
  const signing = Promise.withResolvers<void>()
  const signed = Promise.withResolvers<void>()
  const authority = {
    issueNodeCertificate: async () => {
      signing.resolve()
      await signed.promise
      return { der: Uint8Array.of(0), serial: '0c01' }
    },
  }
  const certification = new Certification(
    { operator: { organisation: 'x', ura: '90000000' }, issuingCertificate: await issuing() },
    { books, authority: authority as never },
  )
  await clock.advance(3_600_000)
  const renewal = certification.renew(peerId)
  await signing.promise
  await revocations.suspend('0a01', alone('anna'))
  signed.resolve()
  await expect(renewal).rejects.toThrow('KEY_SUSPENDED')
  expect(books.register.certificates.has('0c01')).toBe(false)
})

test('an expired key’s renewal and a new enrolment that meet leave one active key, not two', async () => {
  const old = await keyWith(['0a01'])
  const { ura = '' } = books.register.keys.get(old) ?? {}
  await clock.advance(31 * day)
  const fresh = NodeKey.generate().peerId
  const token = await admitted({ ura, peerId: fresh })
  const signed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let begun = 0
  const both = Promise.withResolvers<void>()
  const authority = {
    issueNodeCertificate: async () => {
      const turn = begun++
      if (begun === 2) both.resolve()
      await signed[turn]?.promise
      return { der: Uint8Array.of(0), serial: `0d0${turn}` }
    },
  }
  const certification = new Certification(
    { operator: { organisation: 'x', ura: '90000000' }, issuingCertificate: await issuing() },
    { books, authority: authority as never },
  )
  const renewal = certification.renew(old)
  const enrolled = certification.enrol({ peerId: fresh, ura, token })
  await both.promise
  for (const { resolve } of signed) resolve()
  const outcomes = await Promise.allSettled([renewal, enrolled])
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect([old, fresh].filter(isActive)).toHaveLength(1)
})

test('the token of an application without a key, as an earlier version gave them, certifies nobody', async () => {
  const token = await admitted({ ura: '20000001' })
  const certification = new Certification(
    { operator: { organisation: 'x', ura: '90000000' }, issuingCertificate: await issuing() },
    { books, authority: {} as never },
  )
  const { peerId } = NodeKey.generate()
  const enrolled = certification.enrol({ peerId, ura: '20000001', token })
  await expect(enrolled).rejects.toThrow('KEY_OTHER_THAN_APPLIED')
})

test('before an act its effect can be seen: certificates, witnesses, exchanging members', async () => {
  const peers = [await keyWith(['0a01', '0a02']), await keyWith(['0b01']), await keyWith(['0c01'])]
  for (const [i, peerId] of peers.entries())
    await books.record(() => ({
      ...{ act: 'self-tested', run: String(i).repeat(32), peerId, reference: peerId, version: '1' },
      ...{ passed: true, steps: [], by: 'console' },
    }))
  await books.record(() => ({ act: 'witnesses', peers }))
  const effect = () => effectOf(books.register, '0a01', clock.now())
  expect(effect()).toEqual({
    ...{ certificates: 2, isWitness: true, witnessesLeft: 2, quorum: 2 },
    ...{ exchangingBefore: 3, exchangingAfter: 2 },
  })
  await revocations.suspend('0b01', alone('anna'))
  expect(effect()).toMatchObject({ witnessesLeft: 1, exchangingBefore: 2, exchangingAfter: 1 })
  await revocations.revoke('0a01', alone('anna'))
  expect(effect()).toMatchObject({ certificates: 0, exchangingBefore: 1, exchangingAfter: 1 })
  expect(() => effectOf(books.register, '0f', clock.now())).toThrow('NOT_FOUND')
})

async function issuing(): Promise<string> {
  const { issuingCertificate } = await holdCeremony({
    ...{ trustDomain: 'twiin.example', organisation: 'x', at: new Date(clock.now()) },
    ...{
      passphrases: { root: 'a passphrase', issuing: 'another one' },
      rootKeyBits: 2048,
      issuingKeyBits: 2048,
    },
  })
  return issuingCertificate
}
