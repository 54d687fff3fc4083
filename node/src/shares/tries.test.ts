import { ManualClock } from '@twiin/runtime'
import { decoyPassword, hashPassword, passwordMatches } from '@twiin/web'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TestShares, quickHashing } from '../testing/test-shares.ts'
import type { CreateShare, ShareOrder } from './create-share.ts'
import type { Entered } from './patient-door.ts'
import { newLink } from './share-link.ts'

const person = { id: 'rad', name: 'R. de Radioloog (fictief)', role: 'radiologist' } as const
const byLetter: ShareOrder = {
  ...{ studyInstanceUids: ['1.2.3'], recipient: { kind: 'patient' }, discussed: true },
  secondFactor: { kind: 'letter' },
}
const bySms: ShareOrder = { ...byLetter, secondFactor: { kind: 'sms', phone: '+31 6 00000000' } }
const byBroker: ShareOrder = { ...byLetter, secondFactor: { kind: 'oidc' } }
const linkOf = (url: string) => /\/z\/([^#]+)#/.exec(url)?.[1] ?? ''
const minuteMs = 60_000

async function made(shares: TestShares, order: ShareOrder) {
  const given: Awaited<ReturnType<CreateShare['create']>> = await shares.routes.creating.create(order, person)
  await shares.routes.maker.idle()
  return { ...given, id: given.record.id, link: linkOf(given.url), code: given.code ?? '' }
}

/** How often each outcome came. */
function counted(answers: readonly Entered[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome } of answers) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
const guesses = (shares: TestShares, link: string, guess: (at: number) => string) =>
  Promise.all(Array.from({ length: 10_000 }, (_, at) => shares.door.enter(link, { code: guess(at) })))
const sixDigits = (at: number) => String(at).padStart(6, '0')

describe('ten thousand codes at once', () => {
  it('at a letter: five are compared, none beyond, and the right one among the others opens nothing', async () => {
    let compared = 0
    const hashing = quickHashing(() => compared++)
    await using shares = await TestShares.open({ clock: new ManualClock(), hashing })
    const { link, code, id } = await made(shares, byLetter)
    const answers = await guesses(shares, link, (at) => (at < 20 ? 'WRONG' : code))
    expect(compared).toBe(5)
    expect(counted(answers)).toMatchObject({ wrong: 4 })
    expect(counted(answers)['open']).toBeUndefined()
    expect(await shares.door.enter(link, { code })).toEqual({ outcome: 'locked' })
    expect(await shares.door.opened(id)).toBeUndefined()
  })

  it('at a telephone: five of each code, ten in all', async () => {
    let compared = 0
    const clock = new ManualClock()
    await using shares = await TestShares.open({ clock, hashing: quickHashing(() => compared++) })
    const { link } = await made(shares, bySms)
    await shares.door.askCode(link)
    await shares.door.settled()
    const first = counted(await guesses(shares, link, sixDigits))
    expect(compared).toBe(5)
    expect(first['locked']).toBeUndefined()
    expect(await shares.door.enter(link, { code: shares.messages.code })).toEqual({ outcome: 'code-spent' })
    await clock.advance(minuteMs)
    await shares.door.askCode(link)
    await shares.door.settled()
    expect(shares.messages.texts).toHaveLength(2)
    const second = counted(await guesses(shares, link, sixDigits))
    expect(compared).toBe(10)
    expect(second['open']).toBeUndefined()
    await clock.advance(minuteMs)
    await shares.door.askCode(link)
    await shares.door.settled()
    expect(shares.messages.texts).toHaveLength(2)
    expect(await shares.door.enter(link, { code: shares.messages.code })).toEqual({ outcome: 'locked' })
    expect(compared).toBe(10)
  })

  it('at ten thousand links that nobody made: two are compared at once, two hundred wait, the rest is sent away', async () => {
    const gate = Promise.withResolvers<void>()
    const isFull = Promise.withResolvers<void>()
    let [atOnce, most] = [0, 0]
    const hashing = {
      ...quickHashing(),
      matches: async () => {
        most = Math.max(most, ++atOnce)
        if (atOnce === 2) isFull.resolve()
        await gate.promise
        atOnce--
        return false
      },
    }
    await using shares = await TestShares.open({ clock: new ManualClock(), hashing })
    const links = Array.from({ length: 10_000 }, () =>
      newLink('letter', (n) => crypto.getRandomValues(new Uint8Array(n))),
    )
    const all = links.map((link) => shares.door.enter(link, { code: 'X' }))
    let isBusy = 0
    const sentAway = Promise.withResolvers<void>()
    for (const each of all)
      void each.then(({ outcome }) => outcome === 'busy' && ++isBusy === 10_000 - 202 && sentAway.resolve())
    await Promise.all([sentAway.promise, isFull.promise])
    gate.resolve()
    expect(counted(await Promise.all(all))).toEqual({ busy: 9798, wrong: 202 })
    expect(most).toBe(2)
  })

  it('from one network: four wait, the rest is sent away, and who comes from another is not', async () => {
    const gate = Promise.withResolvers<void>()
    const hashing = { ...quickHashing(), matches: () => gate.promise.then(() => false) }
    await using shares = await TestShares.open({ clock: new ManualClock(), hashing })
    const links = Array.from({ length: 1000 }, (_, at) =>
      newLink(at % 2 === 0 ? 'letter' : 'sms', (n) => crypto.getRandomValues(new Uint8Array(n))),
    )
    const from = (network: string, asked = links) =>
      asked.map((link) => shares.door.enter(link, { code: 'X' }, network).then(({ outcome }) => outcome))
    const sentAway = Promise.withResolvers<void>()
    let isBusy = 0
    const [ofOne, ofOther] = [from('192.0.2.1'), from('192.0.2.2', links.slice(0, 4))]
    for (const each of ofOne)
      void each.then((outcome) => outcome === 'busy' && ++isBusy === 996 && sentAway.resolve())
    await sentAway.promise
    await expect(shares.door.askCode(links[999] ?? '', '192.0.2.1')).rejects.toMatchObject({ code: 'BUSY' })
    gate.resolve()
    expect((await Promise.all(ofOne)).filter((outcome) => outcome === 'wrong')).toHaveLength(4)
    expect(await Promise.all(ofOther)).toEqual(['wrong', 'wrong', 'wrong', 'wrong'])
    // They are out again.
    expect(await shares.door.enter(links[0] ?? '', { code: 'X' }, '192.0.2.1')).toMatchObject({
      outcome: 'wrong',
    })
  })
})

describe('a try', () => {
  it('counts before the code is compared, and is counted still when the process was killed then', async () => {
    const comparing = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    let isHeld = true
    const hashing = {
      ...quickHashing(),
      matches: async () => {
        if (!isHeld) return false
        comparing.resolve()
        await go.promise
        return false
      },
    }
    await using shares = await TestShares.open({ clock: new ManualClock(), hashing })
    const { link } = await made(shares, byLetter)
    const pending = shares.door.enter(link, { code: 'X' })
    await comparing.promise
    await using after = await shares.killed()
    isHeld = false
    expect(await after.door.enter(link, { code: 'X' })).toEqual({ outcome: 'wrong', left: 3 })
    go.resolve()
    await pending
  })

  it('that is right gives all of them back', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const { link, code, id } = await made(shares, byLetter)
    for (const left of [4, 3, 2, 1])
      expect(await shares.door.enter(link, { code: 'X' })).toEqual({ outcome: 'wrong', left })
    // As people type.
    const typed = ` ${code.slice(0, 5).toLowerCase()} - ${code.slice(5)} `
    expect(await shares.door.enter(link, { code: typed })).toEqual({ outcome: 'open', shareId: id })
    expect(await shares.door.enter(link, { code: 'X' })).toEqual({ outcome: 'wrong', left: 4 })
  })

  it('with a code of ten minutes ago is wrong, and none is sent within a minute of the last, nor an eleventh on a day', async () => {
    const clock = new ManualClock()
    await using shares = await TestShares.open({ clock })
    const { link } = await made(shares, bySms)
    const ask = async () => {
      await shares.door.askCode(link)
      await shares.door.settled()
      return shares.messages.texts.length
    }
    expect([await ask(), await ask()]).toEqual([1, 1])
    await clock.advance(9 * minuteMs)
    await clock.advance(minuteMs)
    expect(await shares.door.enter(link, { code: shares.messages.code })).toMatchObject({ outcome: 'wrong' })
    for (let asked = 0; asked < 12; asked++) {
      await clock.advance(minuteMs)
      await ask()
    }
    expect(shares.messages.texts).toHaveLength(10)
  })

  it('with a code of SMS that began a session begins no other; one before it was time is not used up', async () => {
    const clock = new ManualClock(Date.UTC(2026, 2, 21, 23, 55))
    await using shares = await TestShares.open({ clock })
    const { link, id } = await made(shares, { ...bySms, discussed: false })
    await shares.door.askCode(link)
    await shares.door.settled()
    const { code } = shares.messages
    const opensAt = Date.UTC(2026, 2, 22)
    expect(await shares.door.enter(link, { code })).toEqual({ outcome: 'early', opensAt })
    await clock.advance(5 * minuteMs)
    const twice = await Promise.all([shares.door.enter(link, { code }), shares.door.enter(link, { code })])
    expect(twice).toEqual([
      { outcome: 'open', shareId: id },
      { outcome: 'wrong', left: 4 },
    ])
  })

  it('at a broker is the patient’s BSN or nobody’s', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const { link, id } = await made(shares, byBroker)
    expect(await shares.door.enter(link, { bsn: '999990020' })).toEqual({ outcome: 'wrong', left: 9 })
    expect(await shares.door.enter(link, { bsn: '999990019' })).toEqual({ outcome: 'open', shareId: id })
    const letter = await made(shares, byLetter)
    expect(await shares.door.enter(letter.link, { bsn: '999990019' })).toMatchObject({ outcome: 'wrong' })
  })
})

type Step = { do: 'enter'; code: string } | { do: 'bsn' } | { do: 'ask' } | { do: 'wait'; ms: number }
const steps = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({
      do: fc.constant('enter' as const),
      code: fc.oneof(fc.constantFrom('', '000000', 'ABCDE FGHJK', 'x'.repeat(90)), fc.string()),
    }),
    fc.record({ do: fc.constant('bsn' as const) }),
    fc.record({ do: fc.constant('ask' as const) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3_600_000 }) }),
  ),
  { maxLength: 40 },
)

describe('a link that nobody made', () => {
  it.each([
    ['letter', byLetter],
    ['sms', bySms],
    ['oidc', byBroker],
  ] as const)(
    'is answered like one that somebody did, whatever is tried (%s)',
    async (kind, order) => {
      const clock = new ManualClock()
      await using shares = await TestShares.open({ clock })
      await fc.assert(
        fc.asyncProperty(steps, async (tried) => {
          const { link } = await made(shares, order)
          const nobodys = newLink(kind, (n) => crypto.getRandomValues(new Uint8Array(n)))
          for (const step of tried) {
            if (step.do === 'wait') await clock.advance(step.ms)
            else if (step.do === 'ask')
              await Promise.all([link, nobodys].map((each) => shares.door.askCode(each)))
            else {
              const proof = step.do === 'bsn' ? { bsn: '999990020' } : { code: step.code }
              const [answer, other] = [
                await shares.door.enter(link, proof),
                await shares.door.enter(nobodys, proof),
              ]
              expect(other).toEqual(answer)
            }
          }
        }),
        { numRuns: 60 },
      )
    },
    60_000,
  )

  it('costs as much: one scrypt, and a write of the same size', async () => {
    let compared = 0
    const hashing = {
      hash: hashPassword,
      matches: (code: string, stored: string) => {
        compared++
        return passwordMatches(code, stored)
      },
      decoy: decoyPassword,
    }
    await using shares = await TestShares.open({ clock: new ManualClock(), hashing })
    const { link, id } = await made(shares, byLetter)
    const nobodys = newLink('letter', (n) => crypto.getRandomValues(new Uint8Array(n)))
    await shares.door.enter(link, { code: 'X' })
    await shares.door.enter(nobodys, { code: 'X' })
    expect(compared).toBe(2)
    const [known, decoys] = await shares.sizesOfTries()
    expect(known.get(id)).toBeGreaterThan(0)
    expect([...decoys.values()]).toEqual([known.get(id)])
  })
})
