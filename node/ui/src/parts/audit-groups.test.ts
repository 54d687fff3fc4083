import { expect, test } from 'vitest'
import type { AuditLine } from '../api-types.ts'
import { groupAlike } from './audit-groups.ts'

const line = (seq: number, change: Partial<AuditLine> = {}): AuditLine => ({
  ...{ seq, hash: '', event: 'search', at: '2026-01-05T10:00:00Z', outcome: 'success', emergency: false },
  organisation: { ura: '90000001', name: 'A' },
  user: { id: 'rad', role: 'radiologist' },
  ...change,
})

test('lines of one day that say the same are one, and those of another day, person or outcome are not', () => {
  const found = groupAlike([
    line(1),
    line(2, { at: '2026-01-05T11:00:00Z' }),
    line(3, { at: '2026-01-06T11:00:00Z' }),
    line(4, { outcome: 'refused' }),
    line(5, { user: { id: 'other', role: 'radiologist' } }),
    line(6, { emergency: true }),
    line(7),
  ])
  expect(found.map(({ first, rest }) => [first.seq, ...rest.map(({ seq }) => seq)])).toEqual([
    [1, 2, 7],
    [3],
    [4],
    [5],
    [6],
  ])
})
