import { wordingProblems } from '@twiin/ui-kit/testing'
import { expect, test } from 'vitest'
import { en } from './en.ts'
import { nl } from './nl.ts'

test('Dutch and English have the same keys, fill in the same places, and leave nothing empty', () => {
  expect(wordingProblems(nl, en)).toEqual([])
})
