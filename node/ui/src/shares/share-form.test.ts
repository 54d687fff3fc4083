import { expect, test } from 'vitest'
import type { ShareOffers } from '../api-types-shares.ts'
import { daysOffered, faultsOf, firstForm, openingOf, orderOf, phoneOf } from './share-form.ts'

const study = (uid: string) => ({
  ...{ studyInstanceUid: uid, studyDate: null, modalities: [], description: '' },
  ...{ instances: 1, bytes: 1, reports: 0 },
})
const subject = { studies: [study('1.1'), study('1.2')], chosen: ['1.2'], searchId: 's' }
const all: ShareOffers = {
  mail: true,
  factors: { sms: true, letter: true, oidc: { label: 'DigiD', simulator: false } },
  ...{ validDays: 14, reportDelayDays: 7, helpPhone: '088' },
}
const least: ShareOffers = { ...all, mail: false, factors: { sms: false, letter: true, oidc: null } }

test('begins with what the node can do', () => {
  expect(firstForm(subject, all, 'en')).toMatchObject({ way: 'mail', factor: 'sms', language: 'en' })
  expect(firstForm(subject, least, 'nl')).toMatchObject({ way: 'paper', factor: 'letter', language: 'nl' })
  expect(daysOffered(21)).toEqual([7, 14, 21, 30, 90])
})

test('says what is missing, in the order in which it stands', () => {
  const form = firstForm(subject, all, 'nl')
  expect(faultsOf({ ...form, chosen: new Set(), kind: 'professional' })).toEqual([
    ...['studies', 'name', 'email', 'phone'],
  ])
  for (const email of [
    'anna',
    'anna@ziekenhuis',
    'a b@x.nl',
    'anna@x.nl, ben@x.nl',
    'anna@x..',
    '"<a>"@x.nl',
  ])
    expect(faultsOf({ ...form, email, phone: '0612345678' })).toEqual(['email'])
  for (const phone of ['', '12', 'zes', '06 1234 5678 9012 3456'])
    expect(faultsOf({ ...form, email: 'anna@x.nl', phone })).toEqual(['phone'])
  expect(faultsOf({ ...form, email: ' anna@x.nl ', phone: '+31 (0)6-12 34 56 78' })).toEqual([])
  expect(faultsOf(firstForm(subject, least, 'nl'))).toEqual([])
})

test('asks for what was ticked, without what is hidden in the form', () => {
  const form = {
    ...firstForm(subject, all, 'nl'),
    email: ' anna@x.nl ',
    phone: '06-1234 5678',
    name: 'Jansen',
  }
  expect(orderOf(subject, form)).toEqual({
    ...{ studyInstanceUids: ['1.2'], searchId: 's', reports: 'all' },
    recipient: { kind: 'patient', email: 'anna@x.nl' },
    secondFactor: { kind: 'sms', phone: '0612345678' },
    ...{ validDays: 14, downloads: true, discussed: false, language: 'nl' },
  })
  expect(orderOf(subject, { ...form, kind: 'professional', way: 'paper', factor: 'letter' })).toMatchObject({
    recipient: { kind: 'professional', name: 'Jansen' },
    secondFactor: { kind: 'letter' },
  })
  expect(phoneOf('+31 6 12.34')).toBe('+3161234')
})

test('asks when it opens before an address is known, and as if nothing was talked over', () => {
  const form = { ...firstForm(subject, all, 'nl'), discussed: true }
  expect(openingOf(subject, form)).toMatchObject({
    recipient: { kind: 'patient' },
    secondFactor: { kind: 'letter' },
    discussed: false,
  })
})
