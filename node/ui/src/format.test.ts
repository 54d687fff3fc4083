import { describe, expect, it } from 'vitest'
import { ageOn, formatName, isBsn } from './format.ts'

describe('what the screen shows of a patient', () => {
  it('writes a name the way people say it', () => {
    expect(formatName('Berg^Anna^M.^van den')).toBe('van den Berg, Anna M.')
    expect(formatName('Jansen')).toBe('Jansen')
    expect(formatName('Yamada^Tarou=山田^太郎')).toBe('Yamada, Tarou')
  })

  it('counts whole years', () => {
    expect(ageOn('1960-05-04', new Date(2026, 4, 3))).toBe(65)
    expect(ageOn('1960-05-04', new Date(2026, 4, 4))).toBe(66)
    expect(ageOn(null, new Date())).toBeUndefined()
  })

  it('knows a BSN from other digits before anything is sent', () => {
    expect(isBsn('999990019')).toBe(true)
    expect(isBsn('9999 900 19')).toBe(true)
    expect(isBsn('999990018')).toBe(false)
    expect(isBsn('000000000')).toBe(false)
    expect(isBsn('1234')).toBe(false)
    expect(isBsn('99999001x')).toBe(false)
  })
})
