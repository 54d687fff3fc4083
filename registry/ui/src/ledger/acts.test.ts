import { expect, test } from 'vitest'
import { Act, Request } from '@twiin/registry/acts'
import { acts, measures } from './use-line-words.ts'

test('the page has words for every act that the ledger can hold, and for no other', () => {
  expect([...acts].sort()).toEqual(Act.anyOf.map(({ properties }) => properties.act.const).sort())
})

test('and for everything that can be asked for', () => {
  expect([...measures].sort()).toEqual(Request.anyOf.map(({ properties }) => properties.kind.const).sort())
})
