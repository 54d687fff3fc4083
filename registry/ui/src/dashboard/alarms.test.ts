import { describe, expect, it } from 'vitest'
import type { Certificate, LogState } from '../api-types.ts'
import { alarmsOf, newestOf } from './alarms.ts'

const now = Date.parse('2026-11-25T12:00:00Z')
const certificate = (over: Partial<Certificate>): Certificate => ({
  serial: 'aa',
  ura: '90000001',
  name: 'Ziekenhuis De Linde (fictief)',
  peerId: 'one',
  notBefore: '2026-11-01T00:00:00Z',
  notAfter: '2026-12-01T00:00:00Z',
  status: 'valid',
  daysLeft: 20,
  issuedAt: '2026-11-01T00:00:00Z',
  index: 3,
  approvedBy: [],
  ...over,
})
const log: LogState = {
  size: 10,
  root: '',
  cosigned: { size: 10, at: '2026-11-25T11:59:00Z', cosigners: [] },
  phase: 'required',
  foundingEndsAt: '2026-11-01T00:00:00Z',
  quorum: 2,
  witnesses: ['a', 'b', 'c'].map((peerId) => ({ peerId, ura: '', name: '' })),
}
const quiet = { now, certificates: [certificate({})], organisations: [], reviews: [], log }
const kinds = (over: Partial<typeof quiet>) => alarmsOf({ ...quiet, ...over }).map(({ kind }) => kind)

describe('alarms', () => {
  it('are none when all is well', () => {
    expect(kinds({})).toEqual([])
  })

  it('look at the newest certificate of a key only, and tell when it ends', () => {
    const old = certificate({
      serial: 'ab',
      notAfter: '2026-11-20T00:00:00Z',
      status: 'expired',
      daysLeft: -5,
    })
    expect(newestOf([old, certificate({})]).map(({ serial }) => serial)).toEqual(['aa'])
    expect(kinds({ certificates: [old, certificate({})] })).toEqual([])
    expect(kinds({ certificates: [old] })).toEqual(['ended'])
    expect(kinds({ certificates: [certificate({ daysLeft: 14 })] })).toEqual(['ending'])
    expect(kinds({ certificates: [certificate({ daysLeft: 0 })] })).toEqual(['endingToday'])
    expect(kinds({ certificates: [certificate({ status: 'revoked', daysLeft: 2 })] })).toEqual([])
  })

  it('tell of witnesses that are too few, or stopped signing while the log went on', () => {
    expect(kinds({ log: { ...log, witnesses: log.witnesses.slice(1) } })).toEqual(['fewWitnesses'])
    const old = { size: 9, at: '2026-11-25T09:00:00Z', cosigners: [] }
    expect(kinds({ log: { ...log, cosigned: old } })).toEqual(['oldCosign'])
    expect(kinds({ log: { ...log, cosigned: { ...old, size: 10 } } })).toEqual([])
    expect(kinds({ log: { ...log, ledgerBehind: true } })).toEqual(['behind'])
  })
})
