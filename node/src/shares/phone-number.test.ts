import { expect, it } from 'vitest'
import { internationalNumber } from './phone-number.ts'

it.each([
  ...['0612345678', '06 1234 5678', '06-12345678', '(06) 12.34.56.78', '0031 6 12345678', '0031612345678'],
  ...['+31612345678', '+31 (0)6 1234 5678', '+31 6 12345678', '00 31 (0)6-12345678'],
])('%s is one number, as gateways take it', (typed) => {
  expect(internationalNumber(typed)).toBe('+31612345678')
})

it('numbers of other countries stay what they are', () => {
  expect(internationalNumber('+32 470 12 34 56')).toBe('+32470123456')
  expect(internationalNumber('0049 1512 3456789')).toBe('+4915123456789')
})

it.each([
  '612345678',
  '061234567',
  '06123456789',
  '+0612345678',
  '+310612345678',
  '+31',
  '+1234567890123456',
  '112',
])('%s is none', (typed) => {
  expect(() => internationalNumber(typed)).toThrow('PHONE_INVALID')
})
