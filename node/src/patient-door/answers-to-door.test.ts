import { ManualClock } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import type { Entered, OpenShare, PatientDoor } from '../shares/patient-door.ts'
import { AnswersToDoor } from './answers-to-door.ts'
import { longestMs } from './sessions.ts'

/** Shares that let in who says `right`; what was done to them stands in `done`. */
function testShares(until: Promise<void> = Promise.resolve()) {
  const done: string[] = []
  let tell = (_shareId: string) => {}
  const door: PatientDoor = {
    askCode: async () => {},
    enter: async (link, proof): Promise<Entered> => {
      await until
      return 'code' in proof && proof.code === 'right'
        ? { outcome: 'open', shareId: link }
        : { outcome: 'wrong', left: 1 }
    },
    opened: async (id) => ({ id }) as OpenShare,
    history: async () => [],
    noted: async (id, what) => void done.push(`${id} ${what}`),
    block: async (id) => void done.push(`${id} blocked`),
    onOver: (listener) => void (tell = listener),
  }
  return { door, done, over: (shareId: string) => tell(shareId) }
}
const enter = (link: string, code: string) =>
  ({ call: 'enter', link, proof: { code }, from: '192.0.2.0/24' }) as const

describe('the node, asked by the process of its door', () => {
  it('says nothing of a share that nobody was let into, and does nothing to it', async () => {
    const { door, done } = testShares()
    const shares = new AnswersToDoor({ door, clock: new ManualClock() })
    await shares.answer(enter('a', 'wrong'))
    expect(await shares.answer({ call: 'opened', shareId: 'a' })).toBeUndefined()
    for (const question of [
      { call: 'block', shareId: 'a' },
      { call: 'history', shareId: 'a' },
      { call: 'noted', shareId: 'a', what: 'viewed' },
    ] as const)
      await expect(shares.answer(question)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(done).toEqual([])
  })

  it('answers for those that somebody was let into, until they are over', async () => {
    const { door, done, over } = testShares()
    const shares = new AnswersToDoor({ door, clock: new ManualClock() })
    await shares.answer(enter('a', 'right'))
    expect(await shares.answer({ call: 'opened', shareId: 'a' })).toEqual({ id: 'a' })
    await shares.answer({ call: 'noted', shareId: 'a', what: 'downloaded' })
    expect(done).toEqual(['a downloaded'])
    over('a')
    expect(await shares.answer({ call: 'opened', shareId: 'a' })).toBeUndefined()
  })

  it('answers as long as a session lasts, and no process after the one that let them in', async () => {
    const clock = new ManualClock()
    const shares = new AnswersToDoor({ door: testShares().door, clock })
    await shares.answer(enter('a', 'right'))
    await clock.advance(longestMs - 1)
    expect(await shares.answer({ call: 'opened', shareId: 'a' })).toBeDefined()
    await clock.advance(1)
    expect(await shares.answer({ call: 'opened', shareId: 'a' })).toBeUndefined()
    await shares.answer(enter('a', 'right'))
    shares.forget()
    await expect(shares.answer({ call: 'history', shareId: 'a' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it('notes no more than there were sessions', async () => {
    const { door, done } = testShares()
    const shares = new AnswersToDoor({ door, clock: new ManualClock() })
    for (let sessions = 0; sessions < 2; sessions++) await shares.answer(enter('a', 'right'))
    const note = () => shares.answer({ call: 'noted', shareId: 'a', what: 'viewed' })
    await Promise.all([note(), note()])
    await expect(note()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(done).toEqual(['a viewed', 'a viewed'])
  })

  it('takes a thousand questions at once, and no more', async () => {
    const slow = Promise.withResolvers<void>()
    const shares = new AnswersToDoor({ door: testShares(slow.promise).door, clock: new ManualClock() })
    const asked = Array.from({ length: 1000 }, () => shares.answer(enter('a', 'wrong')))
    await expect(shares.answer(enter('a', 'wrong'))).rejects.toMatchObject({ code: 'BUSY' })
    slow.resolve()
    await Promise.all(asked)
    expect(await shares.answer(enter('a', 'wrong'))).toEqual({ outcome: 'wrong', left: 1 })
  })
})
