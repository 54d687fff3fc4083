import { describe, expect, it } from 'vitest'
import type { Entered, OpenShare, PatientDoor } from '../shares/patient-door.ts'
import { isFromDoor } from './door-messages.ts'
import { NearShares } from './near-shares.ts'

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
    const shares = new NearShares({ door })
    await shares.answer(enter('a', 'wrong'))
    expect(await shares.answer({ call: 'opened', shareId: 'a' })).toBeUndefined()
    for (const question of [
      { call: 'block', shareId: 'a' },
      { call: 'noted', shareId: 'a', what: 'viewed' },
    ] as const)
      await expect(shares.answer(question)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(done).toEqual([])
  })

  it('answers for those that somebody was let into, until they are over', async () => {
    const { door, done, over } = testShares()
    const shares = new NearShares({ door })
    await shares.answer(enter('a', 'right'))
    expect(await shares.answer({ call: 'opened', shareId: 'a' })).toEqual({ id: 'a' })
    await shares.answer({ call: 'noted', shareId: 'a', what: 'downloaded' })
    expect(done).toEqual(['a downloaded'])
    over('a')
    expect(await shares.answer({ call: 'opened', shareId: 'a' })).toBeUndefined()
  })

  it('takes a thousand questions at once, and no more', async () => {
    const slow = Promise.withResolvers<void>()
    const shares = new NearShares({ door: testShares(slow.promise).door })
    const asked = Array.from({ length: 1000 }, () => shares.answer(enter('a', 'wrong')))
    await expect(shares.answer(enter('a', 'wrong'))).rejects.toMatchObject({ code: 'BUSY' })
    slow.resolve()
    await Promise.all(asked)
    expect(await shares.answer(enter('a', 'wrong'))).toEqual({ outcome: 'wrong', left: 1 })
  })

  it('understands what a door says, and nothing else', () => {
    const ask = (question: object) => isFromDoor({ kind: 'ask', id: 1, question })
    expect(ask(enter('a', 'right'))).toBe(true)
    expect(isFromDoor({ kind: 'open', port: 8444 })).toBe(true)
    for (const wrong of [
      enter('a'.repeat(65), 'right'),
      { ...enter('a', 'right'), proof: { code: 'right', bsn: '999990019' } },
      { ...enter('a', 'right'), proof: { code: 1 } },
      { call: 'records' },
      { call: 'noted', shareId: 'a', what: 'revoked' },
      { call: 'opened', shareId: 'a', link: 'b' },
    ])
      expect(ask(wrong)).toBe(false)
    for (const wrong of [undefined, 'ask', { kind: 'answer', id: 1 }, { kind: 'open', port: 0 }])
      expect(isFromDoor(wrong)).toBe(false)
  })
})
