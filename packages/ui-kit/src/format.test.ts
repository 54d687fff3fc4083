import { describe, expect, it } from 'vitest'
import { formatBytes, formatDate, formatDuration } from './format.ts'

describe('what the screen shows', () => {
  it('turns dates of the API and of DICOM into words, and leaves what is no date', () => {
    expect(formatDate('2026-03-14', 'en')).toBe('Mar 14, 2026')
    expect(formatDate('20260314', 'nl')).toBe('14 mrt 2026')
    expect(formatDate('', 'nl')).toBe('')
    expect(formatDate(null, 'nl')).toBe('')
    expect(formatDate('2026', 'nl')).toBe('2026')
  })

  it('keeps sizes and times short', () => {
    expect(formatBytes(52_400_000, 'en')).toBe('52 MB')
    expect(formatBytes(1_200_000_000, 'en')).toBe('1.2 GB')
    expect(formatDuration(110, 'en')).toBe('1m 50s')
    expect(formatDuration(0.2, 'en')).toBe('1s')
  })
})
