import { randomBytes } from 'node:crypto'
import { ManualClock } from '@twiin/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { RequestGuard } from './request-guard.ts'

let clock: ManualClock
let guard: RequestGuard
const request = (change: object = {}) => ({
  holder: 'me',
  issuedAt: clock.now(),
  requestId: randomBytes(16),
  ...change,
})
const refusal = (why: string) => expect.objectContaining({ code: 'REQUEST_INVALID', facts: { why } }) as Error

beforeEach(() => {
  clock = new ManualClock()
  guard = new RequestGuard({ peerId: 'me' }, { clock })
})

describe('a signed request', () => {
  it('counts once, also when it comes again within the time it is fresh', async () => {
    const once = request()
    guard.check(once, 'a')
    await clock.advance(59_000)
    expect(() => guard.check(once, 'a')).toThrow(refusal('seen before'))
  })

  it('is only for whom it names, and only for a minute either way', () => {
    expect(() => guard.check(request({ holder: 'you' }), 'a')).toThrow(refusal('another holder'))
    for (const ms of [-60_001, 60_001])
      expect(() => guard.check(request({ issuedAt: clock.now() + ms }), 'a')).toThrow(refusal('not fresh'))
    for (const ms of [-60_000, 60_000]) guard.check(request({ issuedAt: clock.now() + ms }), 'a')
  })

  it('of one peer never keeps out those of another', async () => {
    for (let i = 0; i < 20_000; i++) guard.check(request(), 'insistent')
    expect(() => guard.check(request(), 'insistent')).toThrow(refusal('too many requests'))
    guard.check(request(), 'another')
    await clock.advance(5 * 60_000 + 1)
    guard.check(request(), 'insistent')
  })
})
