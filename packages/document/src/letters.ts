import { canWrite, fonts } from './pdfkit.ts'

export interface Run {
  font: string
  text: string
}

/** What stands for a letter that no font here has (Chinese, Japanese, Korean, Thai and others). */
const missing = '\u25a1'

/**
 * Text in runs of one font. `unwritable` is true when something could not be written: then the document has to say so.
 * Control characters other than the end of a line are left out.
 */
export function runsOf(text: string): { runs: Run[]; unwritable: boolean } {
  const runs: Run[] = []
  let unwritable = false
  for (const letter of text.normalize('NFC')) {
    if (/[\p{Cc}\p{Cf}]/u.test(letter) && letter !== '\n') continue
    const font = letter === '\n' ? runs.at(-1)?.font : fontFor(letter, runs.at(-1)?.font)
    if (font === undefined && letter !== '\n') unwritable = true
    const [name, written] = [font ?? 'latin', font === undefined && letter !== '\n' ? missing : letter]
    const last = runs.at(-1)
    if (last?.font === name) last.text += written
    else runs.push({ font: name, text: written })
  }
  return { runs, unwritable }
}

/** A space or a point stays in the font around it, so that a word is not torn. */
function fontFor(letter: string, current: string | undefined): string | undefined {
  const codePoint = letter.codePointAt(0) ?? 0
  const able = fonts.filter((font) => canWrite(font, codePoint)).map(({ name }) => name)
  return able.find((name) => name === current && !/\p{L}/u.test(letter)) ?? able[0]
}
