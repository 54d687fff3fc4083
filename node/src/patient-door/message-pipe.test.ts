import { duplexPair } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { MessagePipe } from './message-pipe.ts'

/** The reader of one end, and the other end as raw text. */
function ends(longest = 32) {
  const [stream, far] = duplexPair()
  const heard: unknown[] = []
  let broken = 0
  const pipe = new MessagePipe(
    { longest },
    { stream, heard: (message) => void heard.push(message), broken: () => void broken++ },
  )
  const said = async (text: string) => {
    await new Promise((resolve) => far.write(text, resolve))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { pipe, stream, far, heard, said, broken: () => broken }
}

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
    const { heard, said, broken } = ends()
    await said(`1\n${text}`)
    await said('\n2\n')
    expect(broken()).toBe(1)
    expect(heard).not.toContain(2)
  })

  it('is not heard while its answers are not taken', async () => {
    const { pipe, stream, far, heard, said } = ends()
    while (stream.writableLength < stream.writableHighWaterMark) pipe.send({ answer: 'x'.repeat(1000) })
    await said('1\n')
    expect(heard).toEqual([])
    far.resume()
    await expect.poll(() => heard).toEqual([1])
  })
})
