import { expect, test } from 'vitest'
import { fixedTexts, readingEase, syllablesOf } from './reading-level.ts'
import { en } from './texts/en.ts'
import { nl } from './texts/nl.ts'

test.each([
  ['nl', nl],
  ['en', en],
] as const)(
  'the fixed texts in %s are plain: all together, and each that is a sentence',
  (language, texts) => {
    const sentences = fixedTexts(texts).filter((text) => text.split(/\s+/).length >= 8)
    expect(sentences.length).toBeGreaterThan(40)
    expect(readingEase(sentences.join(' '), language)).toBeGreaterThanOrEqual(70)
    const hard = sentences
      .map((text) => `${readingEase(text, language).toFixed(0).padStart(3)} ${text}`)
      .filter((line) => Number(line.slice(0, 3)) < 60)
    expect(hard).toEqual([])
  },
)

test('both languages have the same texts, with the same facts in them', () => {
  const shape = (texts: object): unknown =>
    Object.fromEntries(
      Object.entries(texts).map(([name, value]: [string, unknown]) => [
        name,
        typeof value === 'string'
          ? [...value.matchAll(/\{\w+\}/g)].map(String).sort()
          : shape(value as object),
      ]),
    )
  expect(shape(en)).toEqual(shape(nl))
})

test('the measure tells plain from difficult, and counts syllables', () => {
  expect(readingEase('De kat zit op de mat. Zij slaapt.', 'nl')).toBeGreaterThan(80)
  const difficult =
    'Gezien de hierbovengenoemde omstandigheden verzoeken wij belanghebbenden uitdrukkelijk verificatiegegevens te overleggen'
  expect(readingEase(difficult, 'nl')).toBeLessThan(30)
  expect(['ziekenhuis', 'brief', 'opnieuw'].map((word) => syllablesOf(word, 'nl'))).toEqual([3, 1, 2])
  expect(['hospital', 'asked', 'name', 'table'].map((word) => syllablesOf(word, 'en'))).toEqual([3, 1, 1, 2])
})
