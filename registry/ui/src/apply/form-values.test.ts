import { describe, expect, it } from 'vitest'
import type { Application } from '../api-types.ts'
import { emptyForm, errorsOf, formOf, valuesOf } from './form-values.ts'
import type { FormValues } from './form-values.ts'
import { readCsr, readCsrFile } from './read-csr.ts'

const filled = (over: Partial<FormValues> = {}): FormValues => ({
  ...emptyForm(),
  organisation: 'Kliniek Duinwaard (fictief)',
  category: 'clinic',
  ura: ' 90000009 ',
  patients: '12.000',
  mailboxes: 'Radiologie\n\n SEH \n',
  contacts: {
    administrative: { name: 'Bestuur (fictief)', email: 'bestuur@duinwaard.example', phone: '' },
    technical: { name: 'Techniek (fictief)', email: 'techniek@duinwaard.example', phone: '070 123 4567' },
    privacy: { name: '', email: '', phone: '' },
  },
  ...over,
})
const base64 = `MIIB${'A'.repeat(60)}`

describe('the application form', () => {
  it('asks for what the registry cannot do without, in the order of the form', () => {
    expect(Object.keys(errorsOf(emptyForm()))).toEqual([
      'organisation',
      'category',
      'ura',
      'patients',
      'mailboxes',
      'administrative.name',
      'administrative.email',
      'technical.name',
      'technical.email',
    ])
    expect(errorsOf(filled())).toEqual({})
  })

  it.each([
    ['ura', { ura: '9000000' }, 'errorEight'],
    ['agb', { agb: '1' }, 'errorEight'],
    ['organisation', { organisation: `x\u200by` }, 'errorName'],
    ['organisation', { organisation: 'x'.repeat(65) }, 'errorName'],
    ['patients', { patients: '20000001' }, 'errorPatients'],
    ['patients', { patients: '-5' }, 'errorPatients'],
    ['mailboxes', { mailboxes: 'SEH\nseh' }, 'errorMailboxTwice'],
    ['mailboxes', { mailboxes: 'x'.repeat(65) }, 'errorMailboxLong'],
    ['phone', { phone: 'bel ons' }, 'errorPhone'],
    ['csr', { csr: 'hello' }, 'errorCsr'],
    ['remarks', { remarks: 'x'.repeat(1001) }, 'errorRemarks'],
  ] as const)('refuses a bad %s before it is sent', (field, over, error) => {
    expect(errorsOf(filled(over))).toEqual({ [field]: error })
  })

  it('asks for the whole of a contact once it was begun', () => {
    const { contacts } = filled()
    const begun = { ...contacts, privacy: { name: 'FG (fictief)', email: '', phone: '' } }
    expect(errorsOf(filled({ contacts: begun }))).toEqual({ 'privacy.email': 'errorRequired' })
  })

  it('sends what was typed, trimmed, and leaves out what is empty', () => {
    expect(
      formOf(
        filled({ csr: `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----` }),
      ),
    ).toEqual({
      organisation: 'Kliniek Duinwaard (fictief)',
      category: 'clinic',
      ura: '90000009',
      declaredPatients: 12_000,
      mailboxes: ['Radiologie', 'SEH'],
      contacts: [
        { role: 'administrative', name: 'Bestuur (fictief)', email: 'bestuur@duinwaard.example' },
        {
          role: 'technical',
          name: 'Techniek (fictief)',
          email: 'techniek@duinwaard.example',
          phone: '070 123 4567',
        },
      ],
      csr: base64,
    })
  })

  it('shows what was sent before, and sends it again as it was', () => {
    const sent = formOf(filled({ level: '3', remarks: 'graag snel' }))
    expect(formOf(valuesOf({ ...sent, contacts: sent.contacts ?? [] } as Application))).toEqual(sent)
  })
})

describe('a certificate request', () => {
  it('is read from PEM, from base64 alone, and from a DER file', async () => {
    const text = `-----BEGIN NEW CERTIFICATE REQUEST-----\n${base64.slice(0, 30)}\n${base64.slice(30)}\n-----END NEW CERTIFICATE REQUEST-----\n`
    expect(readCsr(text)).toBe(base64)
    expect(readCsr(` ${base64} `)).toBe(base64)
    const der = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    expect(await readCsrFile(new Blob([der]))).toBe(base64)
    expect(await readCsrFile(new Blob([text]))).toBe(text)
  })

  it('is nothing else, and no file beyond all reason', async () => {
    for (const text of ['', 'MIIB', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'])
      expect(readCsr(text)).toBeUndefined()
    expect(await readCsrFile(new Blob([new Uint8Array(16_385)]))).toBeUndefined()
  })
})
