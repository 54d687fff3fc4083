import type { AuditEntry, StoredEntry } from '@twiin/audit'
import { auditEvents } from '@twiin/audit'
import { describe, expect, it } from 'vitest'
import { auditMessage, syslogFrame } from './atna-message.ts'
import { csvField, csvHeader, csvLine } from './csv-line.ts'
import { fhirAuditEvent } from './fhir-audit-event.ts'

const stored = (change: Partial<AuditEntry> = {}, seq = 7): StoredEntry => ({
  ...{ seq, hash: 'aa', previousHash: 'bb', salt: 'cc' },
  entry: {
    ...{ event: 'search', at: Date.UTC(2026, 0, 5, 10), outcome: 'success', emergency: false },
    organisation: { ura: '90000001', name: 'Ziekenhuis A' },
    user: { id: 'rad', name: 'R. de Radioloog', role: 'radiologist' },
    patient: { citizenNumber: '999990019' },
    objects: { studyInstanceUids: ['1.2.3'], count: 4 },
    purpose: { basis: 'treatment', reason: 'poli' },
    ...change,
  },
})

describe('CSV', () => {
  it.each(['=1+1', '+31', '-2', '@SUM(A1)', '\t=1', '\r=1', '  =cmd|x', '＝1'])(
    'never gives a spreadsheet a formula: %j',
    (text) => expect(csvField(text)).toMatch(/^"'/),
  )

  it('keeps a field one field, and a line one line, whatever stands in it', () => {
    const text = 'a "b", c;\nd'
    expect(csvField(text)).toBe('"a ""b"", c;\nd"')
    const line = csvLine(stored({ purpose: { basis: 'treatment', reason: text } }))
    const columns = csvHeader.split(',').length
    expect(line.replace(/"(?:[^"]|"")*"/g, '').split(',')).toHaveLength(columns)
    expect(line.endsWith('\r\n')).toBe(true)
  })
})

describe('FHIR', () => {
  it('has every event there is, with what R4 requires of an AuditEvent', () => {
    for (const event of auditEvents) {
      const found = fhirAuditEvent(stored({ event }), '90000001')
      expect(found).toMatchObject({
        ...{ resourceType: 'AuditEvent', recorded: '2026-01-05T10:00:00.000Z', outcome: '0' },
        type: { system: expect.any(String) as string, code: expect.stringMatching(/^1101\d\d$/) as string },
        source: { observer: { identifier: { value: '90000001' } } },
      })
      expect(found).toHaveProperty('agent.0.requestor', true)
    }
  })

  it('says who, whose and why, and that it was an emergency', () => {
    expect(fhirAuditEvent(stored({ emergency: true, outcome: 'refused', reason: 'NO' }), 'x')).toMatchObject({
      ...{ outcome: '4', outcomeDesc: 'NO' },
      purposeOfEvent: [{ coding: [{ code: 'BTG' }], text: 'poli' }],
      agent: [{ who: { display: 'R. de Radioloog' } }],
      entity: [{ what: { identifier: { value: '999990019' } } }, { what: { type: 'ImagingStudy' } }, {}],
    })
  })
})

it('whose account was changed stands in every copy', () => {
  const changed = stored({ event: 'account-changed', reason: 'SECOND_FACTOR_RESET', account: 'j.jansen' })
  const columns = csvHeader.trim().split(',')
  expect(csvLine(changed).trim().split(',')[columns.indexOf('account')]).toBe('j.jansen')
  expect(fhirAuditEvent(changed, 'x')).toHaveProperty(
    'entity',
    expect.arrayContaining([
      expect.objectContaining({
        what: { identifier: { value: 'j.jansen' } },
        role: expect.objectContaining({ code: '11' }) as object,
      }),
    ]),
  )
  expect(auditMessage(changed)).toContain(
    '<ParticipantObjectIdentification ParticipantObjectID="j.jansen" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="11">',
  )
})

describe('ATNA', () => {
  it('is one frame of RFC 5425 whose length is that of its octets, with a header of RFC 5424', () => {
    const frame = syslogFrame(stored({ purpose: { basis: 'x', reason: 'é€' } }), 'twiin')
    const [, length = '', rest = ''] = /^(\d+) ([\s\S]*)$/.exec(frame.toString('utf8')) ?? []
    expect(Number(length)).toBe(Buffer.byteLength(rest))
    expect(rest).toMatch(
      /^<85>1 2026-01-05T10:00:00\.000Z ura-90000001\.twiin twiin-node - DICOM\+RFC3881 - \ufeff<\?xml/,
    )
  })

  it('is well-formed whatever a name holds', () => {
    const name = `"><x a='b'>&amp;\u0000\u0007\ud800]]>`
    const message = auditMessage(stored({ user: { id: 'u', name, role: '' } }))
    expect(message).toContain('UserName="&quot;&gt;&lt;x a=\'b\'&gt;&amp;amp;  \ufffd]]&gt;"')
    // Tags balance.
    const open: string[] = []
    for (const [, close, tag = '', empty] of message.matchAll(/<(\/?)([A-Za-z]+)[^<>]*?(\/?)>/g)) {
      if (close === '/') expect(open.pop()).toBe(tag)
      else if (empty !== '/') open.push(tag)
    }
    expect(open).toEqual([])
  })
})
