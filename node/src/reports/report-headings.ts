import type { ReportHeading } from '@twiin/dicom'

export interface Section {
  heading: ReportHeading
  text: string
}

/** Words that begin a part of a report, as Dutch and English radiologists write them. */
const words: readonly [RegExp, ReportHeading][] = [
  [
    /^(?:klinische gegevens|klinische vraagstelling|vraagstelling|anamnese|indicatie|history|indication)$/,
    'history',
  ],
  [/^(?:bevindingen|bevinding|verslag|beschrijving|findings|description)$/, 'findings'],
  [/^(?:conclusie|conclusies|impressie|samenvatting|conclusion|impression|summary)$/, 'conclusion'],
  [/^(?:addendum|aanvulling)$/, 'addendum'],
]

/** Text whose lines name its parts (`CONCLUSIE:`) in parts; what stands before the first is findings. Nothing is left out. */
export function splitByHeadings(text: string): Section[] {
  const sections: { heading: ReportHeading; named: string; lines: string[] }[] = [
    { heading: 'findings', named: '', lines: [] },
  ]
  for (const line of text.split('\n')) {
    const [, word = '', rest = ''] = /^\s*([\p{L} ]{3,30}?)\s*(?::(.*))?$/u.exec(line) ?? []
    const heading = words.find(([pattern]) => pattern.test(word.toLowerCase()))?.[1]
    if (heading === undefined) sections.at(-1)?.lines.push(line)
    else sections.push({ heading, named: line, lines: rest.trim() === '' ? [] : [rest.trim()] })
  }
  return sections
    .map(({ heading, named, lines }) => ({ heading, named, text: lines.join('\n').trim() }))
    .filter(({ text: part, named }) => part !== '' || named !== '')
    .map(({ heading, named, text: part }) => {
      // A word that nothing follows names no part: it was the text.
      return part === '' ? { heading: 'findings' as const, text: named.trim() } : { heading, text: part }
    })
}
