import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ManualClock, TwiinError } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { byLetter, made, mailed, stateOf } from '../testing/made-shares.ts'
import { TestShares } from '../testing/test-shares.ts'

describe('a share whose means are gone', () => {
  it('whose package is gone, as after a backup without them, is failed at the next start and says so', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const [lost, kept] = [await made(shares, byLetter), await made(shares, byLetter)]
    await rm(join(shares.dir, 'shares', `${lost.id}.package`))
    await using after = await shares.killed()
    const { book } = after.routes
    expect(await book.find(lost.id)).toMatchObject({ state: 'failed', reason: 'PACKAGE_GONE' })
    expect(await after.door.enter(lost.link, { code: lost.code })).toEqual({
      outcome: 'over',
      reason: 'failed',
    })
    expect(await stateOf(after, kept.id)).toBe('open')
    expect([...book.counts()].sort()).toEqual([
      ['failed', 1],
      ['open', 1],
    ])
  })

  it('whose code no gateway took says so to staff, and not to the recipient', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const { id, link } = await made(shares, mailed)
    shares.messages.failure = new TwiinError('SMS_NOT_SENT', { reason: 'auth' })
    await shares.door.askCode(link)
    await shares.door.settled()
    const whats = (history: readonly { what: string }[]) => history.map(({ what }) => what)
    expect(whats((await shares.routes.book.find(id)).history)).toContain('code-not-sent')
    expect(whats(await shares.door.history(id))).toEqual(['created', 'mailed'])
  })
})
