import { expect, test } from 'vitest'
import { readLine } from './read-line.ts'

test('a line says who did what to whom, wherever in it that stands', () => {
  const approved = readLine(
    3,
    '{"seq":3,"act":"approved","by":"noor","at":1,"application":{"organisation":"Kliniek (fictief)","ura":"90000009"}}',
  )
  expect(approved).toMatchObject({
    act: 'approved',
    by: ['noor'],
    name: 'Kliniek (fictief)',
    ura: '90000009',
  })
  const asked = readLine(
    4,
    '{"act":"requested","by":"noor","request":{"kind":"suspension","peerId":"p","reason":"misuse"}}',
  )
  expect(asked).toMatchObject({ asked: 'suspension', peerId: 'p', reason: 'misuse' })
  expect(readLine(5, '{"act":"revoked","by":["noor","sem"]}').by).toEqual(['noor', 'sem'])
})

test('a line that is no JSON, or no object, is still a line', () => {
  for (const line of ['', '{', 'null', '[1]', '7'])
    expect(readLine(0, line)).toMatchObject({ index: 0, line, act: undefined, by: [] })
})
