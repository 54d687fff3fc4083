import { randomBytes } from 'node:crypto'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { expect, it } from 'vitest'
import { tendCertificate } from './tend-certificate.ts'

const turnOfTheLoop = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Each look is ended by the test; `news` is a bundle that came. */
function tended() {
  const looks: PromiseWithResolvers<void>[] = []
  let news = () => {}
  const loop = tendCertificate({
    enrolment: {
      tend: () => {
        const look = Promise.withResolvers<void>()
        looks.push(look)
        return look.promise
      },
    },
    bundle: { onChange: (listener) => (news = () => (listener as () => void)()) },
    ...{ clock: new ManualClock(), log: silentLogger, random: randomBytes },
  })
  return { loop, looks, news: () => news() }
}

it('a bundle that comes between two looks is answered by the next at once', async () => {
  const { loop, looks, news } = tended()
  await loop.start()
  looks[0]?.resolve()
  await turnOfTheLoop()
  expect(looks).toHaveLength(1)
  news()
  await turnOfTheLoop()
  expect(looks).toHaveLength(2)
  looks[1]?.resolve()
  await loop.stop()
})

it.each(['is found in order', 'fails'])(
  'a bundle that comes during a look is looked at when it %s, not a minute later: it may have other witnesses',
  async (end) => {
    const { loop, looks, news } = tended()
    await loop.start()
    news()
    if (end === 'fails') looks[0]?.reject(new Error('not ready'))
    else looks[0]?.resolve()
    await turnOfTheLoop()
    expect(looks).toHaveLength(2)
    looks[1]?.resolve()
    await turnOfTheLoop()
    expect(looks).toHaveLength(2)
    await loop.stop()
  },
)
