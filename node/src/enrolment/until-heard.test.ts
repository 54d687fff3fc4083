import { ManualClock, TwiinError, silentLogger } from '@twiin/runtime'
import { expect, test } from 'vitest'
import { untilHeard } from './until-heard.ts'

test('a node that is told to wait announces itself again at that moment, and not before', async () => {
  const clock = new ManualClock()
  const start = clock.now()
  const tries: number[] = []
  const answers = [{ status: 429, retryAfterSeconds: 37 }, { status: 503 }]
  const announce = async () => {
    tries.push((clock.now() - start) / 1000)
    const refusal = answers.shift()
    if (refusal) throw new TwiinError('ANNOUNCEMENT_REFUSED', refusal)
  }
  const heard = untilHeard(announce, { clock, log: silentLogger }, new AbortController().signal)
  for (const ms of [0, ...Array<number>(60).fill(1000)]) await clock.advance(ms)
  await heard
  expect(tries).toEqual([0, 37, 47])
})
