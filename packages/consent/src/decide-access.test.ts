import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { givers, organisationCategories } from './consent-record.ts'
import type { ConsentRecord, ConsentScope, Decision } from './consent-record.ts'
import { decideAccess, reasonForPeer } from './decide-access.ts'
import type { AccessDecision, AccessReason, AccessRequest, Basis, Holding } from './decide-access.ts'
import { decideConsent } from './decide-consent.ts'
import type { MitzAnswer } from './decide-consent.ts'

const now = Date.UTC(2026, 5, 1)
const consent = (decision: Decision): ConsentRecord => ({
  scope: { kind: 'all' },
  decision,
  recordedAt: now - 1,
  source: 'local',
  by: 'u1',
})
const request: AccessRequest = {
  requester: { ura: '00000002', category: 'hospital' },
  user: { id: 'u7', role: 'radiologist' },
  purpose: { basis: 'treatment', reason: 'poli' },
}
const holding: Holding = {
  known: true,
  age: { birthDate: '1960-02-03', now },
  consents: [consent('permit')],
  shielded: false,
  blocked: false,
  identityConflict: false,
}
const basis = (basis: Basis) => ({ ...request, purpose: { basis, reason: 'poli' } })
const emergency = basis('emergency')

describe('access at the holder', () => {
  it('is given to a radiologist who treats a patient who agreed', () => {
    expect(decideAccess(request, holding)).toEqual({
      permitted: true,
      why: 'PERMITTED',
      consent: { decision: 'permit', why: 'explicit-permit', specificity: 0 },
    })
  })

  it.each([
    ['another role', { ...request, user: { id: 'u7', role: 'operator' } }, holding, 'ROLE_NOT_PERMITTED'],
    ['a referral, the basis of a directed send', basis('referral'), holding, 'BASIS_NOT_SUPPORTED'],
    [
      'handing on what nobody may hand on',
      { ...request, isToShare: true },
      { ...holding, onwardSharing: 'refuse' },
      'SHARING_NOT_PERMITTED',
    ],
    ['handing on in an emergency', { ...emergency, isToShare: true }, holding, 'SHARING_NOT_PERMITTED'],
    [
      'handing on of a patient not known here, in the same words',
      { ...request, isToShare: true },
      { ...holding, known: false, onwardSharing: 'refuse' },
      'SHARING_NOT_PERMITTED',
    ],
    ['a patient who is not known here', request, { ...holding, known: false }, 'UNKNOWN_PATIENT'],
    ['no consent on record', request, { ...holding, consents: [] }, 'CONSENT_MISSING'],
    ['an objection', request, { ...holding, consents: [consent('deny')] }, 'CONSENT_DENIED'],
    ['an objection in Mitz', request, { ...holding, mitz: 'deny' }, 'CONSENT_DENIED'],
    [
      'a shielded patient whose treatment is only stated',
      request,
      { ...holding, shielded: true },
      'SHIELDED',
    ],
    ['a block', request, { ...holding, blocked: true }, 'BLOCKED'],
    ['another birth date', request, { ...holding, identityConflict: true }, 'IDENTITY_MISMATCH'],
  ] as const)('is refused for %s', (_name, request, holding, why) => {
    expect(decideAccess(request, holding)).toMatchObject({ permitted: false, why })
  })

  it('to a shielded patient is for who has the patient on record, and for an emergency', () => {
    const shielded = { ...holding, shielded: true }
    expect(decideAccess({ ...request, relation: 'registered' }, shielded).permitted).toBe(true)
    expect(decideAccess(emergency, shielded).permitted).toBe(true)
  })

  it('in an emergency is given where nobody was asked, and never where somebody objected', () => {
    expect(decideAccess(emergency, { ...holding, consents: [] })).toMatchObject({ permitted: true })
    for (const objected of [
      { ...holding, consents: [consent('deny')] },
      { ...holding, consents: [], mitz: 'deny' as const },
    ])
      expect(decideAccess(emergency, objected)).toMatchObject({ permitted: false, why: 'CONSENT_DENIED' })
    for (const change of [{ known: false }, { blocked: true }, { identityConflict: true }])
      expect(decideAccess(emergency, { ...holding, consents: [], ...change }).permitted).toBe(false)
    const operator = { ...emergency, user: { id: 'u7', role: 'operator' } }
    expect(decideAccess(operator, { ...holding, consents: [] }).why).toBe('ROLE_NOT_PERMITTED')
  })

  it('rests on Mitz where nothing is on record here', () => {
    expect(decideAccess(request, { ...holding, consents: [], mitz: 'permit' })).toMatchObject({
      permitted: true,
      consent: { source: 'mitz' },
    })
    expect(decideAccess(request, { ...holding, consents: [consent('deny')], mitz: 'permit' }).permitted).toBe(
      false,
    )
  })

  it('where Mitz is asked and gives no answer is not given on what is on record here, but for an emergency', () => {
    const silent = { ...holding, mitz: 'silent' as const }
    expect(decideAccess(request, silent)).toMatchObject({ permitted: false, why: 'CONSENT_UNAVAILABLE' })
    expect(decideAccess(emergency, silent)).toMatchObject({
      permitted: true,
      consent: { why: 'unavailable', source: 'mitz' },
    })
    // Whoever asks too much at once does not get around an objection by it.
    expect(decideAccess(emergency, { ...holding, mitz: 'busy' }).why).toBe('CONSENT_UNAVAILABLE')
    const objected = { ...silent, consents: [consent('deny')] }
    for (const asked of [request, emergency]) expect(decideAccess(asked, objected).why).toBe('CONSENT_DENIED')
  })

  it('is for no member in testing, whatever else holds, and it may know why', () => {
    const { permitted, why } = decideAccess({ ...request, isTesting: true }, holding)
    expect([permitted, why === 'PERMITTED' || reasonForPeer(why)]).toEqual([false, 'MEMBER_TESTING'])
  })

  it('is for nobody outside the directory, who reads the same of every patient, known or not', () => {
    const outsider = { ...request, isOutsider: true, isTesting: true, isBeyondQuota: true }
    for (const change of [{}, { known: false }, { blocked: true }, { consents: [consent('deny')] }]) {
      const { permitted, why } = decideAccess(outsider, { ...holding, ...change })
      expect([permitted, why === 'PERMITTED' || reasonForPeer(why)]).toEqual([false, 'NOT_A_MEMBER'])
    }
  })

  it('when refused, does not tell a peer whether the patient was ever here', () => {
    const refusals = [
      { ...holding, known: false, consents: [] },
      { ...holding, consents: [] },
      { ...holding, consents: [consent('deny')] },
      { ...holding, shielded: true },
      { ...holding, consents: [], blocked: true },
      { ...holding, consents: [consent('deny')], identityConflict: true },
    ].map((held) => decideAccess(request, held).why)
    const read = refusals.map((why) => (why === 'PERMITTED' ? why : reasonForPeer(why)))
    expect(new Set(read)).toEqual(new Set(['CONSENT_MISSING']))
  })
})

type Case = { request: AccessRequest; holding: Holding }
const said = (each: Case) =>
  decideConsent(each.holding.consents, each.request.requester, each.holding.age, each.holding.mitz).why

/** Spec 08 §5, row by row: what must hold, and the reason when it does not. */
const rows: [AccessReason, (each: Case) => boolean][] = [
  ['NOT_A_MEMBER', ({ request }) => request.isOutsider !== true],
  ['MEMBER_TESTING', ({ request }) => request.isTesting !== true],
  ['ROLE_NOT_PERMITTED', ({ request }) => request.user.role === 'radiologist'],
  ['BASIS_NOT_SUPPORTED', ({ request }) => ['treatment', 'emergency'].includes(request.purpose.basis)],
  [
    'SHARING_NOT_PERMITTED',
    (each) =>
      each.request.isToShare !== true || (!isEmergency(each) && each.holding.onwardSharing !== 'refuse'),
  ],
  ['TOO_MANY_EMERGENCIES', ({ request }) => request.isBeyondQuota !== true],
  ['UNKNOWN_PATIENT', ({ holding }) => holding.known],
  ['CONSENT_MISSING', (each) => isEmergency(each) || said(each) !== 'no-record'],
  ['CONSENT_DENIED', (each) => said(each) !== 'explicit-deny'],
  [
    'CONSENT_UNAVAILABLE',
    (each) => said(each) !== 'unavailable' || (isEmergency(each) && each.holding.mitz !== 'busy'),
  ],
  [
    'SHIELDED',
    (each) => isEmergency(each) || !each.holding.shielded || each.request.relation === 'registered',
  ],
  ['BLOCKED', ({ holding }) => !holding.blocked],
  ['IDENTITY_MISMATCH', ({ holding }) => !holding.identityConflict],
]
const isEmergency = ({ request }: Case) => request.purpose.basis === 'emergency'

const scopes = fc.oneof(
  fc.constant<ConsentScope>({ kind: 'all' }),
  fc.constantFrom(...organisationCategories).map((category) => ({ kind: 'category', category }) as const),
  fc.constantFrom('00000002', '00000003').map((ura) => ({ kind: 'organisation', ura }) as const),
)
const records = fc.array(
  fc.record(
    {
      scope: scopes,
      decision: fc.constantFrom<Decision>('permit', 'deny'),
      recordedAt: fc.constantFrom(0, 1, 2).map((years) => now - years * 365 * 86_400_000),
      source: fc.constantFrom('local' as const, 'mitz' as const),
      by: fc.constant('u1'),
      givenBy: fc.constantFrom(...givers),
    },
    { requiredKeys: ['scope', 'decision', 'recordedAt', 'source', 'by'] },
  ),
  { maxLength: 8 },
)
const cases: fc.Arbitrary<Case> = fc.record({
  request: fc.record(
    {
      requester: fc.constantFrom<AccessRequest['requester']>(
        { ura: '00000002', category: 'hospital' },
        { ura: '00000003', category: 'umc' },
        { ura: '' },
      ),
      isOutsider: fc.constantFrom(false, false, false, true),
      isTesting: fc.constantFrom(false, false, false, true),
      isBeyondQuota: fc.constantFrom(false, false, false, true),
      user: fc
        .constantFrom('radiologist', 'radiologist', 'radiologist', 'operator', 'auditor', '')
        .map((role) => ({ id: 'u', role })),
      purpose: fc
        .constantFrom<Basis>('treatment', 'treatment', 'emergency', 'emergency', 'referral')
        .map((basis) => ({ basis, reason: 'x' })),
      relation: fc.constantFrom('stated' as const, 'registered' as const),
      isToShare: fc.constantFrom(false, false, true),
    },
    { requiredKeys: ['requester', 'user', 'purpose'] },
  ),
  holding: fc.record(
    {
      known: fc.constantFrom(true, true, true, false),
      age: fc
        .constantFrom('1960-02-03', '2015-01-01', '2013-06-02', '2010-06-01', '2014', '')
        .map((birthDate) => ({ birthDate, now })),
      consents: records,
      mitz: fc.constantFrom<MitzAnswer>('permit', 'deny', 'silent', 'busy'),
      shielded: fc.boolean(),
      blocked: fc.constantFrom(false, false, true),
      identityConflict: fc.constantFrom(false, false, true),
      onwardSharing: fc.constantFrom('permit' as const, 'permit' as const, 'refuse' as const),
    },
    { requiredKeys: ['known', 'age', 'consents', 'shielded', 'blocked', 'identityConflict'] },
  ),
})
const runs = { numRuns: 5000 }

describe('whatever is asked and held,', () => {
  it('the decision is that of the table: the first row that fails, and yes only when none does', () => {
    const seen = new Set<AccessReason>()
    fc.assert(
      fc.property(cases, (each) => {
        const expected = rows.find(([, holds]) => !holds(each))?.[0] ?? 'PERMITTED'
        seen.add(expected)
        const { permitted, why } = decideAccess(each.request, each.holding)
        expect([permitted, why]).toEqual([expected === 'PERMITTED', expected])
      }),
      runs,
    )
    // Every row was reached, so that none was checked by nothing.
    expect(seen).toEqual(new Set([...rows.map(([why]) => why), 'PERMITTED']))
  })

  it('it does not depend on the order of records', () => {
    const shuffled = cases.chain((each) =>
      fc.tuple(
        fc.constant(each),
        fc.shuffledSubarray([...each.holding.consents], { minLength: each.holding.consents.length }),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([{ request, holding }, consents]) => {
        expect(decideAccess(request, { ...holding, consents })).toEqual(decideAccess(request, holding))
      }),
      runs,
    )
  })

  it('nothing is permitted by leaving something out or by a worse answer: each change for the worse only takes away', () => {
    const objection = (ura: string): ConsentRecord => ({
      ...consent('deny'),
      scope: { kind: 'organisation', ura },
      recordedAt: now,
    })
    fc.assert(
      fc.property(cases, ({ request, holding }) => {
        const { relation: _, ...unrelated } = request
        const worse: [AccessRequest, Holding][] = [
          [unrelated, holding],
          [{ ...request, isOutsider: true }, holding],
          [{ ...request, isTesting: true }, holding],
          [{ ...request, isBeyondQuota: true }, holding],
          [{ ...request, isToShare: true }, holding],
          [request, { ...holding, onwardSharing: 'refuse' }],
          [{ ...request, user: { ...request.user, role: 'other' } }, holding],
          [request, { ...holding, known: false }],
          [request, { ...holding, blocked: true }],
          [request, { ...holding, identityConflict: true }],
          [request, { ...holding, shielded: true }],
          [request, { ...holding, mitz: 'deny' }],
          [request, { ...holding, mitz: 'busy' }],
          [request, { ...holding, consents: [...holding.consents, objection(request.requester.ura)] }],
        ]
        const before = decideAccess(request, holding).permitted
        for (const [asked, held] of worse) expect(before || !decideAccess(asked, held).permitted).toBe(true)
      }),
      runs,
    )
  })

  it('an emergency opens what nobody objected to, and nothing that a treatment would not find objected to', () => {
    fc.assert(
      fc.property(cases, ({ request, holding }) => {
        // What is handed on, is never handed on by an emergency.
        const as = (basis: Basis): AccessDecision =>
          decideAccess({ ...request, isToShare: false, purpose: { basis, reason: 'x' } }, holding)
        if (as('treatment').permitted) expect(as('emergency').permitted).toBe(true)
        if (as('treatment').why === 'CONSENT_DENIED') expect(as('emergency').why).toBe('CONSENT_DENIED')
      }),
      runs,
    )
  })

  it('a peer reads the same of who is unknown, never asked, objected or is shielded', () => {
    fc.assert(
      fc.property(cases, ({ request, holding }) => {
        const { why } = decideAccess(request, holding)
        if (why === 'PERMITTED') return
        const hidden = [
          'TOO_MANY_EMERGENCIES',
          'UNKNOWN_PATIENT',
          'CONSENT_MISSING',
          'CONSENT_DENIED',
          'CONSENT_UNAVAILABLE',
          'SHIELDED',
        ]
        expect(reasonForPeer(why)).toBe(hidden.includes(why) ? 'CONSENT_MISSING' : why)
      }),
      runs,
    )
  })
})
