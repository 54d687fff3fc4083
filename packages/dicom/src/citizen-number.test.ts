import { expect, test } from 'vitest'
import { citizenNumberCandidates } from './index.ts'
import type { InstanceHead } from './index.ts'

const head: InstanceHead = {
  ...{ sopClassUid: '1', sopInstanceUid: '2', studyInstanceUid: '3', seriesInstanceUid: '4' },
  ...{ otherPatientIds: [], legacyOtherPatientIds: [], patientName: '' },
}
const strict = { acceptLegacyOtherPatientIds: false }

test('a BSN counts where its issuer says that it is one', () => {
  expect(
    citizenNumberCandidates({ ...head, patientId: { id: '999990019', issuer: 'NLMINBIZA ' } }, strict),
  ).toEqual(['999990019'])
  const issuerOid = '2.16.840.1.113883.2.4.6.3'
  expect(
    citizenNumberCandidates({ ...head, otherPatientIds: [{ id: '999990019', issuerOid }] }, strict),
  ).toEqual(['999990019'])
})

test('a number without issuer, of another issuer, or that is no number, does not', () => {
  const otherPatientIds = [
    { id: '999990019', issuer: 'OOST' },
    { id: 'onbekend', issuer: 'NLMINBIZA' },
  ]
  expect(
    citizenNumberCandidates({ ...head, patientId: { id: '999990019' }, otherPatientIds }, strict),
  ).toEqual([])
})

test('legacy other patient IDs count only by setting', () => {
  const legacy = { ...head, legacyOtherPatientIds: ['999990019'] }
  expect(citizenNumberCandidates(legacy, strict)).toEqual([])
  expect(citizenNumberCandidates(legacy, { acceptLegacyOtherPatientIds: true })).toEqual(['999990019'])
})

test('two different numbers are both given, one number twice only once', () => {
  const issuer = 'NLMINBIZA'
  const otherPatientIds = ['999990019', '999990020', '999990019'].map((id) => ({ id, issuer }))
  expect(citizenNumberCandidates({ ...head, otherPatientIds }, strict)).toEqual(['999990019', '999990020'])
})
