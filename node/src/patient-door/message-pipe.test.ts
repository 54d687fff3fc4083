import { duplexPair } from 'node:stream'
import { ManualClock } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { MessagePipe } from './message-pipe.ts'
import type { PipeBounds } from './message-pipe.ts'

/** The reader of one end, and the other end as raw text. */
function ends(bounds?: PipeBounds) {
  const [stream, far] = duplexPair()
  const heard: unknown[] = []
  let broken = 0
  const pipe = new MessagePipe(
    { longest: 32, ...(bounds === undefined ? {} : { bounds }) },
    { stream, heard: (message) => void heard.push(message), broken: () => void broken++ },
  )
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const said = async (text: string) => {
    await new Promise((resolve) => far.write(text, resolve))
    await turn()
  }
  return { pipe, stream, far, heard, said, turn, broken: () => broken }
}
const bounds = (clock = new ManualClock()): PipeBounds => ({ mostASecond: 3, clock })

describe('messages on a pipe', () => {
  it('come one a line, however they are cut', async () => {
    const { heard, said, broken } = ends()
    for (const piece of ['{"a"', ':1}\n{"b":', '"é"}\n{"c', '":3}\n']) await said(piece)
    expect(heard).toEqual([{ a: 1 }, { b: 'é' }, { c: 3 }])
    expect(broken()).toBe(0)
  })

  it.each([
    ['a line that is too long', `"${'x'.repeat(40)}"\n`],
    ['a line that never ends', 'x'.repeat(40)],
    ['what is no JSON', 'hello\n'],
  ])('%s breaks it, and nothing after it is heard', async (_what, text) => {
    const { heard, said, broken, far } = ends()
    far.on('error', () => {})
    await said(`1\n${text}`)
    far.write('\n2\n', () => {})
    expect(broken()).toBe(1)
    expect(heard).not.toContain(2)
  })

  it('that are too many in a second wait for the next', async () => {
    const clock = new ManualClock()
    const { heard, said, turn } = ends(bounds(clock))
    await said('1\n2\n3\n4\n')
    await said('5\n')
    expect(heard).toEqual([1, 2, 3, 4])
    await clock.advance(1000)
    await turn()
    expect(heard).toEqual([1, 2, 3, 4, 5])
  })

  it('are not heard of one that does not take its answers, where it is bounded', async () => {
    const { pipe, stream, far, heard, said } = ends(bounds())
    while (stream.writableLength < stream.writableHighWaterMark) pipe.send({ answer: 'x'.repeat(1000) })
    await said('1\n')
    expect(heard).toEqual([])
    far.resume()
    await expect.poll(() => heard).toEqual([1])
  })

  it('go on where both ends have much to say: one of them hears always', async () => {
    const [near, far] = duplexPair()
    const counts = { asked: 0, answered: 0 }
    const end = (stream: typeof near, heard: () => void, bounded?: PipeBounds): MessagePipe =>
      new MessagePipe(
        { longest: 100_000, ...(bounded === undefined ? {} : { bounds: bounded }) },
        { stream, heard, broken: () => {} },
      )
    const node = end(
      near,
      () => {
        counts.asked++
        node.send({ answer: 'x'.repeat(20_000) })
      },
      { mostASecond: 10_000, clock: new ManualClock() },
    )
    const door = end(far, () => void counts.answered++)
    for (let i = 0; i < 1000; i++) door.send({ question: 'x'.repeat(1000) })
    await expect.poll(() => counts).toEqual({ asked: 1000, answered: 1000 })
  })
})
