import { expect, test } from 'vitest'
import { wordingProblems } from './testing.ts'

test('a missing key, another place and an empty text are each found between two languages', () => {
  const complete = { a: { one: 'een {{count}}', two: 'twee' } }
  expect(wordingProblems(complete, { a: { one: 'one {{count}}', two: 'two' } })).toEqual([])
  expect(wordingProblems(complete, { a: { one: 'one' } })).toEqual([
    'a.one: other places',
    'a.two: in one language only',
  ])
  expect(wordingProblems({ a: 'x' }, { a: ' ' })).toEqual(['a: empty'])
})
