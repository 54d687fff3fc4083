import { describe, expect, it } from 'vitest'
import { ageOn, formatBytes, formatDate, formatDuration, formatName, isBsn } from './format.ts'

describe('what the screen shows', () => {
  it('turns dates of the API and of DICOM into words, and leaves what is no date', () => {
    expect(formatDate('2026-03-14', 'en')).toBe('Mar 14, 2026')
    expect(formatDate('20260314', 'nl')).toBe('14 mrt 2026')
    expect(formatDate('', 'nl')).toBe('')
    expect(formatDate(null, 'nl')).toBe('')
    expect(formatDate('2026', 'nl')).toBe('2026')
  })

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

  it('keeps sizes and times short', () => {
    expect(formatBytes(52_400_000, 'en')).toBe('52 MB')
    expect(formatBytes(1_200_000_000, 'en')).toBe('1.2 GB')
    expect(formatDuration(110, 'en')).toBe('1m 50s')
    expect(formatDuration(0.2, 'en')).toBe('1s')
  })
})
