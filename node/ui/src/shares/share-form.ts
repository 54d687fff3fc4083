import type { FactorKind, RecipientKind, ShareOffers, ShareOrder } from '../api-types-shares.ts'
import type { ShareableStudy, ShareSubject } from './shareable-study.ts'

export interface ShareForm {
  chosen: ReadonlySet<string>
  reports: boolean
  kind: RecipientKind
  name: string
  way: 'mail' | 'paper'
  email: string
  factor: FactorKind
  phone: string
  validDays: number
  downloads: boolean
  discussed: boolean
  language: 'nl' | 'en'
}

/** What has to be mended before it can be shared, in the order in which it stands in the dialog. */
export type Fault = 'studies' | 'name' | 'email' | 'phone'

/** What a part of the form is given. */
export interface PartProps {
  form: ShareForm
  change: (part: Partial<ShareForm>) => void
  offers: ShareOffers
  /** Text of a fault, once somebody tried to go on. */
  errorOf: (fault: Fault) => string | undefined
  /** Where the focus goes when it has to be mended. */
  fieldOf: (fault: Fault) => (field: HTMLElement | null) => void
}

/** As the node takes them, with a dot: nobody mails a patient on the local network. */
const email = /^[^\s@<>"(),:;[\]\\]{1,64}@[A-Za-z0-9.-]{1,180}\.[A-Za-z0-9-]{2,63}$/
const phone = /^\+?\d{9,15}$/
export const phoneOf = (text: string) => text.replace(/[\s().-]/g, '')
export const isPhone = (text: string) => phone.test(phoneOf(text))

export const firstForm = (
  { chosen }: ShareSubject,
  { mail, factors, validDays }: ShareOffers,
  language: string,
): ShareForm => ({
  ...{ chosen: new Set(chosen), reports: true, kind: 'patient', name: '', email: '', phone: '', validDays },
  ...{ downloads: true, discussed: false, language: language === 'en' ? 'en' : 'nl' },
  way: mail ? 'mail' : 'paper',
  factor: factors.sms ? 'sms' : 'letter',
})

/** The days that can be chosen, with what this hospital prefers. */
export const daysOffered = (preferred: number) =>
  [...new Set([7, 14, 30, 90, preferred])].sort((one, other) => one - other)

export function faultsOf(form: ShareForm): Fault[] {
  const faults: Fault[] = []
  if (form.chosen.size === 0) faults.push('studies')
  if (form.kind === 'professional' && form.name.trim() === '') faults.push('name')
  if (form.way === 'mail' && !email.test(form.email.trim())) faults.push('email')
  if (form.factor === 'sms' && !isPhone(form.phone)) faults.push('phone')
  return faults
}

export const chosenOf = (studies: readonly ShareableStudy[], { chosen }: ShareForm) =>
  studies.filter(({ studyInstanceUid }) => chosen.has(studyInstanceUid))

export function orderOf({ studies, searchId }: ShareSubject, form: ShareForm): ShareOrder {
  const { kind, reports, validDays, downloads, discussed, language } = form
  const [name, to] = [form.name.trim(), form.email.trim()]
  return {
    studyInstanceUids: chosenOf(studies, form).map(({ studyInstanceUid }) => studyInstanceUid),
    ...(searchId === undefined ? {} : { searchId }),
    reports: reports ? 'all' : 'none',
    recipient: {
      kind,
      ...(kind === 'professional' && name !== '' ? { name } : {}),
      ...(form.way === 'mail' ? { email: to } : {}),
    },
    secondFactor: form.factor === 'sms' ? { kind: 'sms', phone: phoneOf(form.phone) } : { kind: form.factor },
    ...{ validDays, downloads, discussed, language },
  }
}

/** Only what decides when it opens: asked before anybody typed an address. */
export const openingOf = (subject: ShareSubject, form: ShareForm): ShareOrder => ({
  ...orderOf(subject, { ...form, way: 'paper', factor: 'letter', name: '' }),
  discussed: false,
})
