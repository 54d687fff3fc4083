import { expect, test } from 'vitest'
import type { Proof } from '../proof/verify-line.ts'
import { verdictOf } from './verdict.ts'

const proof: Proof = {
  inclusion: 'held',
  logSignature: 'held',
  cosignatures: 'held',
  cosigners: ['a', 'b'],
  quorum: 2,
  phase: 'required',
  size: 4,
  root: '',
  computed: '',
  steps: 2,
}

test('a line is proven by its path, the signature of the log and enough witnesses; by nothing less', () => {
  expect(verdictOf(proof)).toBe('held')
  expect(verdictOf({ ...proof, cosigners: ['a'] })).toBe('heldAlone')
  expect(verdictOf({ ...proof, cosigners: [], phase: 'founding' })).toBe('heldFounding')
  expect(verdictOf({ ...proof, cosigners: ['a'], phase: 'founding' })).toBe('heldFounding')
  expect(verdictOf({ ...proof, phase: 'founding' })).toBe('held')
  expect(verdictOf({ ...proof, cosignatures: 'broken' })).toBe('broken')
  expect(verdictOf({ ...proof, logSignature: 'unknown', cosigners: [] })).toBe('unknown')
  expect(verdictOf({ ...proof, logSignature: 'unknown', inclusion: 'broken' })).toBe('broken')
  expect(verdictOf({ ...proof, logSignature: 'broken' })).toBe('broken')
})
