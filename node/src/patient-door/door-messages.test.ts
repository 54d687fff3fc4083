import { expect, it } from 'vitest'
import { isFromDoor, longestFromDoor } from './door-messages.ts'
import type { FromDoor } from './door-messages.ts'
import { SharesOverPipe } from './shares-over-pipe.ts'

const enter = { call: 'enter', link: 'a', proof: { code: 'right' }, from: '192.0.2.0/24' }

it('understands what a door says, and nothing else', () => {
  const ask = (question: object) => isFromDoor({ kind: 'ask', id: 1, question })
  expect(ask(enter)).toBe(true)
  expect(isFromDoor({ kind: 'open', port: 8444 })).toBe(true)
  for (const wrong of [
    { ...enter, link: 'a'.repeat(65) },
    { ...enter, proof: { code: 'right', bsn: '999990019' } },
    { ...enter, proof: { code: 1 } },
    { call: 'records' },
    { call: 'noted', shareId: 'a', what: 'revoked' },
    { call: 'opened', shareId: 'a', link: 'b' },
  ])
    expect(ask(wrong)).toBe(false)
  for (const wrong of [undefined, 'ask', { kind: 'answer', id: 1 }, { kind: 'open', port: 0 }])
    expect(isFromDoor(wrong)).toBe(false)
})

it('whatever a browser or a proxy sends becomes a message that the node reads', () => {
  const said: FromDoor[] = []
  const shares = new SharesOverPipe({ send: (message) => void said.push(message) })
  const long = '\u0000'.repeat(500)
  void shares.enter(long, { code: long }, long)
  void shares.enter(long, { bsn: long }, long)
  void shares.askCode(long, long)
  expect(said.map(isFromDoor)).toEqual([true, true, true])
  expect(Math.max(...said.map((message) => JSON.stringify(message).length))).toBeLessThan(longestFromDoor)
})

it('a share that is asked for a thousand times at once is one question, and then another', async () => {
  const said: FromDoor[] = []
  const shares = new SharesOverPipe({ send: (message) => void said.push(message) })
  const asked = Array.from({ length: 1000 }, () => shares.opened('a'))
  expect(said).toHaveLength(1)
  shares.heard({ kind: 'answer', id: 0 })
  expect(await Promise.all(asked)).toEqual(asked.map(() => undefined))
  void shares.opened('a')
  expect(said).toHaveLength(2)
})

it('five hundred questions wait for their answers, and no more', async () => {
  const shares = new SharesOverPipe({ send: () => {} })
  for (let i = 0; i < 500; i++) void shares.enter('a', { code: 'x' }, 'n')
  await expect(shares.enter('a', { code: 'x' }, 'n')).rejects.toMatchObject({ code: 'BUSY' })
})
