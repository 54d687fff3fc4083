import { wordingProblems } from '@twiin/ui-kit/testing'
import { expect, test } from 'vitest'
import { auditTexts as auditEn } from './en-audit.ts'
import { shares as sharesEn } from './en-shares.ts'
import { en } from './en.ts'
import { auditTexts as auditNl } from './nl-audit.ts'
import { shares as sharesNl } from './nl-shares.ts'
import { nl } from './nl.ts'

test.each([
  ['at once', nl, en],
  ['to the auditor', auditNl, auditEn],
  ['about shares', sharesNl, sharesEn],
])(
  'what is said %s has the same keys in Dutch and English, fills in the same places, and leaves nothing empty',
  (_, one, other) => {
    expect(wordingProblems(one, other)).toEqual([])
  },
)
