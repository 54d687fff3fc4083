import { expect, it } from 'vitest'
import { AnswerQueue } from './answer-queue.ts'

it('so many answers wait and no more; who brings more goes on when one was read', async () => {
  const queue = new AnswerQueue<number>({ room: 2 })
  let brought = 0
  const bringing = (async () => {
    while (brought < 5 && (await queue.put(brought))) brought++
    queue.close()
  })()
  await new Promise((resolve) => setImmediate(resolve))
  expect(brought).toBe(2)
  const read: number[] = []
  for await (const one of queue) read.push(one)
  await bringing
  expect(read).toEqual([0, 1, 2, 3, 4])
})

it('who waits for room is told when it is there, and when nobody reads any more', async () => {
  const queue = new AnswerQueue<number>({ room: 1 })
  await queue.put(1)
  const more = [queue.put(2), queue.put(3)]
  for await (const _ of queue) break
  expect(await Promise.all(more)).toEqual([true, false])
})
