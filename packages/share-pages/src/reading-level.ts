/** How easy a text reads, 0 to 100: from 60 on, most adults read it with ease (about B1). */

/** Flesch for English (1948). */
const english = { base: 206.835, perWord: 1.015, perSyllable: 84.6 }
/** Douma's for Dutch (1960). */
const dutch = { base: 206.84, perWord: 0.93, perSyllable: 77 }

export function readingEase(text: string, language: 'nl' | 'en'): number {
  const sentences = text.split(/[.!?:]+(?:\s|$)/).filter((sentence) => /\p{L}/u.test(sentence))
  const words = text.match(/[\p{L}’'-]*\p{L}[\p{L}’'-]*/gu) ?? []
  if (words.length === 0) return 100
  const syllables = words.reduce((sum, word) => sum + syllablesOf(word, language), 0)
  const { base, perWord, perSyllable } = language === 'nl' ? dutch : english
  return base - perWord * (words.length / sentences.length) - perSyllable * (syllables / words.length)
}

/** Groups of vowels; good to one in ten, which is what the measure itself is. */
export function syllablesOf(word: string, language: 'nl' | 'en'): number {
  const plain = word.toLowerCase()
  if (language === 'nl') return Math.max(1, plain.match(/[aeiouyáéíóúàèäëïöüêîôû]+/g)?.length ?? 1)
  const spoken = plain.replace(/(?:[^laeiouy]es|[^td]ed|[^laeiouy]e)$/, (end) => end.charAt(0))
  return Math.max(1, spoken.match(/[aeiouy]+/g)?.length ?? 1)
}

/** Every sentence of fixed texts, with something plain where a fact goes. */
export function fixedTexts(texts: object): string[] {
  return Object.values(texts).flatMap((value: unknown) =>
    typeof value === 'string'
      ? [value.replaceAll(/\{\w+\}/g, '5')]
      : typeof value === 'object' && value !== null
        ? fixedTexts(value)
        : [],
  )
}
