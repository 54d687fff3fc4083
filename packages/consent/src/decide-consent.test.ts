import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { organisationCategories, scopeKey } from './consent-record.ts'
import type { ConsentRecord, ConsentScope, Decision } from './consent-record.ts'
import { decideConsent, mayPublish } from './decide-consent.ts'

const everyone: ConsentScope = { kind: 'all' }
const hospitals: ConsentScope = { kind: 'category', category: 'hospital' }
const b: ConsentScope = { kind: 'organisation', ura: '00000002' }
const requester = { ura: '00000002', category: 'hospital' } as const
const adult = { birthDate: '1900-01-01', now: 10 }

const record = (
  scope: ConsentScope,
  decision: Decision,
  recordedAt = 1,
  source: 'local' | 'mitz' = 'local',
): ConsentRecord => ({ scope, decision, recordedAt, source, by: 'u1' })
const permit = (scope: ConsentScope, at?: number) => record(scope, 'permit', at)
const deny = (scope: ConsentScope, at?: number) => record(scope, 'deny', at)

describe('consent', () => {
  it('that nobody recorded is no', () => {
    expect(decideConsent([], requester, adult)).toEqual({ decision: 'deny', why: 'no-record' })
  })

  it('that concerns others is no', () => {
    const others = [
      permit({ kind: 'organisation', ura: '00000003' }),
      permit({ kind: 'category', category: 'umc' }),
    ]
    expect(decideConsent(others, requester, adult)).toEqual({ decision: 'deny', why: 'no-record' })
    expect(decideConsent([permit(hospitals)], { ura: '00000002' }, adult)).toMatchObject({ why: 'no-record' })
  })

  it.each([
    ['everyone but this hospital', [permit(everyone), deny(b)], 'deny', 2],
    ['nobody but this hospital', [deny(everyone), permit(b)], 'permit', 2],
    ['nobody but hospitals', [deny(everyone), permit(hospitals)], 'permit', 1],
    ['hospitals but not this one', [deny(everyone), permit(hospitals), deny(b)], 'deny', 2],
    ['everyone', [permit(everyone)], 'permit', 0],
  ] as const)('for %s: the more specific wins, however old', (_name, records, decision, specificity) => {
    const why = decision === 'permit' ? 'explicit-permit' : 'explicit-deny'
    const aged = records.map((one, i) => ({ ...one, recordedAt: 100 - i }))
    expect(decideConsent(aged, requester, adult)).toEqual({ decision, why, specificity })
  })

  it('is the newest word on the same scope', () => {
    expect(decideConsent([permit(everyone, 1), deny(everyone, 2)], requester, adult).decision).toBe('deny')
    expect(decideConsent([permit(everyone, 3), deny(everyone, 2)], requester, adult).decision).toBe('permit')
  })

  it('on a tie is the objection: at one moment, and between sources', () => {
    expect(decideConsent([permit(b, 1), deny(b, 1)], requester, adult).decision).toBe('deny')
    const sources = [record(b, 'deny', 1, 'mitz'), record(b, 'permit', 2, 'local')]
    expect(decideConsent(sources, requester, adult).decision).toBe('deny')
    expect(mayPublish(sources, adult).decision).toBe('deny')
  })
})

describe('publishing', () => {
  it('needs an explicit permit that is still in force', () => {
    expect(mayPublish([], adult)).toEqual({ decision: 'deny', why: 'no-record' })
    expect(mayPublish([deny(everyone)], adult)).toEqual({ decision: 'deny', why: 'explicit-deny' })
    expect(mayPublish([permit(everyone)], adult)).toEqual({ decision: 'permit', why: 'explicit-permit' })
    expect(mayPublish([permit(everyone, 1), deny(everyone, 2)], adult).decision).toBe('deny')
    expect(mayPublish([deny(everyone), permit(b)], adult).decision).toBe('permit')
  })
})

const scopes = fc.oneof(
  fc.constant(everyone),
  fc.constantFrom(...organisationCategories).map((category) => ({ kind: 'category', category }) as const),
  fc.constantFrom('00000002', '00000003').map((ura) => ({ kind: 'organisation', ura }) as const),
)
const someRecords = fc.array(
  fc.record({
    scope: scopes,
    decision: fc.constantFrom<Decision>('permit', 'deny'),
    recordedAt: fc.nat(5),
    source: fc.constantFrom('local' as const, 'mitz' as const),
    by: fc.constant('u1'),
  }),
  { maxLength: 12 },
)
const requesters = fc.record(
  {
    ura: fc.constantFrom('00000002', '00000003', '00000004'),
    category: fc.constantFrom(...organisationCategories),
  },
  { requiredKeys: ['ura'] },
)

describe('whatever the records,', () => {
  it('their order does not matter', () => {
    const shuffled = someRecords.chain((records) =>
      fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
    )
    fc.assert(
      fc.property(shuffled, requesters, ([records, other], requester) => {
        expect(decideConsent(other, requester, adult)).toEqual(decideConsent(records, requester, adult))
        expect(mayPublish(other, adult)).toEqual(mayPublish(records, adult))
      }),
    )
  })

  it('no one is permitted without a permit that names them, and then the patient may be published', () => {
    fc.assert(
      fc.property(someRecords, requesters, (records, requester) => {
        if (decideConsent(records, requester, adult).decision !== 'permit') return
        const named = ['all', `category:${requester.category}`, `organisation:${requester.ura}`]
        expect(records.some((one) => one.decision === 'permit' && named.includes(scopeKey(one.scope)))).toBe(
          true,
        )
        expect(mayPublish(records, adult).decision).toBe('permit')
      }),
    )
  })

  it('a new objection to this organisation ends its access, at once and for good', () => {
    fc.assert(
      fc.property(someRecords, requesters, (records, requester) => {
        const objection = record({ kind: 'organisation', ura: requester.ura }, 'deny', 6)
        expect(decideConsent([...records, objection], requester, adult).decision).toBe('deny')
      }),
    )
  })
})
