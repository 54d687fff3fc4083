import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConsentRecord, Decision } from './consent-record.ts'
import { decideAccess, reasonForPeer } from './decide-access.ts'
import type { AccessRequest, Basis, Holding } from './decide-access.ts'

const consent = (decision: Decision): ConsentRecord => ({
  scope: { kind: 'all' },
  decision,
  recordedAt: 1,
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
  consents: [consent('permit')],
  blocked: false,
  identityConflict: false,
}
const basis = (basis: Basis) => ({ ...request, purpose: { basis, reason: 'poli' } })

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
      'an emergency, also without a record',
      basis('emergency'),
      { ...holding, consents: [] },
      'BASIS_NOT_SUPPORTED',
    ],
    ['a patient who is not known here', request, { ...holding, known: false }, 'UNKNOWN_PATIENT'],
    ['no consent on record', request, { ...holding, consents: [] }, 'CONSENT_MISSING'],
    ['an objection', request, { ...holding, consents: [consent('deny')] }, 'CONSENT_DENIED'],
    ['a block', request, { ...holding, blocked: true }, 'BLOCKED'],
    ['another birth date', request, { ...holding, identityConflict: true }, 'IDENTITY_MISMATCH'],
  ] as const)('is refused for %s', (_name, request, holding, why) => {
    expect(decideAccess(request, holding)).toMatchObject({ permitted: false, why })
  })

  it('is refused unless every single condition holds', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('radiologist', 'operator', 'auditor', ''),
        fc.constantFrom<Basis>('treatment', 'referral', 'emergency'),
        fc.subarray([consent('permit'), consent('deny')]),
        fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
        (role, basis, consents, [known, blocked, identityConflict]) => {
          const asked = { ...request, user: { id: 'u7', role }, purpose: { basis, reason: '' } }
          const agreed = consents.length === 1 && consents[0]?.decision === 'permit'
          const due = role === 'radiologist' && basis === 'treatment' && agreed && known && !blocked
          const { permitted } = decideAccess(asked, { known, consents, blocked, identityConflict })
          expect(permitted).toBe(due && !identityConflict)
        },
      ),
    )
  })

  it('is for no member in testing, whatever else holds, and it may know why', () => {
    const { permitted, why } = decideAccess({ ...request, isTesting: true }, holding)
    expect([permitted, why === 'PERMITTED' || reasonForPeer(why)]).toEqual([false, 'MEMBER_TESTING'])
  })

  it('when refused, does not tell a peer whether the patient was ever here', () => {
    const refusals = [
      { ...holding, known: false, consents: [] },
      { ...holding, consents: [] },
      { ...holding, consents: [consent('deny')] },
      { ...holding, consents: [], blocked: true },
      { ...holding, consents: [consent('deny')], identityConflict: true },
    ].map((held) => decideAccess(request, held).why)
    const read = refusals.map((why) => (why === 'PERMITTED' ? why : reasonForPeer(why)))
    expect(new Set(read)).toEqual(new Set(['CONSENT_MISSING']))
  })
})
