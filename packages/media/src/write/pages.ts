import type { Attributes } from '@twiin/dicom'
import type { PlannedFile, PlannedPatient } from './disc-plan.ts'

export interface PageFacts {
  language: 'nl' | 'en'
  from: string
  recipient: string
  at: Date
  patients: readonly PlannedPatient[]
  encrypted: boolean
}

const words = {
  nl: {
    title: 'Beelden op deze schijf',
    from: 'Van',
    recipient: 'Voor',
    date: 'Gemaakt op',
    born: 'geboren',
    columns: ['Datum', 'Onderzoek', 'Soort', 'Beelden'],
    open: 'Open deze map of het bestand DICOMDIR in een programma dat DICOM-beelden leest. Op deze schijf staat geen programma; er wordt niets gestart.',
    encrypted:
      'De bestanden zijn versleuteld (AES-256). Pak ze uit met bijvoorbeeld 7-Zip en het wachtwoord dat u langs een andere weg hebt gekregen.',
    private: 'Medische gegevens: alleen voor wie hierboven staat.',
  },
  en: {
    title: 'Images on this disc',
    from: 'From',
    recipient: 'For',
    date: 'Made on',
    born: 'born',
    columns: ['Date', 'Study', 'Kind', 'Images'],
    open: 'Open this folder or the file DICOMDIR in a program that reads DICOM images. There is no program on this disc; nothing is started.',
    encrypted:
      'The files are encrypted (AES-256). Unpack them with 7-Zip, for instance, and the password that reached you by another way.',
    private: 'Medical data: only for whom is named above.',
  },
}

/** `INDEX.HTM` and `README.TXT`. No script, nothing from elsewhere, no BSN; the README says nothing of any patient. */
export function pagesFor(facts: PageFacts): PlannedFile[] {
  return [{ ...page('README.TXT', readme(facts)), isPublic: true }, page('INDEX.HTM', index(facts))]
}

function page(name: string, text: string): PlannedFile {
  const bytes = Buffer.from(text)
  return {
    place: [name],
    size: bytes.length,
    async *read() {
      yield bytes
    },
  }
}

function readme({ language, from, recipient, at, encrypted }: PageFacts): string {
  const say = words[language]
  const lines = [
    ...[say.title, '', `${say.from}: ${line(from)}`, `${say.recipient}: ${line(recipient)}`],
    ...[`${say.date}: ${at.toISOString().slice(0, 10)}`, '', say.open],
    ...(encrypted ? ['', say.encrypted] : []),
    ...['', say.private, ''],
  ]
  return lines.join('\r\n')
}

function index(facts: PageFacts): string {
  const { language, from, recipient, at, patients } = facts
  const say = words[language]
  const sections = patients.map((patient) => patientSection(patient, say))
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${say.title}</title>
<style>body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}th,td{text-align:left;padding:.25rem 1rem .25rem 0;border-bottom:1px solid #767676}</style>
</head>
<body>
<main>
<h1>${say.title}</h1>
<p>${say.from}: ${escaped(from)}<br>${say.recipient}: ${escaped(recipient)}<br>${say.date}: ${at.toISOString().slice(0, 10)}</p>
<p>${say.open}</p>
${sections.join('\n')}
<p>${say.private}</p>
</main>
</body>
</html>
`
}

function patientSection({ keys, studies }: PlannedPatient, say: (typeof words)['nl']): string {
  const born = day(text(keys, '00100030'))
  const heading = `${escaped(readable(text(keys, '00100010')))}${born === '' ? '' : `, ${say.born} ${born}`}`
  const rows = studies.map(({ keys: study, modalities, instances }) => {
    const cells = [
      day(text(study, '00080020')),
      escaped(text(study, '00081030')),
      escaped(modalities.join(', ')),
      String(instances),
    ]
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  })
  const header = say.columns.map((column) => `<th scope="col">${column}</th>`).join('')
  return `<h2>${heading}</h2>\n<table><thead><tr>${header}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`
}

/** `Jansen^Anna^^van` → Anna van Jansen; the first representation only. */
function readable(name: string): string {
  const [family = '', given = '', middle = '', prefix = ''] = (name.split('=')[0] ?? '').split('^')
  return [prefix, given, middle, family].filter((part) => part !== '').join(' ')
}

const day = (date: string) =>
  /^\d{8}$/.test(date) ? `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}` : ''
const line = (text: string) => text.replace(/\p{Cc}+/gu, ' ')
const escaped = (text: string) => line(text).replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`)

function text(attributes: Attributes, key: string): string {
  const [value] = attributes.get(key)?.value ?? []
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
