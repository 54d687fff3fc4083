import type { Application, ApplicationForm, Category, Contact } from '../api-types.ts'
import { readCsr } from './read-csr.ts'

export const contactRoles = ['administrative', 'technical', 'privacy'] as const

export interface ContactValues {
  name: string
  email: string
  phone: string
}

/** The form as typed. Everything is text until it is sent. */
export interface FormValues {
  organisation: string
  category: Category | ''
  ura: string
  agb: string
  kvk: string
  level: string
  patients: string
  /** One a line. */
  mailboxes: string
  phone: string
  contacts: Record<Contact['role'], ContactValues>
  csr: string
  remarks: string
}

const noContact = (): ContactValues => ({ name: '', email: '', phone: '' })

export const emptyForm = (): FormValues => ({
  organisation: '',
  category: '',
  ura: '',
  agb: '',
  kvk: '',
  level: '',
  patients: '',
  mailboxes: '',
  phone: '',
  contacts: { administrative: noContact(), technical: noContact(), privacy: noContact() },
  csr: '',
  remarks: '',
})

/** What was sent before, to change it. The key stays unless another request is given. */
export function valuesOf(application: Application): FormValues {
  const { organisation, category, ura, agb, kvk, level, declaredPatients, mailboxes, phone } = application
  const contactOf = (role: Contact['role']) => {
    const known = application.contacts.find((contact) => contact.role === role)
    return { name: known?.name ?? '', email: known?.email ?? '', phone: known?.phone ?? '' }
  }
  return {
    ...{ organisation, category, ura, agb: agb ?? '', kvk: kvk ?? '', phone: phone ?? '', csr: '' },
    level: level === undefined ? '' : String(level),
    patients: String(declaredPatients),
    mailboxes: mailboxes.join('\n'),
    remarks: application.remarks ?? '',
    contacts: {
      administrative: contactOf('administrative'),
      technical: contactOf('technical'),
      privacy: contactOf('privacy'),
    },
  }
}

export type ErrorKey =
  | 'errorRequired'
  | 'errorEight'
  | 'errorName'
  | 'errorCategory'
  | 'errorPatients'
  | 'errorMailboxes'
  | 'errorMailboxLong'
  | 'errorMailboxTwice'
  | 'errorPhone'
  | 'errorEmail'
  | 'errorCsr'
  | 'errorCsrLong'
  | 'errorRemarks'
  | 'errorLine'

/** By the name of the field, in the order of the form. */
export type FormErrors = Readonly<Record<string, ErrorKey>>

const isEight = (text: string) => /^\d{8}$/.test(text.trim())
const isPhone = (text: string) => /^[+0-9][0-9 ()-]{5,24}$/.test(text.trim())
const isEmail = (text: string) => /^[^\s@]{1,64}@[^\s@]{1,189}$/.test(text.trim())
/** One line without control or invisible characters, as the registry asks for it. */
const isLine = (text: string, most: number) =>
  new RegExp(`^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{1,${most}}$`, 'u').test(text.trim())

const mailboxesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

/** The bounds of the registry (spec 06 §4), so that nothing it would refuse is sent. */
export function errorsOf(values: FormValues): FormErrors {
  const errors: Record<string, ErrorKey> = {}
  const check = (field: string, error: ErrorKey | false | undefined) => {
    if (error !== undefined && error !== false) errors[field] = error
  }
  const { organisation, category, ura, agb, kvk, patients, phone, csr, remarks } = values
  check(
    'organisation',
    organisation.trim() === '' ? 'errorRequired' : !isLine(organisation, 64) && 'errorName',
  )
  check('category', category === '' && 'errorCategory')
  check('ura', ura.trim() === '' ? 'errorRequired' : !isEight(ura) && 'errorEight')
  check('agb', agb.trim() !== '' && !isEight(agb) && 'errorEight')
  check('kvk', kvk.trim() !== '' && !isEight(kvk) && 'errorEight')
  check('patients', !isCount(patients) && 'errorPatients')
  check('mailboxes', mailboxError(mailboxesOf(values.mailboxes)))
  check('phone', phone.trim() !== '' && !isPhone(phone) && 'errorPhone')
  for (const role of contactRoles) {
    const contact = values.contacts[role]
    if (isOptional(role) && isEmpty(contact)) continue
    const { name, email } = contact
    check(`${role}.name`, name.trim() === '' ? 'errorRequired' : !isLine(name, 100) && 'errorLine')
    check(`${role}.email`, email.trim() === '' ? 'errorRequired' : !isEmail(email) && 'errorEmail')
    check(`${role}.phone`, contact.phone.trim() !== '' && !isPhone(contact.phone) && 'errorPhone')
  }
  check('csr', csrError(csr))
  check('remarks', remarks.trim().length > 1000 && 'errorRemarks')
  return errors
}

/** Without them nobody can be called to check the key. */
export const isOptional = (role: Contact['role']) => role === 'privacy'

const isEmpty = ({ name, email, phone }: ContactValues) =>
  [name, email, phone].every((text) => text.trim() === '')
const digits = (text: string) => text.trim().replace(/[. ]/g, '')
const isCount = (text: string) => /^\d{1,8}$/.test(digits(text)) && Number(digits(text)) <= 20_000_000

function mailboxError(mailboxes: readonly string[]): ErrorKey | undefined {
  if (mailboxes.length === 0) return 'errorMailboxes'
  if (mailboxes.length > 64 || mailboxes.some((name) => name.length > 64)) return 'errorMailboxLong'
  const same = new Set(mailboxes.map((name) => name.normalize('NFKC').toLowerCase()))
  return same.size < mailboxes.length ? 'errorMailboxTwice' : undefined
}

function csrError(text: string): ErrorKey | undefined {
  if (text.trim() === '') return undefined
  const csr = readCsr(text)
  if (csr === undefined) return 'errorCsr'
  return csr.length > 8192 ? 'errorCsrLong' : undefined
}

/** What is sent. Only for values without errors. */
export function formOf(values: FormValues): ApplicationForm {
  const { category, ura, level, patients, csr } = values
  if (category === '') throw new Error('no category')
  const [organisation, agb, kvk, phone, remarks] = [
    values.organisation,
    values.agb,
    values.kvk,
    values.phone,
    values.remarks,
  ].map((text) => text.trim()) as [string, string, string, string, string]
  const request = readCsr(csr)
  return {
    ...{ organisation, category, ura: ura.trim() },
    declaredPatients: Number(digits(patients)),
    mailboxes: mailboxesOf(values.mailboxes),
    contacts: contactRoles.flatMap((role) => {
      const contact = values.contacts[role]
      if (isEmpty(contact)) return []
      const [name, email, number] = [contact.name, contact.email, contact.phone].map((text) => text.trim())
      return [{ role, name: name ?? '', email: email ?? '', ...(number && { phone: number }) }]
    }),
    ...(agb !== '' && { agb }),
    ...(kvk !== '' && { kvk }),
    ...(level !== '' && { level: Number(level) }),
    ...(phone !== '' && { phone }),
    ...(remarks !== '' && { remarks }),
    ...(request !== undefined && { csr: request }),
  }
}
