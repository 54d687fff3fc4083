import type { Language, MiniViewerContent, MiniViewerStudy } from './content.ts'
import { pathAddress } from './data-script.ts'
import { dayInWords, viewerWords } from './words.ts'

/** Own files only: nothing from elsewhere, nothing sent, no script within the page. A file beside this one is `file:` where 'self' is nothing. */
const policy = [
  ...["default-src 'none'", "script-src 'self' file:", "style-src 'self' file:", "img-src 'self' file:"],
  ...["base-uri 'none'", "form-action 'none'"],
].join('; ')

/** The page: without its script a list of links, which the script replaces. */
export function page(content: MiniViewerContent): string {
  const { language, studies } = content
  const say = viewerWords[language]
  const patient = content.patient === '' ? '' : `<br>${say.for}: ${escaped(content.patient)}`
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${say.title}</title>
<link rel="stylesheet" href="VIEWER/STYLE.CSS">
</head>
<body>
<main id="main" class="list">
<h1>${say.title}</h1>
<p>${say.from}: ${escaped(content.hospital)}${patient}<br>${say.madeAt}: ${dayInWords(content.madeAt, language)}</p>
<p class="note">${say.unpack}</p>
${studies.map((study) => studyAsLinks(study, language)).join('\n')}
<p class="note">${say.doctor}</p>
${content.dicom ? `<p class="note">${say.dicom}</p>\n` : ''}<p class="note">${say.private}</p>
</main>
<script src="VIEWER/DATA.JS"></script>
<script src="VIEWER/VIEWER.JS"></script>
</body>
</html>
`
}

function studyAsLinks(
  { words, date, hospital, series, reports }: MiniViewerStudy,
  language: Language,
): string {
  const say = viewerWords[language]
  const ofSeries = series.map(
    ({ words: name, pictures }) =>
      `<details><summary>${escaped(name[language])} (${pictures.length === 1 ? say.onePicture : say.pictures.replace('{n}', String(pictures.length))})</summary>\n<ol>${pictures
        .map((path, index) => `<li><a href="${pathAddress(path)}">${say.which} ${index + 1}</a></li>`)
        .join('')}</ol></details>`,
  )
  const ofReports = reports.map(({ title, text, pdf = '' }) => {
    const link = pdf === '' ? '' : `<p><a href="${pathAddress(pdf)}">${say.pdf}</a></p>`
    const read =
      text === ''
        ? ''
        : `<details><summary>${say.report}</summary><p class="report">${escaped(text)}</p></details>`
    return `<h3>${escaped(title)}</h3>\n${read}${link}`
  })
  return `<section class="card">
<h2>${escaped(words[language])}</h2>
<p>${dayInWords(date, language)}<br>${escaped(hospital)}</p>
${[...ofSeries, ...ofReports].join('\n')}
</section>`
}

const escaped = (text: string) =>
  text
    .toWellFormed()
    .replace(/[^\P{Cc}\n\t]/gu, ' ')
    .replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`)
