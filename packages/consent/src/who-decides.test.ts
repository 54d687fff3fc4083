import { describe, expect, it } from 'vitest'
import type { ConsentRecord, Decision, GivenBy } from './consent-record.ts'
import { decideConsent, mayPublish, recordsInForce } from './decide-consent.ts'
import { giversAt } from './who-decides.ts'

const on = (day: string) => Date.parse(`${day}T12:00:00Z`)
const requester = { ura: '00000002', category: 'hospital' } as const
const told = (decision: Decision, day: string, givenBy?: GivenBy): ConsentRecord => ({
  ...{ scope: { kind: 'all' }, decision, recordedAt: on(day), source: 'local', by: 'op' },
  ...(givenBy === undefined ? {} : { givenBy }),
})
/** Born on 1 June 2014: 12 on 1 June 2026, 16 on 1 June 2030. */
const birthDate = '2014-06-01'
const decide = (records: ConsentRecord[], day: string, born = birthDate) =>
  decideConsent(records, requester, { birthDate: born, now: on(day) })

describe('for a minor', () => {
  it.each([
    ['2026-05-31', ['parent', 'both']],
    ['2026-06-01', ['both']],
    ['2030-05-31', ['both']],
    ['2030-06-01', ['patient', 'both']],
  ] as const)('on %s a permit is given by %s', (day, expected) => {
    expect(giversAt({ birthDate, now: on(day) })).toEqual(expected)
    for (const giver of ['patient', 'parent', 'both'] as const) {
      const counts = (expected as readonly GivenBy[]).includes(giver)
      expect(decide([told('permit', day, giver)], day).decision).toBe(counts ? 'permit' : 'deny')
    }
  })

  it('a permit ends on the birthday on which somebody else begins to decide, for access and for the index', () => {
    const byParents = [told('permit', '2026-01-01', 'parent')]
    expect(decide(byParents, '2026-05-31').decision).toBe('permit')
    expect(decide(byParents, '2026-06-01')).toEqual({ decision: 'deny', why: 'no-record' })
    expect(mayPublish(byParents, { birthDate, now: on('2026-06-01') }).decision).toBe('deny')
    const together = [told('permit', '2028-01-01', 'both')]
    expect(decide(together, '2030-05-31').decision).toBe('permit')
    expect(decide(together, '2030-06-01').why).toBe('no-record')
  })

  it('an objection counts at any age, whoever made it, and outlives every birthday', () => {
    for (const giver of ['patient', 'parent', 'both'] as const)
      for (const day of ['2026-01-01', '2028-01-01', '2035-01-01'])
        expect(decide([told('deny', '2025-01-01', giver)], day).why).toBe('explicit-deny')
  })

  it('a permit of somebody who had no say takes no objection away; one that was valid does, also outgrown', () => {
    const objection = told('deny', '2027-01-01', 'patient')
    expect(decide([objection, told('permit', '2027-02-01', 'parent')], '2027-03-01').why).toBe(
      'explicit-deny',
    )
    const withdrawn = [objection, told('permit', '2027-02-01', 'both')]
    expect(decide(withdrawn, '2027-03-01').decision).toBe('permit')
    expect(decide(withdrawn, '2031-01-01').why).toBe('no-record')
  })
})

describe('of whom the birth date is not wholly known', () => {
  it('a permit counts when it does at every age the patient may have', () => {
    expect(decide([told('permit', '2026-01-01')], '2026-01-02', '1980').decision).toBe('permit')
    expect(decide([told('permit', '2026-01-01', 'both')], '2026-01-02', '2014').decision).toBe('deny')
    expect(decide([told('permit', '2026-01-01', 'parent')], '2026-01-02', '2016-05').decision).toBe('permit')
    expect(decide([told('permit', '2026-01-01')], '2026-01-02', '').why).toBe('no-record')
    expect(giversAt({ birthDate: '', now: on('2026-01-01') })).toEqual([])
  })

  it('an objection counts', () => {
    expect(
      recordsInForce([told('deny', '2026-01-01')], { birthDate: '', now: on('2026-01-02') }),
    ).toHaveLength(1)
  })
})
