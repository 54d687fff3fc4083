import { expect, it } from 'vitest'
import { maskLocalId } from './mask-bsn.ts'

it('a local number that is a BSN is masked like one; the hospital’s own is shown', () => {
  expect(maskLocalId('999990019', 'NLMINBIZA')).toBe('*****0019')
  expect(maskLocalId('999990019', '2.16.840.1.113883.2.4.6.3')).toBe('*****0019')
  expect(maskLocalId('700100', 'ZIS-VOORBEELD')).toBe('700100')
})
