import type { MiniViewerContent } from './content.ts'
import { dayInWords, viewerWords } from './words.ts'

/**
 * The content as a script, for a page at `file://` may read no other file. A text in it can be no code: JSON, in ASCII,
 * without `<`, so that it ends no element, and without what ends a line only in scripts (U+2028, U+2029).
 */
export function dataScript(content: MiniViewerContent): string {
  const both = (date: string) => ({ nl: dayInWords(date, 'nl'), en: dayInWords(date, 'en') })
  const data = {
    words: viewerWords,
    hospital: content.hospital,
    language: content.language,
    patient: content.patient,
    madeAt: both(content.madeAt),
    dicom: content.dicom,
    studies: content.studies.map(({ date, words, hospital, series, reports }) => ({
      day: both(date),
      words: inBoth(words),
      hospital,
      series: series.map((one) => ({ words: inBoth(one.words), pictures: one.pictures.map(pathAddress) })),
      reports: reports.map((report) => ({
        title: report.title,
        day: report.date === '' ? { nl: '', en: '' } : both(report.date),
        text: report.text,
        pdf: pathAddress(report.pdf ?? ''),
      })),
    })),
  }
  const json = JSON.stringify(data).replace(/[<>&\u007f-\uffff]/g, escape)
  return `var shareContent = ${json};\n`
}

const inBoth = ({ nl, en }: { nl: string; en: string }) => ({ nl, en })
const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A path in the zip as an address beside the page: never one of another place, whatever is in it. */
export function pathAddress(path: string): string {
  if (path === '') return ''
  const names = path.split('/')
  if (names.some((name) => name === '' || /^\.+$/.test(name))) throw new RangeError('not a path in the zip')
  return names.map((name) => encodeURIComponent(name.toWellFormed())).join('/')
}
