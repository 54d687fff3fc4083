import fc from 'fast-check'
import { expect, it } from 'vitest'
import { newLetterCode, newSmsCode, normalCode } from './codes.ts'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

it('a code has its form, and is what its owner types, with spaces, hyphens and small letters', () => {
  for (let i = 0; i < 200; i++) {
    const [sms, letter] = [newSmsCode(random), newLetterCode(random)]
    expect(sms).toMatch(/^\d{6}$/)
    expect(letter).toMatch(/^[23456789ABCDEFGHJKMNPQRSTVWXYZ]{10}$/)
    expect(normalCode('sms', ` ${sms.slice(0, 3)} ${sms.slice(3)}`)).toBe(sms)
    expect(normalCode('letter', `${letter.slice(0, 5).toLowerCase()}–${letter.slice(5)}\n`)).toBe(letter)
  }
})

it('each sign is as likely as any other', () => {
  // Every byte once: a sign that is favoured would come from more of them.
  let at = 0
  const everyByte = (length: number) => Uint8Array.from({ length }, () => at++ % 256)
  const signs = Array.from({ length: 24 }, () => newLetterCode(everyByte)).join('')
  const counts = new Map<string, number>()
  for (const sign of signs) counts.set(sign, (counts.get(sign) ?? 0) + 1)
  expect([...counts.keys()]).toHaveLength(30)
  expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(2)
})

it('whatever is typed becomes a code or the one text that none is', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 5000 }), (typed) => {
      expect(normalCode('sms', typed)).toMatch(/^(?:\d{6}|-)$/)
      expect(normalCode('letter', typed)).toMatch(/^(?:[2-9A-HJKMNP-TV-Z]{10}|-)$/)
    }),
  )
})
