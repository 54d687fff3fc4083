import { describe, expect, it } from 'vitest'
import {
  Lifecycle,
  ManualClock,
  TwiinError,
  codeOf,
  createLogger,
  isTwiinError,
  maskCitizenNumbers,
} from './index.ts'

describe('errors', () => {
  it('carry a code and facts, and are told apart by code', () => {
    const error = new TwiinError('DIGEST_MISMATCH', { index: 3 })
    expect(error.message).toBe('DIGEST_MISMATCH (index=3)')
    expect(isTwiinError(error, 'DIGEST_MISMATCH')).toBe(true)
    expect(isTwiinError(error, 'OTHER')).toBe(false)
    expect(codeOf(Object.assign(new Error('full'), { code: 'ENOSPC' }))).toBe('ENOSPC')
    expect(codeOf('thrown text')).toBe('UNEXPECTED')
  })
})

describe('ManualClock', () => {
  it('wakes sleepers in the order of their time, never before', async () => {
    const clock = new ManualClock(0)
    const woken: string[] = []
    void clock.sleep(200).then(() => woken.push('late'))
    void clock.sleep(100).then(() => woken.push('early'))
    await clock.advance(99)
    expect(woken).toEqual([])
    await clock.advance(101)
    expect(woken).toEqual(['early', 'late'])
  })
})

describe('Lifecycle', () => {
  it('stops in the reverse order, and undoes a start that failed half-way', async () => {
    const calls: string[] = []
    const service = (name: string, fails = false) => ({
      name,
      start: async () => {
        calls.push(`start ${name}`)
        if (fails) throw new Error(name)
      },
      stop: async () => void calls.push(`stop ${name}`),
    })
    await expect(new Lifecycle([service('a'), service('b'), service('c', true)]).start()).rejects.toThrow('c')
    expect(calls).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a'])
  })
})

describe('log lines', () => {
  it('never show a number that passes the eleven test', () => {
    const lines: string[] = []
    const log = createLogger({ destination: { write: (line) => void lines.push(line) } })
    log.info('seen 999990019', { note: 'x999990019y', port: 104 })
    expect(lines.join('')).not.toContain('999990019')
    expect(maskCitizenNumbers('123456789 and 1999990019')).toBe('123456789 and 1999990019')
  })

  it('cannot be forged with a line break', () => {
    const lines: string[] = []
    createLogger({ destination: { write: (line) => void lines.push(line) } }).warn('a\nb')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.split('\n')).toHaveLength(2)
  })
})
