import { expectTypeOf, test } from 'vitest'
import type { Static } from 'typebox'
import type { GivenAnswer, PreviewAnswer, ShareAnswer } from './answers.ts'
import type { describeGiven, describePreview, describeShare } from './describe-share.ts'

/** What a schema leaves out would be left out of the answer. The compiler judges: this fails in `npm run check`. */
test('the schemas of answers name every part that is described', () => {
  type Parts<T> = keyof Required<T>
  expectTypeOf<Parts<ReturnType<typeof describeShare>>>().toEqualTypeOf<Parts<Static<typeof ShareAnswer>>>()
  expectTypeOf<Parts<ReturnType<typeof describeGiven>>>().toEqualTypeOf<Parts<Static<typeof GivenAnswer>>>()
  expectTypeOf<Parts<ReturnType<typeof describePreview>>>().toEqualTypeOf<
    Parts<Static<typeof PreviewAnswer>>
  >()
})
