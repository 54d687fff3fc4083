import { expect, test } from 'vitest'
import { withEvent } from './share-record.ts'
import type { ShareHappening, ShareRecord } from './share-record.ts'

const recordWith = (happenings: readonly ShareHappening[]): ShareRecord =>
  happenings.reduce((record, what, at) => withEvent(record, { at, what }), {
    history: [],
  } as unknown as ShareRecord)

test('who opens a share a thousand times pushes nothing else out of its history', () => {
  const often = (what: ShareHappening) => Array.from({ length: 1_000 }, () => what)
  const { history } = recordWith(['created', 'mailed', 'locked', 'new-code', ...often('opened')])
  expect(history).toHaveLength(500)
  expect(history.slice(0, 5).map(({ what }) => what)).toEqual([
    ...['created', 'mailed', 'locked', 'new-code', 'opened'],
  ])
  expect(history.at(-1)?.at).toBe(1_003)
  // Of those who also look and download the newest of each stay, whatever comes most.
  const mixed = recordWith(['created', ...often('viewed'), ...often('downloaded'), ...often('opened')])
  const kept = (what: string) => mixed.history.filter((event) => event.what === what).length
  expect([kept('created'), kept('viewed'), kept('downloaded')]).toEqual([1, 20, 20])
  expect(kept('opened')).toBe(459)
})

test('a history of what staff did keeps the newest', () => {
  const { history } = recordWith(Array.from({ length: 600 }, () => 'new-code' as const))
  expect([history.length, history[0]?.at]).toEqual([500, 100])
})
